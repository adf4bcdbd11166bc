"""Planting, decided: what changes, what is refused, and that it can be done again."""

import pytest

from capsule_domain.errors import (
    CapsuleError,
    CommandFailed,
    ConfigurationError,
    Conflict,
    HostError,
    HostUnreachable,
    ToolMissing,
)
from capsule_domain.models.facts import MachineFacts, OwnCapsule, Selinux, Sudo
from capsule_domain.models.nixos import PreviewFormat
from capsule_domain.models.planting import (
    BuildOn,
    Planted,
    PlantEvent,
    PlantFile,
    PlantStep,
)
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.ports.host import Destination, Target
from capsule_domain.services.nix_there import NixWay, nix_way
from capsule_domain.services.plant import Plant
from tests.fakes.clock import FakeClock
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.plots import (
    FACTS,
    FakeGreenhouse,
    FakeMachineState,
    FakeNixInstallers,
    FakePlots,
    FakeSeeds,
)

WEB = Destination(host="web")
NO_NIX = {"nix": None, "nix_version": None, "online": True}


def environment(*packages: str) -> Environment:
    profile = Profile(name="dev", packages=packages or ("htop",))
    return Environment(profile=profile, stacks=(), packages=profile.packages, python_packages=())


class Renderer(FakeNixRenderer):
    """A flake that differs where its packages do."""

    def preview(self, environment: Environment, form: PreviewFormat) -> str:
        return f"# {form}: {' '.join(environment.packages)}\n"


class Garden:
    """A machine called web, and a service that plants on it."""

    def __init__(self, **facts: object) -> None:
        self.state = FakeMachineState(facts=FACTS.model_copy(update=facts))
        self.plots = FakePlots(web=self.state)
        self.greenhouse = FakeGreenhouse(self.plots)
        self.seeds = FakeSeeds()
        self.installers = FakeNixInstallers()
        self.clock = FakeClock()
        self.service = Plant(
            self.plots, self.greenhouse, self.seeds, self.installers, Renderer(), self.clock
        )
        self.events: list[PlantEvent] = []

    def steps(
        self, *packages: str, build_on: BuildOn = BuildOn.AUTO, capsule: bool = True
    ) -> list[PlantStep]:
        """What would change."""
        planting = self.service.plan(
            WEB, environment(*packages), build_on=build_on, capsule=capsule
        )
        return list(dict.fromkeys(change.step for change in planting.plan.changes))

    def plant(
        self, *packages: str, build_on: BuildOn = BuildOn.AUTO, capsule: bool = True
    ) -> Planted:
        planting = self.service.plan(
            WEB, environment(*packages), build_on=build_on, capsule=capsule
        )
        return self.service.run(planting, progress=self.events.append)


EVERYTHING = [PlantStep.FILES, PlantStep.ENVIRONMENT, PlantStep.PATH, PlantStep.CAPSULE]


def test_planning_changes_nothing() -> None:
    garden = Garden()
    assert garden.steps() == EVERYTHING
    assert garden.state.steps == []


def test_planting_is_done_in_its_order_and_seen() -> None:
    garden = Garden()
    planted = garden.plant()
    assert garden.state.steps == [
        "write environment/dev/flake.nix",
        "write config.yml",
        "build environment/dev",
        "remember",
        "record",
        "enter_path",
        "install_capsule",
    ]
    assert planted.store_path == garden.state.store_path
    assert planted.seen.capsule_version == "0.1.0"
    begun = [event.step for event in garden.events if not event.detail]
    assert begun == [*EVERYTHING, PlantStep.VERIFY]


def test_the_second_time_nothing_changes_and_it_is_still_looked_at() -> None:
    garden = Garden()
    first = garden.plant()
    garden.state.steps.clear()
    again = garden.plant()
    assert again.changes == ()
    assert again.store_path == first.store_path
    assert garden.state.steps == []
    garden.state.shell_leaves_early = True
    with pytest.raises(CommandFailed, match="does not have the profile on its PATH"):
        garden.plant()


