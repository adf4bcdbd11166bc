"""What a machine tells of its hardware, from recorded answers."""

import json
import platform
import subprocess
from pathlib import Path

import pytest

from capsule_adapters.probes.hardware import SshHardwareSurvey, hardware
from capsule_adapters.probes.script import parts
from capsule_domain.errors import CommandFailed, HostUnreachable
from capsule_domain.models.hardware import Firmware, Hardware, Mount
from capsule_domain.models.stack import Platform
from capsule_domain.ports.host import Completed, Target
from tests.fakes.hosts import FakeHosts
from tests.fakes.known_hosts import FakeKnownHosts

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2NzcJGJsuKrzfuGOu1A9jtbiYRT4pc9PcQJYHE4wTj"
ROOT_UUID = "0e1f9a6b-6b3c-4c7e-9d0a-5f4d6c1b2a3e"


def block(path: str, kind: str, *, parent: str | None = None, uuid: str | None = None) -> object:
    return {"name": path[5:], "path": path, "type": kind, "pkname": parent, "uuid": uuid}


def mount(target: str, source: str, kind: str) -> object:
    return {"target": target, "source": source, "fstype": kind, "options": "rw,relatime"}


def told(**parts: object) -> dict[str, str]:
    """A virtual machine with one disk, started by BIOS, with DHCP; but for `parts`."""
    machine: dict[str, object] = {
        "architecture": "x86_64",
        "container": "none",
        "firmware": "bios",
        "vendor": "QEMU\nStandard PC (Q35 + ICH9, 2009)\nhypervisor",
        "processor": "vendor_id\t: GenuineIntel",
        "mounts": {
            "filesystems": [
                mount("/", "/dev/vda1", "ext4"),
                mount("/run", "tmpfs", "tmpfs"),
                mount("/snap/core/1", "/dev/loop0", "squashfs"),
            ]
        },
        "blocks": {
            "blockdevices": [
                block("/dev/vda", "disk"),
                block("/dev/vda1", "part", parent="vda", uuid=ROOT_UUID),
                block("/dev/loop0", "loop"),
            ]
        },
        "swaps": "Filename Type Size Used Priority\n/swapfile file 1 0 -2",
        "names": "/dev/disk/by-id/* /dev/disk/by-id/*",
        "drivers": "virtio_pci\nvirtio_blk\nahci\nvirtio-pci\ni915\nvirtio_net\nsd",
        "cmdline": "BOOT_IMAGE=/vmlinuz root=UUID=x console=tty1 console=ttyS0 quiet",
        "addresses": [
            {"ifname": "lo", "link_type": "loopback"},
            {
                "ifname": "ens3",
                "link_type": "ether",
                "address": "52:54:00:12:34:56",
                "addr_info": [
                    {"local": "10.0.2.15", "prefixlen": 24, "scope": "global", "dynamic": True},
                    {"local": "fe80::1", "prefixlen": 64, "scope": "link"},
                ],
            },
        ],
        "routes": [{"dst": "default", "gateway": "10.0.2.2", "dev": "ens3", "protocol": "dhcp"}],
        "routes6": [],
        "resolvers": "nameserver 127.0.0.53\n",
        "end": "",
        **parts,
    }
    return {
        name: part if isinstance(part, str) else json.dumps(part) for name, part in machine.items()
    }


def test_a_virtual_machine_started_by_bios() -> None:
    assert hardware("web-1", told()) == Hardware(
        origin="as web-1 told",
        was_told=True,
        platform=Platform.X86_64_LINUX,
        firmware=Firmware.BIOS,
        disk="/dev/vda",
        nixpkgs_modules=("profiles/qemu-guest.nix",),
        mounts=(Mount(place="/", device=f"/dev/disk/by-uuid/{ROOT_UUID}", kind="ext4"),),
        initrd_modules=("ahci", "sd_mod", "virtio_blk", "virtio_pci"),
        kernel_parameters=("console=tty1", "console=ttyS0"),
    )


