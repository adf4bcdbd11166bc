"""NixOS onto a machine: looked at, judged, put there, and seen running."""

from pathlib import Path
from typing import Any

import pytest

from capsule_domain.errors import (
    HostUnreachable,
    ToolMissing,
    UnsafePlan,
)
from capsule_domain.models.endpoint import Endpoint
from capsule_domain.models.evaluated_system import Account, OpenPorts
from capsule_domain.models.facts import Sudo
from capsule_domain.models.finding import Severity
from capsule_domain.models.hardware import Firmware, Hardware, Mount
from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.services.install_order import (
    InstallWish,
    refuse_unsafe_install,
)
from tests.fakes.machine_surveys import survey
from tests.fakes.nix_systems import FakeNixSystems
from tests.services.install_desk import PLACEHOLDER, SYSTEM, THERE, InstallDesk
from tests.services.lint import KEY

TOLD = Hardware(
    origin="as old-1 told",
    was_told=True,
    firmware=Firmware.BIOS,
    disk="/dev/vda",
    mounts=(Mount(place="/", device="/dev/disk/by-uuid/1", kind="ext4"),),
)


@pytest.fixture
def desk(tmp_path: Path) -> InstallDesk:
    return InstallDesk(tmp_path)


def test_a_plan_says_what_is_erased_and_touches_nothing(desk: InstallDesk) -> None:
    asked = desk.plan()
    told = asked.plan
    assert (told.hostname, told.host, told.system) == ("old-1", "web-1", "Ubuntu 24.04.1 LTS")
    assert (told.disk, told.erased) == ("/dev/disk/by-id/virtio-1", "vda")
    assert [disk.name for disk in told.disks] == ["vda", "vdb"]
    assert (told.way, told.whole_disk, told.writes_hardware) == (NixosWay.ANYWHERE, False, False)
    assert told.findings == ()
    assert told.endpoints == (Endpoint(address="203.0.113.9", port=22),)
    refuse_unsafe_install(told)
    assert desk.surveys.looked == ["root@203.0.113.9"]
    assert (desk.machine.commands, desk.machine.files) == ([], {})
    assert desk.known_hosts.keys == {}


def test_it_is_installed_by_the_pinned_key_and_seen_running(desk: InstallDesk) -> None:
    heard: list[str] = []
    done = desk.install(desk.plan(), heard)
    assert (done.system, done.login, done.port) == (SYSTEM, "root", 22)
    assert heard == ["Installing NixOS", "waiting until it runs NixOS"]
    [job] = desk.installer.jobs
    assert (job.way, job.hostname, job.folder) == (NixosWay.ANYWHERE, "web-1", str(desk.folder))
    assert (job.disk, job.by_sudo, job.installer_port) == ("/dev/disk/by-id/virtio-1", False, 22)
    assert (job.target.address, job.target.port, job.target.user) == ("203.0.113.9", 22, "root")
    assert desk.known_hosts.keys == {}


def test_a_user_who_may_be_root_is_enough_and_root_comes_in_afterwards(desk: InstallDesk) -> None:
    desk.surveys.machines["203.0.113.9"] = survey(user="ubuntu", sudo=Sudo.FREE)
    desk.machine.user = "ubuntu"
    asked = desk.plan()
    assert asked.plan.login == "root"

    def becomes_root_s(job: object) -> None:
        desk.machine.user = "root"
        desk._becomes_nixos(job)  # type: ignore[arg-type]

    desk.installer.done = becomes_root_s
    assert desk.install(asked).login == "root"
    assert desk.installer.jobs[0].by_sudo


def test_ports_that_are_led_on_are_told_to_the_installer(desk: InstallDesk) -> None:
    """203.0.113.9:2200 leads to port 22 of the machine."""
    desk.hosts.machines["203.0.113.9", 2200] = desk.machine
    there = THERE.model_copy(update={"port": 2200})
    asked = desk.service.plan(there, InstallWish(), lambda _s, _l: None)
    desk.install(asked)
    assert (desk.installer.jobs[0].target.port, desk.installer.jobs[0].installer_port) == (
        2200,
        2200,
    )
    assert asked.plan.endpoints == (Endpoint(address="203.0.113.9", port=2200),)


def test_the_machine_is_awaited_where_its_configuration_puts_it(desk: InstallDesk) -> None:
    desk.surveys.machines["203.0.113.9"] = survey(session={"server_port": 2222})
    desk.hosts.machines["203.0.113.9", 2222] = desk.machine
    asked = desk.plan()
    assert desk.install(asked).port == 22
    assert desk.installer.jobs[0].target.port == 2222
    assert desk.installer.jobs[0].installer_port == 22


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"root_device": "/dev/disk/by-uuid/1"}, "other-root"),
        ({"boot_loader": "systemd-boot", "grub_devices": ()}, "boot-loader"),
        ({"grub_devices": ("/dev/vdb",)}, "boot-loader"),
        ({"grub_devices": ()}, "boot-loader"),
        ({"boot_loader": None}, "boot-loader"),
        ({"system": "aarch64-linux"}, "other-architecture"),
        ({"open_everywhere": OpenPorts()}, "ssh-port-closed"),
        ({"accounts": {"root": Account()}}, "login-lost"),
        ({"state_version_set": False}, "state-version"),
    ],
)
def test_what_would_not_start_or_let_nobody_in_is_refused(
    desk: InstallDesk, changes: dict[str, Any], rule: str
) -> None:
    desk.describes(**changes)
    asked = desk.plan()
    errors = [one for one in asked.plan.findings if one.severity is Severity.ERROR]
    assert [one.rule for one in errors] == [rule]
    with pytest.raises(UnsafePlan):
        desk.install(asked)
    assert desk.installer.jobs == []
    assert desk.plan(allowed=(rule,)).plan.findings[0].severity is Severity.WARNING