@pytest.mark.parametrize("build_on", [BuildOn.LOCAL, BuildOn.REMOTE])
@pytest.mark.parametrize(
    "step",
    [
        *("alone", "write", "build", "adopt", "remember", "record"),
        *("enter_path", "install_capsule", "rooted"),
    ],
)
def test_broken_off_anywhere_the_next_time_completes_it(step: str, build_on: BuildOn) -> None:
    garden = Garden()
    garden.state.breaks_at = step
    skipped = {BuildOn.LOCAL: "build", BuildOn.REMOTE: "adopt"}[build_on]
    if step == skipped:
        garden.plant(build_on=build_on)
    else:
        with pytest.raises(HostError):
            garden.plant(build_on=build_on)
    garden.state.breaks_at = None
    garden.plant(build_on=build_on)
    assert garden.steps(build_on=build_on) == []


def test_a_plan_holds_only_for_the_machine_as_it_was_seen() -> None:
    garden = Garden()
    mine = garden.service.plan(WEB, environment("htop"))
    garden.plant("jq")
    garden.state.steps.clear()
    with pytest.raises(Conflict, match="not as it was when this was planned"):
        garden.service.run(mine, progress=garden.events.append)
    assert garden.state.steps == []
    garden.plant("htop")


def test_while_another_one_plants_nothing_is_done_and_looking_is_free() -> None:
    garden = Garden()
    garden.plant()
    garden.state.taken = True
    assert garden.plant().changes == ()
    with pytest.raises(Conflict, match="another Capsule plants"):
        garden.plant("htop", "jq")
    assert garden.steps("htop", "jq") == [PlantStep.FILES, PlantStep.ENVIRONMENT]


def test_what_is_planted_is_written_down_as_setup_there_would() -> None:
    garden = Garden()
    garden.seeds.locks["dev"] = '{"version": 7, "mine": true}'
    planted = garden.plant("jq", "htop")
    [known] = garden.state.generations.values()
    assert (known.store_path, known.profile) == (planted.store_path, "dev")
    assert known.packages == ("htop", "jq")
    assert known.lock == garden.seeds.locks["dev"]
    assert known.installed_at == garden.clock.now()


def test_one_of_ours_is_planted_on_by_its_name() -> None:
    garden = Garden()
    garden.plots.machines["web-1"] = garden.state
    target = Target(address="192.0.2.7", port=2222, key_alias="0123456789", name="web-1")
    planting = garden.service.plan(target, environment())
    assert planting.plan.destination == "web-1 (192.0.2.7:2222)"
    planted = garden.service.run(planting, progress=garden.events.append)
    assert planted.destination == planting.plan.destination


def test_another_choice_of_packages_is_built_anew_and_nothing_else() -> None:
    garden = Garden()
    before = garden.plant().store_path
    assert garden.steps("htop", "jq") == [PlantStep.FILES, PlantStep.ENVIRONMENT]
    assert garden.plant("htop", "jq").store_path != before


def test_a_profile_that_was_changed_on_the_machine_is_set_again() -> None:
    garden = Garden()
    garden.plant()
    garden.state.store_path = "/nix/store/00000000000000000000000000000000-other"
    assert garden.steps() == [PlantStep.ENVIRONMENT]


def test_a_file_that_was_edited_on_the_machine_is_put_right() -> None:
    garden = Garden()
    garden.plant()
    garden.state.files["environment/dev/flake.nix"] = "{ }"
    assert garden.steps() == [PlantStep.FILES]


def test_a_newer_capsule_replaces_the_one_there() -> None:
    garden = Garden()
    garden.plant()
    garden.seeds.version = "0.2.0"
    assert garden.steps() == [PlantStep.CAPSULE]
    assert garden.plant().seen.capsule_version == "0.2.0"


def test_the_active_profile_of_the_capsule_there_stays() -> None:
    garden = Garden()
    garden.state.files["config.yml"] = "version: 1\nactive_profile: mine\n"
    planting = garden.service.plan(WEB, environment())
    assert "config.yml" not in planting.plan.files
    assert any("stays as it is" in note for note in planting.plan.notes)
    garden.plant()
    assert "mine" in garden.state.files["config.yml"]


def test_the_persons_own_files_go_along_with_capsule_and_not_without() -> None:
    garden = Garden()
    own = PlantFile(path="configs/dev.yml", text="name: dev\n")
    garden.seeds.files = (own,)
    garden.plant(capsule=False)
    assert own.path not in garden.state.files
    assert "config.yml" not in garden.state.files
    assert garden.state.capsule == OwnCapsule.ABSENT
    garden.plant()
    assert garden.state.files[own.path] == own.text


