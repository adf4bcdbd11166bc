"""The active profile becomes what is installed."""

from collections.abc import Callable

import pytest

from capsule_domain.errors import (
    CapsuleError,
    ConfigurationError,
    Conflict,
    Declined,
    HostUnreachable,
    NixFailed,
    NotFound,
    ToolMissing,
)
from capsule_domain.models.forecast import PackageFacts
from capsule_domain.models.generation import Activation
from capsule_domain.models.stack import NixpkgsFlag, Platform
from capsule_domain.services.activate import Activate
from capsule_domain.services.rollback import Rollback
from tests.fakes.nix_environment import FakeNixEnvironment, store_path_of
from tests.fakes.nix_tool import FakeNixTool
from tests.fakes.presets import stack
from tests.fakes.search_path import FakeSearchPath
from tests.services.installing import Somebody, TellingRenderer


def test_the_first_setup_is_shown_agreed_to_and_installed() -> None:
    somebody = Somebody()
    done = somebody.setup()
    [plan] = somebody.agreed
    assert (plan.changed, plan.generation) == (True, None)
    assert plan.added == ("git", "jq")
    assert plan.forecast.fetch == 3
    assert plan.nixpkgs.revision == "a" * 40
    assert (done.changed, done.generation, done.profile) == (True, 1, "mine")
    assert done.store_path == store_path_of(somebody.flake)
    assert done.path == f"{done.link}/bin"
    record = somebody.environment.recorded(done.store_path)
    assert record is not None
    assert record.stacks == ("base",)
    assert record.packages == ("git", "jq")
    assert record.versions == {"git": "1.0", "jq": "1.0"}
    assert (record.flake, record.installed_at) == (somebody.flake, somebody.clock.now())
    assert somebody.beats


def test_the_second_setup_has_nothing_to_do_and_asks_nobody() -> None:
    somebody = Somebody()
    first = somebody.setup()
    somebody.clock.advance(3600)
    again = somebody.setup()
    assert (again.changed, again.generation) == (False, 1)
    assert (again.added, again.removed, again.updated) == ((), (), {})
    assert len(somebody.agreed) == 1
    assert len(somebody.environment.generations()) == 1
    record = somebody.environment.recorded(first.store_path)
    assert record is not None
    assert record.versions == {"git": "1.0", "jq": "1.0"}
    assert record.installed_at < somebody.clock.now()


def test_a_dry_run_plans_and_neither_asks_nor_installs() -> None:
    somebody = Somebody()
    plan = somebody.setup(dry_run=True)
    assert (plan.changed, plan.added) == (True, ("git", "jq"))
    assert somebody.agreed == []
    assert somebody.environment.generations() == []
    assert somebody.environment.recorded(plan.store_path) is None


def test_a_no_changes_nothing() -> None:
    somebody = Somebody()

    def refuse(_plan: Activation) -> None:
        raise Declined

    service = Activate(
        somebody.profiles,
        TellingRenderer(),
        somebody.nix,
        somebody.environment,
        somebody.search_path,
        somebody.clock,
    )
    with pytest.raises(Declined):
        service.run(update=False, dry_run=False, agree=refuse, progress=somebody.progress)
    assert somebody.environment.generations() == []


def test_what_comes_goes_and_changes_is_told() -> None:
    somebody = Somebody()
    somebody.setup()
    somebody.choose("ripgrep")
    somebody.environment.facts["git"] = PackageFacts(version="2.0")
    done = somebody.setup()
    assert (done.added, done.removed) == (("ripgrep",), ("jq",))
    assert done.updated == {"git": "1.0 → 2.0"}
    assert done.generation == 2


def test_an_update_moves_the_lock() -> None:
    somebody = Somebody()
    somebody.setup()
    somebody.setup(update=True)
    assert somebody.environment.locked_anew == ["mine"]


def test_python_s_packages_are_asked_for_in_their_set() -> None:
    somebody = Somebody()
    somebody.choose("jq", stacks=("python",))
    somebody.setup()
    assert somebody.environment.asked == ["git", "jq", "python3Packages.numpy"]


def test_whether_it_is_on_the_path_already_is_told() -> None:
    link = FakeNixEnvironment().link
    assert not Somebody().setup().on_path
    assert Somebody(search_path=FakeSearchPath((f"{link}/bin",))).setup().on_path


@pytest.mark.parametrize(
    ("version", "kind", "message"),
    [
        (None, ToolMissing, "Nix is not installed"),
        ("2.3.16", ConfigurationError, "nix 2.3.16 is too old: 2.4 or newer is needed"),
        ("1.11", ConfigurationError, "nix 1.11 is too old"),
    ],
)
def test_without_a_nix_that_will_do_nothing_is_begun(
    version: str | None, kind: type[CapsuleError], message: str
) -> None:
    somebody = Somebody(nix=FakeNixTool(version))
    with pytest.raises(kind, match=message) as caught:
        somebody.setup()
    assert caught.value.hint == "capsule bootstrap"
    assert somebody.beats == []


@pytest.mark.parametrize(
    ("version", "warned"), [("2.8.0", True), ("2.17.1", True), ("2.18.0", False), ("3.0", False)]
)
def test_an_old_nix_is_a_warning(version: str, *, warned: bool) -> None:
    done = Somebody(nix=FakeNixTool(version)).setup()
    assert any("is old" in warning for warning in done.warnings) == warned


