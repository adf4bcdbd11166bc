"""Bootstrapping, decided: shown first, done once, read back."""

import pytest

from capsule_domain.errors import CommandFailed, ConfigurationError, HostError, HostUnreachable
from capsule_domain.models.facts import Sudo
from capsule_domain.ports.host import Destination
from capsule_domain.services.bootstrap import Bootstrap
from tests.fakes.plots import FACTS, FakeMachineState, FakeNixInstallers, FakePlots

WEB = Destination(host="web")
BARE = FACTS.model_copy(
    update={"nix": None, "nix_version": None, "nix_folder": False, "online": True}
)


def ignore(_: str) -> None:
    """What the installer says."""


def service(
    state: FakeMachineState, *, here: bool = True, may_ask: bool = False
) -> tuple[Bootstrap, FakePlots, FakeNixInstallers]:
    plots = FakePlots()
    plots.machines[None if here else "web"] = state
    installers = FakeNixInstallers()
    return Bootstrap(plots, installers, may_ask), plots, installers


def test_where_nix_is_there_it_says_so_and_does_nothing() -> None:
    state = FakeMachineState()
    bootstrap, _, installers = service(state)
    plan = bootstrap.plan(None)
    done = bootstrap.run(plan, None, heard=ignore)
    assert (done.nix_version, done.changed) == ("2.28.3", False)
    assert (state.steps, installers.fetched) == ([], 0)


@pytest.mark.parametrize("here", [True, False])
def test_nix_is_installed_from_the_file_that_was_shown_and_read_back(here: bool) -> None:  # noqa: FBT001
    state = FakeMachineState(facts=BARE)
    bootstrap, _, installers = service(state, here=here)
    destination = None if here else WEB
    plan = bootstrap.plan(destination)
    assert plan.arguments == ("--daemon", "--yes", "--no-channel-add")
    assert plan.installer is not None
    assert state.steps == []
    done = bootstrap.run(plan, destination, heard=ignore)
    assert done.changed
    assert done.nix_version == "2.28.3"
    assert state.steps == ["install_nix daemon"]
    assert installers.fetched == 1
    assert not bootstrap.run(bootstrap.plan(destination), destination, heard=ignore).changed


def test_only_this_machines_installer_may_ask_the_person() -> None:
    asking = BARE.model_copy(update={"sudo": Sudo.ASKS})
    bootstrap, plots, _ = service(FakeMachineState(facts=asking), may_ask=True)
    bootstrap.run(bootstrap.plan(None), None, heard=ignore)
    assert True in plots.asked
    bootstrap, _, _ = service(FakeMachineState(facts=asking), here=False, may_ask=True)
    with pytest.raises(HostError, match="asks for a password"):
        bootstrap.plan(WEB)


def test_what_is_in_the_way_here_is_for_the_person_to_set_right() -> None:
    bootstrap, _, _ = service(FakeMachineState(facts=BARE.model_copy(update={"sudo": Sudo.NONE})))
    with pytest.raises(ConfigurationError, match="/nix"):
        bootstrap.plan(None)


def test_without_a_network_here_nothing_is_begun() -> None:
    state = FakeMachineState(facts=BARE)
    bootstrap, _, installers = service(state, here=False)
    installers.network = False
    with pytest.raises(HostUnreachable):
        bootstrap.plan(WEB)
    assert state.steps == []


def test_an_installer_that_fails_is_an_error_and_can_be_run_again() -> None:
    state = FakeMachineState(facts=BARE, breaks_at="install_nix")
    bootstrap, _, _ = service(state)
    with pytest.raises(CommandFailed):
        bootstrap.run(bootstrap.plan(None), None, heard=ignore)
    state.breaks_at = None
    assert bootstrap.run(bootstrap.plan(None), None, heard=ignore).changed


def test_what_capsule_needs_besides_is_told() -> None:
    bootstrap, _, _ = service(FakeMachineState(facts=FACTS.model_copy(update={"python": None})))
    assert any("Python 3.11" in note for note in bootstrap.plan(None).notes)