def test_the_lock_that_setup_made_here_goes_along() -> None:
    garden = Garden()
    garden.seeds.locks["dev"] = '{"version": 7, "mine": true}'
    garden.plant()
    assert garden.state.files["environment/dev/flake.lock"] == garden.seeds.locks["dev"]
    # Nix there may complete it; what was sent is remembered.
    garden.state.files["environment/dev/flake.lock"] += "\n"
    assert garden.steps() == []
    garden.seeds.locks["dev"] = '{"version": 7, "newer": true}'
    assert garden.steps() == [PlantStep.FILES, PlantStep.ENVIRONMENT]


def test_built_here_the_packages_are_sent_with_the_lock_they_were_built_with() -> None:
    garden = Garden()
    planted = garden.plant(build_on=BuildOn.LOCAL)
    assert garden.greenhouse.calls == ["build", "send to web by /usr/bin/nix"]
    assert garden.state.files["environment/dev/flake.lock"] == garden.greenhouse.lock
    assert planted.store_path in garden.state.store
    assert garden.steps(build_on=BuildOn.LOCAL) == []


@pytest.mark.parametrize(
    ("facts", "here", "where", "because"),
    [
        ({}, "x86_64-linux", "remote", "it has Nix"),
        (NO_NIX, None, "remote", "this machine has no Nix"),
        (NO_NIX, "aarch64-darwin", "remote", "this machine is aarch64-darwin"),
        (NO_NIX, "x86_64-linux", "local", "of its kind"),
        ({**NO_NIX, "architecture": "aarch64"}, "x86_64-linux", "remote", "this machine is"),
    ],
)
def test_by_itself_it_builds_where_that_is_possible_and_sensible(
    facts: dict[str, object], here: str | None, where: str, because: str
) -> None:
    garden = Garden(**facts)
    garden.greenhouse.builds_for = here
    plan = garden.service.plan(WEB, environment()).plan
    assert plan.build_on == where
    assert because in plan.build_because
    garden.plant()
    assert garden.steps() == []


def test_building_here_needs_a_nix_here() -> None:
    garden = Garden()
    garden.greenhouse.builds_for = None
    with pytest.raises(ToolMissing):
        garden.steps(build_on=BuildOn.LOCAL)


def test_building_here_for_another_kind_of_machine_is_refused() -> None:
    garden = Garden(architecture="aarch64")
    with pytest.raises(ConfigurationError, match="aarch64-linux"):
        garden.steps(build_on=BuildOn.LOCAL)


@pytest.mark.parametrize(
    ("memory_mib", "build_on", "told"),
    [
        (1799, BuildOn.AUTO, True),
        (1800, BuildOn.AUTO, False),
        (None, BuildOn.AUTO, False),
        (512, BuildOn.LOCAL, False),
    ],
)
def test_little_memory_is_told_of_where_it_would_be_needed(
    memory_mib: int | None,
    build_on: BuildOn,
    told: bool,  # noqa: FBT001
) -> None:
    garden = Garden(memory_mib=memory_mib)
    notes = garden.service.plan(WEB, environment(), build_on=build_on).plan.notes
    assert any("little memory" in note for note in notes) == told
    garden.plant(build_on=build_on)
    assert garden.service.plan(WEB, environment(), build_on=build_on).plan.notes == (
        "which profile is active for the Capsule there stays as it is",
    )


def test_nix_is_installed_first_where_it_is_missing() -> None:
    garden = Garden(**NO_NIX)
    garden.greenhouse.builds_for = None
    planting = garden.service.plan(WEB, environment())
    assert planting.plan.multi_user
    [nix] = [change for change in planting.plan.changes if change.step == PlantStep.NIX]
    assert garden.installers.fetch().sha256 in nix.what
    assert garden.state.reached == [garden.installers.url]
    garden.plant()
    assert garden.state.steps[0] == "install_nix daemon"
    assert garden.steps() == []


def test_where_nix_is_there_its_installer_is_not_even_fetched() -> None:
    garden = Garden()
    garden.plant()
    assert garden.installers.fetched == 0


