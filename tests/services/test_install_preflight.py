"""What NixOS can be put on, how, and onto which disk: refused before anything is erased."""

from typing import Any

import pytest

from capsule_domain.errors import CapsuleError, Conflict, HostError, NotFound, UsageError
from capsule_domain.models.facts import Sudo
from capsule_domain.models.machine_survey import DiskFacts
from capsule_domain.models.nixos_install import ChosenWay, NixosWay
from capsule_domain.ports.host import Destination
from capsule_domain.services.install_preflight import (
    disk_of,
    is_whole_disk,
    notes_on,
    system_of,
    way_onto,
)
from tests.fakes.machine_surveys import DATA_DISK, ROOT_DISK, survey

THERE = Destination(host="old-1", user="root", port=2222)
ANYWHERE = ChosenWay(way=NixosWay.ANYWHERE, because="of a test")
IN_PLACE = ChosenWay(way=NixosWay.IN_PLACE, because="there is little memory")


@pytest.mark.parametrize(
    ("changes", "way", "because"),
    [
        ({}, NixosWay.ANYWHERE, "memory enough"),
        ({"memory_mib": None}, NixosWay.ANYWHERE, "memory enough"),
        ({"memory_mib": 1450}, NixosWay.ANYWHERE, "memory enough"),
        ({"memory_mib": 980}, NixosWay.IN_PLACE, "980 MiB"),
        ({"kexec_disabled": True}, NixosWay.IN_PLACE, "kexec_load_disabled"),
        ({"lockdown": "none"}, NixosWay.ANYWHERE, "memory enough"),
        ({"lockdown": "integrity"}, NixosWay.IN_PLACE, "lockdown: integrity"),
        (
            {"is_installer": True, "system": "nixos", "memory_mib": 900, "programs": ()},
            NixosWay.ANYWHERE,
            "installer of NixOS already",
        ),
        ({"sudo": Sudo.FREE, "user": "ubuntu"}, NixosWay.ANYWHERE, "memory enough"),
        ({"architecture": "aarch64"}, NixosWay.ANYWHERE, "memory enough"),
    ],
)
def test_the_way_is_chosen_by_what_the_machine_can(
    changes: dict[str, Any], way: NixosWay, because: str
) -> None:
    chosen = way_onto(survey(**changes), THERE)
    assert chosen.way is way
    assert because in chosen.because


@pytest.mark.parametrize(
    ("changes", "kind", "words", "hint"),
    [
        (
            {"system": "nixos"},
            Conflict,
            "runs NixOS already",
            "capsule nixos apply --target root@old-1 -p 2222",
        ),
        ({"kernel": "Darwin"}, HostError, "Darwin on x86_64", None),
        ({"architecture": "riscv64"}, HostError, "Linux on riscv64", None),
        ({"container": "lxc"}, HostError, "a container (lxc)", "virtual"),
        ({"secure_boot": True}, HostError, "Secure Boot", "firmware"),
        ({"sudo": Sudo.ASKS, "user": "u"}, HostError, "sudo asks", "root@HOST"),
        ({"sudo": Sudo.NONE, "user": "u"}, HostError, "no sudo", "root@HOST"),
        ({"programs": ("tar",)}, HostError, "lacks cpio, setsid", "cpio util-linux"),
        (
            {"memory_mib": 900, "sudo": Sudo.FREE, "user": "u"},
            HostError,
            "u is no root",
            "root@HOST",
        ),
        ({"memory_mib": 900, "programs": ()}, HostError, "lacks tar", "xz-utils"),
        ({"host_keys": ()}, HostError, "keeps no host key", "ssh-keygen -A"),
    ],
)
def test_what_cannot_become_nixos_is_refused_with_the_remedy(
    changes: dict[str, Any], kind: type[CapsuleError], words: str, hint: str | None
) -> None:
    with pytest.raises(kind) as caught:
        way_onto(survey(**changes), THERE)
    assert words in caught.value.message
    assert (hint or "") in (caught.value.hint or "")


def test_the_system_is_named_as_nix_names_it() -> None:
    assert system_of(survey()) == "x86_64-linux"
    assert system_of(survey(architecture="arm64")) == "aarch64-linux"


def test_the_disk_of_the_root_is_laid_out_and_named_by_its_id() -> None:
    found = disk_of(survey(), None, ANYWHERE)
    assert found == ROOT_DISK
    assert found.device == "/dev/disk/by-id/virtio-1"


@pytest.mark.parametrize("wanted", ["/dev/vdb", "/dev/disk/by-id/virtio-2"])
def test_a_disk_may_be_named_by_any_of_its_names(wanted: str) -> None:
    assert disk_of(survey(), wanted, ANYWHERE) == DATA_DISK


def test_where_nothing_is_laid_out_no_disk_is_named() -> None:
    assert disk_of(survey(), None, IN_PLACE) is None
    with pytest.raises(UsageError, match="stay as they are, because there is little memory"):
        disk_of(survey(), "/dev/vda", IN_PLACE)


def test_a_root_in_memory_leaves_the_choice_to_the_person_unless_there_is_one_disk() -> None:
    empty = ROOT_DISK.model_copy(update={"holds_root": False})
    assert disk_of(survey(disks=(empty,)), None, ANYWHERE) == empty
    with pytest.raises(UsageError, match="on none of its disks") as caught:
        disk_of(survey(disks=(empty, DATA_DISK)), None, ANYWHERE)
    assert caught.value.hint == (
        "--disk /dev/disk/by-id/virtio-1 (40 GiB, QEMU HARDDISK);"
        " or --disk /dev/disk/by-id/virtio-2 (100 GiB)"
    )


def test_a_root_on_several_disks_leaves_the_choice_to_the_person() -> None:
    second = DATA_DISK.model_copy(update={"holds_root": True})
    with pytest.raises(UsageError, match="on several disks"):
        disk_of(survey(disks=(ROOT_DISK, second)), None, ANYWHERE)


def test_a_disk_that_is_not_there_or_cannot_be_written_is_refused() -> None:
    with pytest.raises(NotFound, match=r"no disk named '/dev/vdc'; did you mean /dev/vd"):
        disk_of(survey(), "/dev/vdc", ANYWHERE)
    with pytest.raises(UsageError, match="does not tell of its disks"):
        disk_of(survey(disks=()), None, ANYWHERE)
    locked = DiskFacts(name="sda", size_bytes=5, holds_root=True, writable=False)
    with pytest.raises(HostError, match="sda cannot be written"):
        disk_of(survey(disks=(locked,)), None, ANYWHERE)
    assert locked.size == "0 MiB"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vendor": "Linode"}, "GRUB 2"),
        ({"vendor": "DigitalOcean"}, "no addresses by DHCP"),
        ({"vendor": "Hetzner"}, "fe80::1"),
        ({"vendor": "Hetzner", "distribution": "Ubuntu 26.04"}, "24.04 and Debian have not"),
        ({"ipv4": False, "ipv6": True}, "gh-v6.com"),
        ({"session": {"server_port": 2222}}, "at port 22, and not at 2222"),
        ({}, "snapshot or backup"),
    ],
)
def test_what_is_known_of_such_machines_is_said(changes: dict[str, Any], words: str) -> None:
    assert any(words in note for note in notes_on(survey(**changes), ANYWHERE))
    assert is_whole_disk(survey(**changes)) is (changes.get("vendor") == "Linode")
