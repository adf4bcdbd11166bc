"""The profile of a rented machine: planted, told, kept to its time, and gone on with."""

from dataclasses import dataclass, field

import pytest

from capsule_domain.errors import (
    CommandFailed,
    HostError,
    HostKeyChanged,
    HostUnreachable,
    NixFailed,
    NotFound,
    StoreError,
)
from capsule_domain.models.deployment import DeployPlan
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.planting import PlantEvent, PlantStep
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.xnode import XNode
from capsule_domain.services.apply_profile import (
    PROFILE_SECONDS,
    TOLD_EVERY_SECONDS,
    ProfileApplied,
    Telling,
    remark_on_memory,
)
from capsule_domain.services.plant import Plant
from tests.fakes.clock import FakeClock
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.offers import DEFAULT_OFFERS
from tests.fakes.plots import (
    FACTS,
    FakeGreenhouse,
    FakeMachineState,
    FakeNixInstallers,
    FakePlots,
    FakeSeeds,
)
from tests.fakes.provider import FakeProvider
from tests.services.renting import Street
from tests.xnodes import an_xnode

BARE = FACTS.model_copy(update={"nix": None, "nix_version": None, "online": True})


def environment(profile: str) -> Environment:
    if profile == "gone":
        raise NotFound("profile", profile)
    one = Profile(name=profile, packages=("htop",))
    return Environment(profile=one, stacks=(), packages=one.packages, python_packages=())


@dataclass
class Land:
    """One rented machine, web-1, and the step that plants on it."""

    state: FakeMachineState = field(default_factory=FakeMachineState)
    clock: FakeClock = field(default_factory=FakeClock)
    told: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plots = FakePlots(**{"web-1": self.state})
        self.greenhouse = FakeGreenhouse(self.plots)
        self.node = an_xnode("web-1", profile="prod", deployment="0123456789")

    @property
    def plant(self) -> Plant:
        return Plant(
            self.plots,
            self.greenhouse,
            FakeSeeds(),
            FakeNixInstallers(),
            FakeNixRenderer(),
            self.clock,
        )

    def apply(self, **fields: object) -> XNode:
        step = ProfileApplied(lambda: self.plant, environment, self.clock)
        node = self.node.model_copy(update=fields)
        return step.run(FakeProvider(clock=self.clock), node, self._report)

    def _report(self, step: str, detail: str) -> None:
        self.told.append((step, detail))


def test_the_packages_are_planted_and_capsule_itself_is_not() -> None:
    land = Land()
    assert land.apply() is not None
    assert "install_capsule" not in land.state.steps
    assert land.state.on_path
    assert land.told[-1] == (
        "profile applied",
        "prod, seen by a fresh login shell: 3 changes",
    )


def test_a_bare_machine_is_given_nix_and_what_was_built_here() -> None:
    land = Land(FakeMachineState(facts=BARE))
    land.apply()
    assert land.state.steps[0] == "install_nix daemon"
    assert land.greenhouse.calls[0] == "build"
    assert [detail for step, detail in land.told if step == "profile"][1:] == [
        "installing Nix",
        "performing an installation of Nix...",
        "building the packages",
        "building here",
    ]


def test_a_second_time_changes_nothing_and_looks_again() -> None:
    land = Land()
    land.apply()
    land.state.steps.clear()
    land.apply()
    assert land.state.steps == []
    assert land.told[-1][1].endswith("0 changes")


def test_it_has_a_time_of_its_own() -> None:
    land = Land()
    land.apply()
    assert land.state.timeouts == [None, PROFILE_SECONDS]


def test_what_is_left_of_the_time_is_for_building_here() -> None:
    land = Land(FakeMachineState(facts=BARE))
    land.greenhouse.takes = lambda: land.clock.advance(600)
    land.apply()
    assert land.greenhouse.timeouts == [PROFILE_SECONDS, PROFILE_SECONDS - 600]


@pytest.mark.parametrize(
    ("os", "told"),
    [
        (OperatingSystem.NIXOS, "prod is in its configuration"),
        (OperatingSystem.XNODEOS, "prod is noted, and not applied: it runs xnodeos"),
    ],
)
def test_other_systems_are_not_planted_on(os: OperatingSystem, told: str) -> None:
    land = Land()
    land.apply(os=os)
    assert (land.told, land.state.steps) == ([("profile", told)], [])


