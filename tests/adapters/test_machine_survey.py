"""What a machine tells before NixOS is put on it, by a real sshd and programs that are stubs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from capsule_adapters.installers.nixos.survey import read_survey
from capsule_adapters.installers.script import Answer
from capsule_domain.errors import CommandFailed, HostKeyChanged
from capsule_domain.models.hardware import Firmware
from capsule_domain.models.machine_survey import MachineSurvey
from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.services.install_preflight import provider_of, way_onto
from tests.surveyed import Looked, looked_at


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Looked]:
    with looked_at(tmp_path) as machine:
        yield machine


def look(machine: Looked) -> MachineSurvey:
    return machine.surveys.look(machine.destination)


def test_disks_are_told_with_what_is_on_them_and_by_the_id_that_says_most(machine: Looked) -> None:
    found = look(machine)
    sda, sdb = found.disks
    assert (sda.name, sda.size, sda.model) == ("sda", "40 GiB", 'QEMU "HARD" DISK')
    assert (sda.device, sda.ids) == ("/dev/disk/by-id/scsi-0QEMU_1", ("scsi-0QEMU_1", "wwn-0x1"))
    assert (sda.mounts, sda.holds_root, sda.writable) == (("/", "/boot"), True, True)
    assert (sdb.device, sdb.holds_root, sdb.writable) == ("/dev/sdb", False, False)


def test_the_way_to_it_is_told_as_the_machine_sees_it(machine: Looked) -> None:
    found = look(machine)
    assert (found.session.server_address, found.session.server_port) == (
        "127.0.0.1",
        machine.sshd.port,
    )
    assert (found.session.interface, found.gateway) == ("eth0", "172.31.1.1")
    assert (found.ipv4, found.ipv6) == (True, False)
    assert found.host_keys == (machine.sshd.host_key,)
    assert (provider_of(found), found.firmware, found.memory_mib) == (
        "hetzner",
        Firmware.BIOS,
        3920,
    )
    assert found.programs == ("tar", "cpio", "setsid")
    assert (found.container, found.lockdown, found.secure_boot) == (None, "none", False)


def test_banners_and_the_language_of_the_machine_do_not_matter(machine: Looked) -> None:
    (machine.sshd.home / ".bashrc").write_text("echo hostname wrong; export LC_ALL=de_DE.UTF-8\n")
    (machine.sshd.home / ".profile").write_text("echo 'system windows'; cd /\n")
    assert look(machine).system == "ubuntu"


def test_what_keeps_another_kernel_out_is_told(machine: Looked) -> None:
    machine.write("proc/sys/kernel/kexec_load_disabled", "1\n")
    machine.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    (machine.root / "sys/firmware/efi/efivars").mkdir(parents=True)
    variable = machine.root / "sys/firmware/efi/efivars/SecureBoot-8be4"
    variable.write_bytes(b"\x06\x00\x00\x00\x01")
    found = look(machine)
    assert (found.kexec_disabled, found.lockdown, found.secure_boot) == (True, "integrity", True)
    assert found.firmware is Firmware.UEFI
    variable.write_bytes(b"\x06\x00\x00\x00\x00")
    assert not look(machine).secure_boot


def test_an_installer_of_nixos_is_told_from_a_nixos(tmp_path: Path) -> None:
    with looked_at(tmp_path, stubs={"sudo": 'shift; exec "$@"'}) as machine:
        machine.write("etc/os-release", "ID=nixos\nVARIANT_ID=installer\n")
        found = look(machine)
    assert (found.system, found.is_installer) == ("nixos", True)
    assert way_onto(found, machine.destination).way is NixosWay.ANYWHERE


def test_a_machine_with_next_to_nothing_is_told_as_that(tmp_path: Path) -> None:
    none = dict.fromkeys(("tar", "cpio"))
    fail = dict.fromkeys(("lsblk", "findmnt", "ip", "systemd-detect-virt", "setsid"), "exit 127")
    with looked_at(tmp_path, stubs={**none, **fail}) as machine:
        (machine.root / "proc/meminfo").unlink()
        (machine.root / "etc/os-release").unlink()
        found = look(machine)
    assert (found.disks, found.programs, found.memory_mib) == ((), (), None)
    assert (found.system, found.gateway, found.session.interface) == ("linux", None, None)


def test_a_container_is_told(tmp_path: Path) -> None:
    with looked_at(tmp_path, stubs={"systemd-detect-virt": "echo lxc"}) as machine:
        assert look(machine).container == "lxc"


def test_a_setsid_that_does_not_wait_is_none(tmp_path: Path) -> None:
    with looked_at(tmp_path, stubs={"setsid": "echo 'invalid option' >&2; exit 1"}) as machine:
        assert look(machine).programs == ("tar", "cpio")


def test_a_machine_that_was_never_met_is_not_entered(machine: Looked) -> None:
    stranger = machine.destination.model_copy(update={"host": "localhost"})
    with pytest.raises(HostKeyChanged):
        machine.surveys.look(stranger)


@pytest.mark.parametrize(
    ("name", "value"),
    [("memory_mib", "lots"), ("disks", "[1]"), ("connection", "1 2"), ("sudo", "perhaps")],
)
def test_nonsense_is_no_survey(name: str, value: str) -> None:
    told = {
        "hostname": "a",
        "kernel": "Linux",
        "architecture": "x86_64",
        "user": "root",
        "sudo": "root",
        "firmware": "bios",
        "boot_id": "b",
        "connection": "192.0.2.1 1 192.0.2.2 22",
        "end": "yes",
    }
    assert read_survey(Answer(0, list(told.items()), []), "web").hostname == "a"
    with pytest.raises(CommandFailed, match="web says of itself what cannot be"):
        read_survey(Answer(0, list({**told, name: value}.items()), []), "web")
    with pytest.raises(CommandFailed, match="web does not tell what it is: sh: not found"):
        read_survey(Answer(127, [], ["sh: not found"]), "web")