def test_a_server_of_its_own_started_by_uefi_with_fixed_addresses() -> None:
    found = hardware(
        "metal",
        told(
            firmware="uefi",
            vendor="Dell Inc.\nPowerEdge R650",
            mounts={
                "filesystems": [
                    mount("/", "/dev/nvme0n1p2[/@root]", "btrfs"),
                    mount("/boot/efi", "/dev/nvme0n1p1", "vfat"),
                    mount("/srv", "/dev/nvme0n1p2[/@srv]", "btrfs"),
                ]
            },
            blocks={
                "blockdevices": [
                    block("/dev/nvme0n1", "disk"),
                    block("/dev/nvme0n1p1", "part", parent="nvme0n1", uuid="1A2B-3C4D"),
                    block("/dev/nvme0n1p2", "part", parent="nvme0n1", uuid=ROOT_UUID),
                    block("/dev/nvme0n1p3", "part", parent="nvme0n1", uuid=ROOT_UUID[::-1]),
                ]
            },
            swaps="Filename Type Size Used Priority\n/dev/nvme0n1p3 partition 1 0 -2",
            addresses=[
                {
                    "ifname": "docker0",
                    "link_type": "ether",
                    "address": "02:42:00:00:00:01",
                    "linkinfo": {"info_kind": "bridge"},
                    "addr_info": [{"local": "172.17.0.1", "prefixlen": 16, "scope": "global"}],
                },
                {
                    "ifname": "eno1",
                    "link_type": "ether",
                    "address": "AA:BB:CC:00:11:22",
                    "addr_info": [
                        {"local": "203.0.113.9", "prefixlen": 32, "scope": "global"},
                        {"local": "2001:db8::9", "prefixlen": 64, "scope": "global"},
                    ],
                },
            ],
            routes=[{"gateway": "203.0.113.1", "dev": "eno1", "protocol": "static"}],
            routes6=[
                {"gateway": "fe80::1", "dev": "eno1", "protocol": "static"},
                {"gateway": "fe80::2", "dev": "eno1", "protocol": "ra"},
            ],
            resolvers="nameserver 127.0.0.53\nnameserver 203.0.113.53\nsearch example.org",
        ),
    )
    assert found.firmware is Firmware.UEFI
    assert found.disk is None
    assert found.esp == "/boot/efi"
    assert found.microcode == "intel"
    assert found.nixpkgs_modules == ()
    assert [(each.place, each.options) for each in found.mounts] == [
        ("/", ("subvol=/@root",)),
        ("/boot/efi", ("fmask=0077", "dmask=0077")),
        ("/srv", ("subvol=/@srv",)),
    ]
    assert found.swaps == (f"/dev/disk/by-uuid/{ROOT_UUID[::-1]}",)
    (interface,) = found.interfaces
    assert (interface.name, interface.mac) == ("eno1", "aa:bb:cc:00:11:22")
    assert interface.addresses == ("203.0.113.9/32", "2001:db8::9/64")
    assert interface.gateways == ("203.0.113.1", "fe80::1")
    assert found.name_servers == ("203.0.113.53",)


def test_the_boot_disk_has_its_lasting_name_where_there_is_one() -> None:
    names = (
        "/dev/disk/by-id/wwn-0x5 /dev/vda\n/dev/disk/by-id/virtio-a1 /dev/vda\n"
        "/dev/disk/by-id/virtio-a1-part1 /dev/vda1"
    )
    assert hardware("web-1", told(names=names)).disk == "/dev/disk/by-id/virtio-a1"


def test_a_root_that_is_the_whole_disk_leaves_the_boot_loader_to_the_cloud() -> None:
    found = hardware(
        "web-1",
        told(
            mounts={"filesystems": [mount("/", "/dev/sda", "ext4")]},
            blocks={"blockdevices": [block("/dev/sda", "disk", uuid=ROOT_UUID)]},
        ),
    )
    assert found.disk == "nodev"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"container": "lxc"}, r"no machine for NixOS of its own: a container \(lxc\)"),
        ({"architecture": "riscv64"}, "riscv64"),
        ({"mounts": {"filesystems": [mount("/", "overlay", "overlay")]}}, "its root is not on"),
        ({"mounts": "no findmnt"}, "its root is not on"),
        (
            {"blocks": {"blockdevices": [block("/dev/vda1", "crypt", uuid=ROOT_UUID)]}},
            "its root is not on a plain disk",
        ),
        ({"firmware": "uefi"}, "the partition for that is not mounted"),
        (
            {
                "addresses": [
                    {"ifname": "bond0", "link_type": "ether", "linkinfo": {"info_kind": "bond"}}
                ],
                "routes": [{"gateway": "10.0.0.1", "dev": "bond0", "protocol": "static"}],
            },
            "its way out is bond0",
        ),
    ],
)
def test_what_it_cannot_describe_it_does_not_guess(parts: dict[str, object], said: str) -> None:
    with pytest.raises(CommandFailed, match=said):
        hardware("web-1", told(**parts))


def test_half_an_answer_is_none() -> None:
    half = told()
    del half["end"]
    with pytest.raises(CommandFailed, match="did not come to its end"):
        hardware("web-1", half)


def test_the_script_comes_to_its_end_in_any_shell_and_writes_nothing(tmp_path: Path) -> None:
    hosts = FakeHosts(known_hosts := FakeKnownHosts())
    known_hosts.pin("x1", HOST_KEY)
    outputs: list[str] = []

    def in_a_real_shell(command: str) -> Completed:
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        outputs.append(done.stdout)
        return Completed(exit_code=done.returncode, stdout="nothing of ours", stderr=done.stderr)

    machine = hosts.add("203.0.113.7", host_key=HOST_KEY)
    machine.answers["findmnt"] = lambda _stdin: in_a_real_shell(machine.commands[-1])
    target = Target(address="203.0.113.7", key_alias="x1")
    gone = Target(address="203.0.113.8", key_alias="x1")
    said = dict(SshHardwareSurvey(hosts).look({"web-1": target, "gone": gone}))
    assert isinstance(said["web-1"], CommandFailed)
    assert "did not come to its end" in said["web-1"].message
    assert isinstance(said["gone"], HostUnreachable)
    assert len(machine.commands) == 1
    marker = outputs[0].strip().partition(" ")[0]
    found = parts(outputs[0], marker)
    assert found["architecture"] == platform.machine()
    assert "end" in found
    assert list(tmp_path.iterdir()) == []
