"""What every implementation of the NixEnvironment port does."""

import os
from datetime import UTC, datetime
from pathlib import Path, PurePath

import pytest

from capsule_adapters.nix.environment import NixProfileEnvironment
from capsule_domain.errors import NixFailed, NotFound, ToolMissing
from capsule_domain.models.finding import Severity
from capsule_domain.models.generation import Generation, InstalledEnvironment
from capsule_domain.ports.nix_environment import NixEnvironment
from tests.fakes.nix_environment import FakeNixEnvironment
from tests.nix.offline import offline_nix, tiny_flake

FIRST, SECOND = tiny_flake("first"), tiny_flake("second")
UNBUILDABLE = tiny_flake("never", script="echo because of this >&2; exit 3")
NO_NIX = "{\n  outputs = ;\n}\n"


@pytest.fixture(params=["fake", "nix"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> NixEnvironment:
    if request.param == "fake":
        return FakeNixEnvironment(unparsable={NO_NIX: 2}, unbuildable=[UNBUILDABLE])
    return real(tmp_path, offline_nix(tmp_path))


@pytest.fixture(params=["fake", "nix"])
def without_nix(request: pytest.FixtureRequest, tmp_path: Path) -> NixEnvironment:
    if request.param == "fake":
        return FakeNixEnvironment(has_nix=False)
    return real(tmp_path, {"PATH": str(tmp_path)}, places=())


def real(folder: Path, variables: dict[str, str], **more: tuple[str, ...]) -> NixEnvironment:
    return NixProfileEnvironment(
        link=folder / "profiles" / "capsule",
        kept=folder / "environment",
        environment={**os.environ, **variables},
        **more,
    )


def silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


def install(environment: NixEnvironment, flake: str, profile: str = "mine") -> Generation:
    with environment.prepare(profile, flake, update=False, progress=silent) as made:
        record = InstalledEnvironment(
            store_path=made.forecast().store_path,
            profile=profile,
            packages=("git", "jq"),
            versions={"git": "2.0"},
            flake=flake,
            flake_sha256="0" * 64,
            installed_at=datetime(2026, 11, 23, tzinfo=UTC),
        )
        return made.install(record)


def current(environment: NixEnvironment) -> list[int]:
    return [one.generation for one in environment.generations() if one.current]


def test_before_the_first_installation_there_is_nothing(environment: NixEnvironment) -> None:
    assert list(environment.generations()) == []
    assert environment.recorded("/nix/store/nothing") is None
    assert dict(environment.versions("/nix/store/nothing")) == {}
    assert environment.link.name == "capsule"


def test_what_is_installed_is_a_generation_and_is_written_down(
    environment: NixEnvironment,
) -> None:
    made = install(environment, FIRST)
    assert (made.generation, made.profile, made.current) == (1, "mine", True)
    assert list(environment.generations()) == [made]
    record = environment.recorded(made.store_path)
    assert record is not None
    assert (record.flake, record.packages) == (FIRST, ("git", "jq"))


def test_the_forecast_tells_the_path_that_is_installed_then(environment: NixEnvironment) -> None:
    with environment.prepare("mine", FIRST, update=False, progress=silent) as made:
        store_path = made.forecast().store_path
    assert install(environment, FIRST).store_path == store_path


def test_the_same_once_more_is_no_new_generation(environment: NixEnvironment) -> None:
    first = install(environment, FIRST)
    assert install(environment, FIRST) == first
    assert list(environment.generations()) == [first]


def test_something_else_is_the_next_generation_and_the_one_before_it_stays(
    environment: NixEnvironment,
) -> None:
    first = install(environment, FIRST)
    second = install(environment, SECOND, "other")
    assert second.generation == 2
    assert second.store_path != first.store_path
    kept, now = environment.generations()
    assert (kept.profile, kept.current, kept.store_path) == ("mine", False, first.store_path)
    assert (now.profile, now.current) == ("other", True)
    assert kept.date <= now.date
    assert environment.recorded(first.store_path) is not None


def test_switching_makes_an_earlier_generation_the_current_one(
    environment: NixEnvironment,
) -> None:
    first = install(environment, FIRST)
    install(environment, SECOND)
    assert environment.switch(1, progress=silent) == first
    assert current(environment) == [1]
    environment.switch(2, progress=silent)
    assert current(environment) == [2]


def test_installing_after_a_switch_loses_no_generation(environment: NixEnvironment) -> None:
    install(environment, FIRST)
    second = install(environment, SECOND)
    environment.switch(1, progress=silent)
    assert install(environment, SECOND).store_path == second.store_path
    assert [one.generation for one in environment.generations()] == [1, 2]
    assert install(environment, FIRST).generation == 3


def test_a_generation_that_there_is_not_is_not_found(environment: NixEnvironment) -> None:
    install(environment, FIRST)
    with pytest.raises(NotFound, match="no generation named '7'"):
        environment.switch(7, progress=silent)
    assert current(environment) == [1]


def test_preparing_alone_changes_nothing(environment: NixEnvironment) -> None:
    install(environment, FIRST)
    before = list(environment.generations())
    with environment.prepare("mine", SECOND, update=True, progress=silent) as made:
        store_path = made.forecast().store_path
    assert list(environment.generations()) == before
    assert environment.recorded(store_path) is None


def test_what_does_not_build_leaves_the_generation_before_it(environment: NixEnvironment) -> None:
    install(environment, FIRST)
    with pytest.raises(NixFailed, match="cannot build the environment") as caught:
        install(environment, UNBUILDABLE)
    assert caught.value.lines
    assert current(environment) == [1]
    assert len(environment.generations()) == 1


def test_a_flake_that_is_nix_has_no_finding_and_another_has_its_line(
    environment: NixEnvironment,
) -> None:
    assert list(environment.parse(FIRST)) == []
    [finding] = environment.parse(NO_NIX)
    assert (finding.rule, finding.severity) == ("syntax", Severity.ERROR)
    assert (finding.file, finding.line) == ("flake.nix", 2)


def test_without_nix_what_is_there_can_still_be_looked_at(without_nix: NixEnvironment) -> None:
    assert list(without_nix.generations()) == []
    assert isinstance(without_nix.link, PurePath)
    with pytest.raises(ToolMissing, match="Nix is not installed"):
        without_nix.parse(FIRST)
    with pytest.raises(ToolMissing, match="Nix is not installed"):
        install(without_nix, FIRST)