def test_an_xnode_without_a_profile_is_left_alone() -> None:
    land = Land()
    land.apply(profile=None)
    assert (land.told, land.state.timeouts) == ([], [])


@pytest.mark.parametrize(
    ("step", "kind"), [("build", NixFailed), ("enter_path", CommandFailed), ("rooted", HostError)]
)
def test_a_failure_keeps_the_machine_and_tells_every_way_on(
    step: str, kind: type[HostError]
) -> None:
    land = Land(FakeMachineState(breaks_at=step))
    with pytest.raises(kind, match="the server runs and is billed") as failed:
        land.apply()
    hint = str(failed.value.hint)
    assert "capsule openmesh deploy --resume 0123456789" in hint
    assert "capsule plant --xnode web-1 --profile prod" in hint
    assert "capsule openmesh xnode terminate web-1" in hint
    land.state.breaks_at = None
    land.apply()
    assert land.told[-1][0] == "profile applied"


def test_a_profile_that_is_gone_meanwhile_is_the_machines_trouble_too() -> None:
    with pytest.raises(CommandFailed, match=r"no profile named 'gone'.*is billed"):
        Land().apply(profile="gone")


def test_a_machine_that_is_not_reached_or_not_known_stays_that() -> None:
    for error in (HostUnreachable("it is not there"), HostKeyChanged("it is another")):
        land = Land(FakeMachineState(closed_by=error))
        with pytest.raises(type(error), match=r"it is .*; the server runs and is billed"):
            land.apply()


def test_a_journal_that_is_full_is_told_as_itself() -> None:
    land = Land()

    def full(_step: str, _detail: str) -> None:
        raise StoreError("cannot write state.db: the disk is full")

    step = ProfileApplied(lambda: land.plant, environment, land.clock)
    with pytest.raises(StoreError, match=r"disk is full$"):
        step.run(FakeProvider(clock=land.clock), land.node, full)


def test_of_what_nix_says_a_word_is_told_now_and_then() -> None:
    told: list[str] = []
    clock = FakeClock()
    telling = Telling(lambda _step, detail: told.append(detail), clock)
    telling(PlantEvent(step=PlantStep.FILES))
    telling(PlantEvent(step=PlantStep.ENVIRONMENT))
    for number in range(100):
        telling(PlantEvent(step=PlantStep.ENVIRONMENT, detail=f"path {number}"))
        clock.advance(1.0)
    assert told == [
        "building the packages",
        *(f"path {number}" for number in range(0, 100, int(TOLD_EVERY_SECONDS))),
    ]


def plan(memory_mib: int, **fields: object) -> DeployPlan:
    made = Street().plan(profile="prod")
    offer = DEFAULT_OFFERS[0].model_copy(update={"memory_mib": memory_mib})
    return made.model_copy(update={"offer": offer, **fields})


@pytest.mark.parametrize(
    ("chosen", "here", "told"),
    [
        (plan(1024), None, True),
        (plan(1024), "aarch64-darwin", True),
        (plan(1024), "x86_64-linux", False),
        (plan(2048), None, False),
        (plan(1024, os=OperatingSystem.NIXOS), None, False),
        (plan(1024, profile=None), None, False),
    ],
)
def test_a_machine_that_may_be_too_small_is_told_of_beforehand(
    chosen: DeployPlan,
    here: str | None,
    told: bool,  # noqa: FBT001
) -> None:
    remark = remark_on_memory([chosen], lambda: here)
    assert (remark is not None) == told
    if remark is not None:
        assert "web-1 has 1 GiB of memory" in remark
        assert "--min-memory 2" in remark


def test_several_that_may_be_too_small_are_told_of_once() -> None:
    remark = remark_on_memory([plan(1024), plan(512), plan(4096)], lambda: None)
    assert remark is not None
    assert remark.startswith("2 of 3 have 0.5 GiB of memory")


def test_nobody_is_asked_for_their_nix_where_there_is_memory_enough() -> None:
    def ask() -> str:
        raise AssertionError("it does not matter")

    assert remark_on_memory([plan(4096)], ask) is None