def test_a_profile_that_does_not_hold_is_told_before_nix_is_looked_for() -> None:
    somebody = Somebody(nix=FakeNixTool(None))
    somebody.choose("jq", stacks=("wbe",))
    with pytest.raises(NotFound, match="did you mean web"):
        somebody.setup()


def test_what_stands_in_the_way_is_told_by_package() -> None:
    environment = FakeNixEnvironment(
        evaluating=NixFailed("cannot evaluate the environment: refused"),
        facts={
            "jq": PackageFacts(found=False),
            "git": PackageFacts(name="git", unfree=True),
        },
    )
    somebody = Somebody(environment)
    with pytest.raises(ConfigurationError) as caught:
        somebody.setup()
    assert "git is not free" in caught.value.message
    assert "no package named 'jq'" in caught.value.message
    assert caught.value.hint == "capsule check"


@pytest.mark.parametrize(
    "environment",
    [
        FakeNixEnvironment(evaluating=NixFailed("nobody knows why")),
        FakeNixEnvironment(evaluating=NixFailed("nobody knows why"), looking=NixFailed("nor this")),
    ],
)
def test_what_nobody_understands_is_told_in_nix_s_words(environment: FakeNixEnvironment) -> None:
    with pytest.raises(NixFailed, match="nobody knows why"):
        Somebody(environment).setup()


def test_an_environment_is_installed_although_its_versions_are_not_known() -> None:
    somebody = Somebody(FakeNixEnvironment(looking=NixFailed("not now")))
    done = somebody.setup()
    record = somebody.environment.recorded(done.store_path)
    assert record is not None
    assert (record.versions, record.packages) == ({}, ("git", "jq"))


def test_without_a_network_nothing_is_changed() -> None:
    somebody = Somebody(FakeNixEnvironment(locking=HostUnreachable("no network")))
    with pytest.raises(HostUnreachable):
        somebody.setup()
    assert somebody.agreed == []


def test_what_does_not_build_leaves_what_is_installed() -> None:
    somebody = Somebody()
    somebody.setup()
    somebody.choose("ripgrep")
    somebody.environment.unbuildable.add(somebody.flake)
    with pytest.raises(NixFailed):
        somebody.setup()
    assert [one.generation for one in somebody.environment.generations() if one.current] == [1]


def test_what_this_platform_does_not_have_is_left_out_and_told() -> None:
    somebody = Somebody(
        FakeNixEnvironment(
            facts={
                "jq": PackageFacts(version="1.0", available=False, system="x86_64-linux"),
                "nginx": PackageFacts(version="1.0", broken=True, system="x86_64-linux"),
            }
        )
    )
    somebody.choose("jq", stacks=("web",))
    done = somebody.setup()
    assert done.added == ("git",)
    assert done.warnings == (
        "jq is not for x86_64-linux, and is left out",
        "nginx is marked as broken in nixpkgs, and is left out",
    )
    record = somebody.environment.recorded(done.store_path)
    assert record is not None
    assert set(record.versions) == {"git"}


def test_a_stack_for_another_platform_is_left_out_and_its_flags_are_asked_with() -> None:
    cuda = stack(
        "cuda",
        packages=("cudatoolkit",),
        platforms=(Platform.AARCH64_DARWIN,),
        nixpkgs_flags=(NixpkgsFlag.CUDA_SUPPORT,),
    )
    somebody = Somebody(stacks=(cuda,))
    somebody.choose("jq", stacks=("cuda",))
    done = somebody.setup()
    assert done.added == ("git", "jq")
    assert done.warnings == ("cudatoolkit is not for x86_64-linux, and is left out",)
    assert list(somebody.environment.flags) == [NixpkgsFlag.CUDA_SUPPORT]


def with_generations(count: int) -> FakeNixEnvironment:
    somebody = Somebody()
    for number in range(count):
        somebody.choose(f"tool{number}")
        somebody.setup()
    return somebody.environment


def silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


def test_rolling_back_takes_the_generation_before_the_current() -> None:
    environment = with_generations(3)
    service = Rollback(environment)
    target = service.target(None)
    assert target.generation == 2
    assert service.run(target, progress=silent).generation == 2
    assert service.target(None).generation == 1


def test_rolling_back_takes_any_number_forward_too() -> None:
    environment = with_generations(3)
    service = Rollback(environment)
    service.run(service.target(1), progress=silent)
    assert service.run(service.target(3), progress=silent).current


def test_rolling_back_to_the_current_generation_changes_nothing() -> None:
    environment = with_generations(2)
    environment.has_nix = False
    service = Rollback(environment)
    assert service.run(service.target(2), progress=silent).generation == 2


@pytest.mark.parametrize(
    ("make", "number", "kind", "message"),
    [
        (lambda: with_generations(2), 7, NotFound, "no generation named '7'"),
        (lambda: with_generations(1), None, Conflict, "generation 1 is the first"),
        (lambda: with_generations(0), None, Conflict, "nothing is installed yet"),
        (lambda: with_generations(0), 1, NotFound, "no generation named '1'"),
    ],
)
def test_where_there_is_no_way_back_that_is_said(
    make: Callable[[], FakeNixEnvironment],
    number: int | None,
    kind: type[CapsuleError],
    message: str,
) -> None:
    with pytest.raises(kind, match=message) as caught:
        Rollback(make()).target(number)
    assert caught.value.hint
