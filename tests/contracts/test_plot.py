"""What every `Plot` does: one that is remembered, and one behind a real sshd."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from capsule_adapters.nix.records import Records
from capsule_domain.errors import CommandFailed, Conflict, HostUnreachable, NixFailed
from capsule_domain.models.generation import InstalledEnvironment
from capsule_domain.models.planting import Installer, PlantFile, PlantRecord
from capsule_domain.ports.host import Destination
from capsule_domain.ports.plot import Plot, Plots
from tests.fakes.plots import FACTS, FakeMachineState, FakeNixInstallers, FakePlots
from tests.plots import machine

WEB = Destination(host="web")
FLAKE = PlantFile(path="environment/dev/flake.nix", text="{ outputs = _: { }; }\n")
OTHER = FLAKE.model_copy(update={"text": "{ outputs = _: { a = 1; }; }\n"})
LOCK = "environment/dev/flake.lock"


@dataclass
class Site:
    """A machine with a Nix, and one way to break and to lose it."""

    plots: Plots
    nix_breaks: Callable[[], None]
    goes_away: Callable[[], None]
    recorded: Callable[[], Mapping[str, InstalledEnvironment]]
    """What the Capsule there would find written down of its generations."""


def remembered(_: Path) -> Iterator[Site]:
    state = FakeMachineState()
    plots = FakePlots(web=state)
    yield Site(
        plots,
        lambda: setattr(state, "breaks_at", "build"),
        lambda: setattr(state, "up", False),
        lambda: state.generations,
    )


def over_sshd(folder: Path) -> Iterator[Site]:
    with machine(folder) as site:
        file = site.home / ".capsule" / "environment" / "generations.json"
        yield Site(site.plots, site.breaks, site.sshd.stop, Records(file).read)


MAKERS = {"fake": remembered, "sshd": over_sshd}


@pytest.fixture(params=MAKERS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    yield from MAKERS[request.param](tmp_path)


@pytest.fixture
def plot(site: Site) -> Iterator[Plot]:
    with site.plots.open(WEB) as plot:
        yield plot


def ignore(_: str) -> None:
    """What a program says that nobody asked about."""


def test_a_bare_machine_has_nothing_planted(plot: Plot) -> None:
    facts = plot.facts([FLAKE.path])
    assert facts.nix_system in ("x86_64-linux", "aarch64-linux")
    assert facts.nix_version == "2.28.3"
    assert facts.earth == FACTS.earth


def test_files_are_compared_by_their_hash(plot: Plot) -> None:
    plot.write([FLAKE])
    found = plot.facts([FLAKE.path, LOCK]).earth.files
    assert found == {FLAKE.path: sha256(FLAKE.text.encode()).hexdigest()}
    plot.write([OTHER])
    assert plot.facts([FLAKE.path]).earth.files == {FLAKE.path: OTHER.sha256}


def test_what_is_built_is_what_the_profile_leads_to(plot: Plot) -> None:
    plot.write([FLAKE])
    heard: list[str] = []
    built = plot.build("environment/dev", heard=heard.append)
    facts = plot.facts([LOCK])
    assert facts.earth.store_path == built
    assert LOCK in facts.earth.files
    assert any("building" in line for line in heard)
    assert plot.build("environment/dev", heard=ignore) == built


def test_a_build_that_fails_leaves_the_profile_as_it_is(plot: Plot, site: Site) -> None:
    plot.write([FLAKE])
    built = plot.build("environment/dev", heard=ignore)
    plot.write([OTHER])
    site.nix_breaks()
    with pytest.raises(NixFailed):
        plot.build("environment/dev", heard=ignore)
    assert plot.facts([]).earth.store_path == built


def test_what_is_in_the_store_can_be_adopted(plot: Plot) -> None:
    plot.write([FLAKE])
    first = plot.build("environment/dev", heard=ignore)
    plot.write([OTHER])
    second = plot.build("environment/dev", heard=ignore)
    assert first != second
    assert plot.adopt(first) == first
    assert plot.facts([]).earth.store_path == first


def test_what_is_not_in_the_store_cannot_be_adopted(plot: Plot) -> None:
    with pytest.raises(NixFailed):
        plot.adopt("/nix/store/00000000000000000000000000000000-nothing")
    assert plot.facts([]).earth.store_path is None


def test_a_record_comes_back_as_it_was_noted(plot: Plot) -> None:
    record = PlantRecord(profile="dev", flake_sha256=FLAKE.sha256, store_path="/nix/store/x")
    plot.record(record)
    assert plot.facts([]).earth.record == record


def made_of(profile: str, store_path: str) -> InstalledEnvironment:
    return InstalledEnvironment(
        store_path=store_path,
        profile=profile,
        flake=FLAKE.text + "# \u2028 is no end of a line\n",
        flake_sha256=FLAKE.sha256,
        installed_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


def test_what_a_generation_is_made_of_is_written_down_beside_the_others(
    plot: Plot, site: Site
) -> None:
    with plot.alone():
        for name, flake in (("dev", FLAKE), ("prod", OTHER)):
            plot.write([flake])
            plot.remember(made_of(name, plot.build("environment/dev", heard=ignore)))
    known = site.recorded()
    assert sorted(one.profile for one in known.values()) == ["dev", "prod"]
    assert all("\u2028" in one.flake for one in known.values())


def test_one_plants_at_a_time(plot: Plot, site: Site) -> None:
    with plot.alone(), site.plots.open(WEB) as other:
        with (
            pytest.raises(Conflict, match="another Capsule plants or installs on web"),
            other.alone(),
        ):
            pytest.fail("two at once")
        assert other.facts([]).nix_version == "2.28.3"
    with plot.alone():
        pass


def test_what_fails_gives_the_place_free(plot: Plot, site: Site) -> None:
    plot.write([FLAKE])
    site.nix_breaks()
    with pytest.raises(NixFailed), plot.alone():
        plot.build("environment/dev", heard=ignore)
    with plot.alone():
        pass


def test_the_time_for_all_of_it_is_kept_to(site: Site) -> None:
    with site.plots.open(WEB, timeout_seconds=30.0) as plot:
        assert plot.facts([]).nix_version == "2.28.3"


def test_a_login_shell_sees_the_profile_once_it_is_on_path(plot: Plot) -> None:
    plot.write([FLAKE])
    plot.build("environment/dev", heard=ignore)
    assert not plot.rooted().environment_on_path
    plot.enter_path()
    assert plot.facts([]).earth.on_path
    plot.enter_path()
    seen = plot.rooted()
    assert seen.environment_on_path
    assert seen.program == "htop"
    assert seen.found is not None
    assert seen.found.endswith("/bin/htop")
    assert seen.capsule_version is None


def test_a_machine_that_went_away_cannot_be_opened(site: Site) -> None:
    site.goes_away()
    with pytest.raises(HostUnreachable), site.plots.open(WEB):
        pass


@contextmanager
def bare(kind: str, folder: Path) -> Iterator[tuple[Plots, Installer, Callable[[], list[str]]]]:
    """A machine without Nix, an installer, and how it was called."""
    if kind == "fake":
        state = FakeMachineState(facts=FACTS.model_copy(update={"nix": None, "nix_version": None}))
        yield FakePlots(web=state), FakeNixInstallers().fetch(), lambda: state.steps
    else:
        with machine(folder, nix=False) as site:
            yield site.plots, site.installer(), lambda: site.calls


@pytest.mark.parametrize("kind", MAKERS)
def test_nix_is_installed_in_the_way_that_is_said(kind: str, tmp_path: Path) -> None:
    with bare(kind, tmp_path) as (plots, installer, calls), plots.open(WEB) as plot:
        assert plot.facts([]).nix is None
        with pytest.raises(NixFailed):
            plot.build("environment/dev", heard=ignore)
        assert plot.install_nix(installer, multi_user=False, heard=ignore) == "2.28.3"
        assert any("no-daemon" in call for call in calls())
        facts = plot.facts([])
        assert facts.nix is not None
        assert facts.nix_version == "2.28.3"


def test_a_failure_is_a_host_error_that_names_the_cause(site: Site, plot: Plot) -> None:
    plot.write([FLAKE])
    site.nix_breaks()
    with pytest.raises(CommandFailed, match=r"web"):
        plot.build("environment/dev", heard=ignore)
