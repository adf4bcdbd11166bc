"""NixOS is not put on a machine, or nobody saw it run: what is said then, and what was touched."""

from pathlib import Path
from typing import Any

import pytest

from capsule_domain.errors import (
    CapsuleError,
    CommandFailed,
    ConfigurationError,
    Conflict,
    HostKeyChanged,
    NotFound,
    OutcomeUnknown,
    UsageError,
)
from capsule_domain.models.systems import SystemsSource
from tests.fakes.keys import FakeKeys
from tests.fakes.machine_surveys import survey
from tests.fakes.nix_systems import FakeNixSystems
from tests.services.install_desk import SYSTEM, InstallDesk


@pytest.fixture
def desk(tmp_path: Path) -> InstallDesk:
    return InstallDesk(tmp_path)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (survey(system="nixos"), Conflict),
        (survey(container="docker"), CapsuleError),
        (HostKeyChanged("it is another one"), HostKeyChanged),
    ],
)
def test_a_machine_that_is_refused_is_not_even_asked_about(
    desk: InstallDesk, found: Any, kind: type[CapsuleError]
) -> None:
    desk.surveys.machines["203.0.113.9"] = found
    with pytest.raises(kind):
        desk.plan()
    assert desk.builder.calls == []


def test_a_configuration_that_is_none_is_told_before_the_machine_is_looked_at(
    desk: InstallDesk,
) -> None:
    with pytest.raises(NotFound):
        desk.plan(place="/nowhere")
    (desk.folder / "flake.nix").unlink()
    with pytest.raises(ConfigurationError, match=r"no flake\.nix"):
        desk.plan()
    assert desk.surveys.looked == []


def test_a_flake_without_a_lock_needs_a_nixpkgs_to_be_judged_with(desk: InstallDesk) -> None:
    (desk.folder / "flake.lock").unlink()
    desk.systems = FakeNixSystems(here=None)
    with pytest.raises(ConfigurationError, match="no nixpkgs is here") as caught:
        desk.plan()
    assert "nix flake lock" in (caught.value.hint or "")


def test_an_unknown_disk_and_an_unknown_host_are_told(desk: InstallDesk) -> None:
    with pytest.raises(NotFound, match="disk"):
        desk.plan(disk="/dev/nope")
    with pytest.raises(NotFound, match="did you mean web-1"):
        desk.plan(host="web-2")
    with pytest.raises(UsageError, match="no rule named"):
        desk.plan(allowed=("nonsense",))


def test_a_machine_that_never_comes_back_is_told_as_unknown(desk: InstallDesk) -> None:
    desk.installer.done = lambda _job: None
    with pytest.raises(OutcomeUnknown, match="within 30 minutes: it still runs what it ran"):
        desk.install(desk.plan())
    desk.machine.up = False
    assert desk.known_hosts.keys == {}


def test_one_that_is_nixos_but_was_not_started_anew_is_waited_for(desk: InstallDesk) -> None:
    desk.installer.done = lambda _job: desk.machine.answers.update({"os-release": "ID=nixos\n"})
    with pytest.raises(OutcomeUnknown):
        desk.install(desk.plan())


def test_one_that_answers_with_another_key_is_not_entered(desk: InstallDesk) -> None:
    def other(_job: object) -> None:
        desk.machine.host_key = FakeKeys().new_host_key().public_openssh

    desk.installer.done = other
    with pytest.raises(HostKeyChanged, match="does not show the host key that it had"):
        desk.install(desk.plan())


def test_one_that_runs_another_system_is_no_success(desk: InstallDesk) -> None:
    desk.installer.system = f"{SYSTEM}-other"
    with pytest.raises(CommandFailed, match=r"and runs .* instead of"):
        desk.install(desk.plan())


def test_the_source_is_a_whole_flake(desk: InstallDesk) -> None:
    assert desk.plan().source.order.source == SystemsSource(
        flake=str(desk.folder), locked=True, files={}
    )