def test_a_disk_that_starts_by_uefi_needs_no_grub_on_it(desk: InstallDesk) -> None:
    desk.surveys.machines["203.0.113.9"] = survey(firmware=Firmware.UEFI)
    desk.describes(boot_loader="systemd-boot", grub_devices=())
    assert desk.plan().plan.findings == ()


def test_what_no_lock_names_is_judged_by_another_nixpkgs_and_that_is_told(
    desk: InstallDesk,
) -> None:
    (desk.folder / "flake.lock").unlink()
    [found] = desk.plan().plan.findings
    assert (found.rule, found.severity) == ("unlocked", Severity.WARNING)


def test_at_linode_the_root_is_a_whole_disk_and_mounted_as_that(desk: InstallDesk) -> None:
    desk.surveys.machines["203.0.113.9"] = survey(vendor="Linode")
    desk.describes(root_device="/dev/sda", grub_devices=("nodev",))
    asked = desk.plan()
    assert (asked.plan.whole_disk, asked.plan.findings) == (True, ())
    desk.install(asked)
    assert desk.installer.jobs[0].whole_disk


def test_who_has_a_key_comes_in_afterwards(desk: InstallDesk) -> None:
    desk.describes(
        accounts={"root": Account(), "anna": Account(keys=(KEY,), groups=("wheel",))},
        passwordless_sudo=("%wheel",),
    )
    asked = desk.plan()
    assert (asked.plan.login, asked.plan.findings) == ("anna", ())


def test_a_placeholder_is_filled_with_what_the_machine_tells(tmp_path: Path) -> None:
    desk = InstallDesk(tmp_path, placeholder=True)
    desk.hardware.machines["old-1"] = TOLD
    asked = desk.plan()
    assert (asked.plan.writes_hardware, asked.new) == (True, None)
    assert desk.hardware.asked == []
    assert (desk.folder / "hardware-configuration.nix").read_text() == PLACEHOLDER
    heard: list[str] = []
    desk.install(asked, heard)
    assert heard[0] == "asking the machine for its hardware"
    assert (desk.folder / "hardware-configuration.nix").read_text() != PLACEHOLDER
    hardware = desk.renderer.requests[-1].hardware
    assert hardware is not None
    assert (hardware.firmware, hardware.disk) == (Firmware.HYBRID, "/dev/disk/by-id/virtio-1")
    assert next(mount.device for mount in hardware.mounts) == "/dev/disk/by-label/nixos"


def test_what_is_wrong_with_a_filled_configuration_stops_before_anything_is_erased(
    tmp_path: Path,
) -> None:
    desk = InstallDesk(tmp_path, placeholder=True)
    desk.hardware.machines["old-1"] = TOLD
    desk.describes(open_everywhere=OpenPorts())
    asked = desk.plan()
    with pytest.raises(UnsafePlan, match="web-1: the firewall lets nobody in"):
        desk.install(asked)
    assert desk.installer.jobs == []
    assert desk.known_hosts.keys == {}


def test_a_machine_that_does_not_tell_its_hardware_is_left_as_it_is(tmp_path: Path) -> None:
    desk = InstallDesk(tmp_path, placeholder=True)
    with pytest.raises(HostUnreachable):
        desk.install(desk.plan())
    assert (desk.folder / "hardware-configuration.nix").read_text() == PLACEHOLDER


def test_with_little_memory_it_is_built_in_place_and_its_disks_stay(tmp_path: Path) -> None:
    desk = InstallDesk(tmp_path, placeholder=True)
    desk.hardware.machines["old-1"] = TOLD
    desk.surveys.machines["203.0.113.9"] = survey(memory_mib=980)
    desk.describes(root_device="/dev/disk/by-uuid/1", grub_devices=("/dev/vda",))
    asked = desk.plan()
    assert (asked.plan.way, asked.plan.disk) == (NixosWay.IN_PLACE, None)
    desk.install(asked)
    assert desk.renderer.requests[-1].hardware == TOLD
    assert desk.installer.jobs[0].disk is None


def test_in_place_needs_no_nix_here_and_says_that_nothing_was_judged(desk: InstallDesk) -> None:
    desk.surveys.machines["203.0.113.9"] = survey(memory_mib=980)
    desk.builder.fails["describe"] = ToolMissing("Nix", hint="capsule bootstrap")
    asked = desk.plan()
    assert any("was not judged" in note for note in asked.plan.notes)
    assert desk.install(asked).system == SYSTEM
    desk.systems = FakeNixSystems(here=None)
    (desk.folder / "flake.lock").unlink()
    assert "was not judged" in desk.plan().plan.notes[-1]
    desk.surveys.machines["203.0.113.9"] = survey()
    desk.systems = FakeNixSystems()
    with pytest.raises(ToolMissing):
        desk.plan()