@pytest.mark.parametrize(
    ("facts", "multi_user", "note"),
    [
        ({"sudo": Sudo.ROOT}, True, ""),
        ({"sudo": Sudo.FREE}, True, ""),
        ({"sudo": Sudo.ROOT, "systemd": False, "container": True}, False, "container"),
        ({"sudo": Sudo.ROOT, "systemd": False, "wsl": True}, False, "WSL"),
        ({"sudo": Sudo.FREE, "selinux": Selinux.ENFORCING}, False, "SELinux"),
        ({"sudo": Sudo.NONE, "nix_folder_writable": True}, False, "needs root"),
        ({"kernel": "Darwin", "systemd": False, "programs": ("tar", "curl")}, True, ""),
        ({"nix_folder": True}, True, "broken off"),
        ({"programs": ("tar", "xz", "wget")}, True, ""),
    ],
)
def test_nix_comes_in_the_way_that_fits_the_machine(
    facts: dict[str, object],
    multi_user: bool,  # noqa: FBT001
    note: str,
) -> None:
    bare = FACTS.model_copy(update={**NO_NIX, "nix_folder": False, **facts})
    way = nix_way(bare, place="web")
    assert way.multi_user is multi_user
    assert note in " ".join(way.notes)
    assert way.arguments[0] == ("--daemon" if multi_user else "--no-daemon")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"online": False}, "without a network"),
        ({"sudo": Sudo.NONE}, "there is no sudo"),
        ({"sudo": Sudo.ASKS}, "asks for a password"),
        ({"programs": ("tar",)}, "curl and xz"),
        ({"kernel": "FreeBSD"}, "does not run on FreeBSD"),
        ({"free_store_mib": 100}, "too little room"),
    ],
)
def test_what_is_in_the_way_of_nix_is_told_plainly(facts: dict[str, object], message: str) -> None:
    bare = FACTS.model_copy(update={**NO_NIX, **facts})
    for place, kind in (("web", HostError), (None, ConfigurationError)):
        with pytest.raises(kind, match=message) as refused:
            nix_way(bare, place=place)
        assert isinstance(refused.value, CapsuleError)
        assert refused.value.hint
    garden = Garden(**{**NO_NIX, **facts})
    with pytest.raises(HostError, match=message):
        garden.steps()
    assert garden.state.steps == []
    assert garden.installers.fetched == 0


def test_somebody_at_the_terminal_can_give_sudo_a_password() -> None:
    bare = FACTS.model_copy(update={**NO_NIX, "nix_folder": False, "sudo": Sudo.ASKS})
    assert nix_way(bare, place=None, may_ask=True) == NixWay(multi_user=True)


def test_a_program_called_capsule_that_is_not_ours_is_not_replaced() -> None:
    garden = Garden()
    garden.state.capsule = OwnCapsule.FOREIGN
    with pytest.raises(Conflict, match="not ours"):
        garden.steps()
    assert garden.plant(capsule=False).seen.capsule_version is None


def test_without_a_python_capsule_itself_is_refused_and_the_rest_is_not() -> None:
    garden = Garden(python=None)
    with pytest.raises(HostError, match=r"no Python of 3\.11") as refused:
        garden.steps()
    assert "--no-capsule" in str(refused.value.hint)
    garden.plant(capsule=False)


def test_another_capsule_that_comes_first_is_noticed() -> None:
    garden = Garden()
    garden.plant()
    garden.state.capsule_version = "9.9.9"
    with pytest.raises(CommandFailed, match=r"finds Capsule 9\.9\.9, not Capsule 0\.1\.0"):
        garden.plant()


def test_a_machine_that_does_not_answer_is_told() -> None:
    garden = Garden()
    garden.state.up = False
    with pytest.raises(HostUnreachable):
        garden.steps()


def test_facts_name_the_kind_of_machine_as_nix_does() -> None:
    kinds = {
        ("Linux", "x86_64"): "x86_64-linux",
        ("Linux", "arm64"): "aarch64-linux",
        ("Darwin", "arm64"): "aarch64-darwin",
        ("FreeBSD", "amd64"): None,
    }
    for (kernel, architecture), system in kinds.items():
        facts = MachineFacts.model_validate(
            {**FACTS.model_dump(), "kernel": kernel, "architecture": architecture}
        )
        assert facts.nix_system == system
