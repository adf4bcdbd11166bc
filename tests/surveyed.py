"""A real sshd on a machine that looks like another one: its disks, its memory, its system."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from capsule_adapters.installers.nixos.survey import SshMachineSurveys
from capsule_adapters.ssh.host import SshHosts
from capsule_domain.ports.host import Destination
from tests.sshd import Sshd
from tests.tools import needs_tool

PROGRAMS = (
    *("awk", "basename", "cut", "grep", "head", "id", "od", "readlink", "sed", "sh", "sudo"),
    *("tr", "true", "uname", "cat", "env", "hostname"),
)
LSBLK = {
    "blockdevices": [
        {"name": "loop0", "size": 4096, "type": "loop", "ro": True, "mountpoint": "/snap/a"},
        {
            "name": "sda",
            "size": "42949672960",
            "type": "disk",
            "ro": "0",
            "rm": "0",
            "model": 'QEMU "HARD" DISK   ',
            "serial": None,
            "mountpoint": None,
            "children": [
                {"name": "sda1", "size": 1, "type": "part", "mountpoint": "/boot"},
                {
                    "name": "sda2",
                    "size": 2,
                    "type": "part",
                    "mountpoint": None,
                    "children": [{"name": "vg-root", "type": "lvm", "mountpoint": "/"}],
                },
            ],
        },
        {"name": "sdb", "size": 1073741824, "type": "disk", "ro": True, "mountpoint": None},
        {"name": "sr0", "size": 1073741312, "type": "rom", "ro": False, "mountpoint": None},
    ]
}
FILES = {
    "etc/os-release": 'ID=ubuntu\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n',
    "proc/meminfo": "MemFree: 5 kB\nMemTotal:        4014080 kB\n",
    "proc/sys/kernel/random/boot_id": "boot-1\n",
    "proc/sys/kernel/kexec_load_disabled": "0\n",
    "sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
    "sys/class/dmi/id/sys_vendor": "Hetzner\n",
}
IP = """\
case $* in
  "route get 1") exit 0 ;;
  "-6 route get ::") exit 2 ;;
  "route show default") echo 'default via 172.31.1.1 dev eth0 proto dhcp' ;;
  "-o address show") echo '1: eth0    inet 127.0.0.1/8 brd x scope global eth0' ;;
esac
"""
STUBS = {
    "lsblk": f"cat <<'END'\n{json.dumps(LSBLK, indent=2)}\nEND",
    "findmnt": "echo /dev/mapper/vg-root",
    "ip": IP,
    "systemd-detect-virt": "echo none",
    "tar": "exit 0",
    "cpio": "exit 0",
    "setsid": "[ $1 = --wait ]",
}


@dataclass
class Looked:
    """The machine: its sshd, what stands for its files, and what is looked at it with."""

    sshd: Sshd
    root: Path
    surveys: SshMachineSurveys
    hosts: SshHosts
    destination: Destination

    def write(self, path: str, text: str) -> None:
        """One of its files."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def stub(folder: Path, name: str, body: str) -> None:
    """A program that acts like another one."""
    file = folder / name
    file.unlink(missing_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


@contextmanager
def looked_at(folder: Path, *, stubs: Mapping[str, str | None] | None = None) -> Iterator[Looked]:
    """A machine with `stubs` besides the usual ones; None: that program is not there."""
    programs = folder / "programs"
    programs.mkdir(parents=True)
    for name in PROGRAMS:
        real = needs_tool(name) if name != "sudo" else None
        if real is not None:
            (programs / name).symlink_to(real)
    for name, body in {**STUBS, **(stubs or {})}.items():
        if body is not None:
            stub(programs, name, body)
    root = folder / "root"
    with (
        Sshd(folder / "sshd", environment={"PATH": str(programs)}) as sshd,
        closing(_hosts(folder, sshd)) as hosts,
    ):
        there = Destination(host="127.0.0.1", user=sshd.user, port=sshd.port)
        machine = Looked(sshd, root, SshMachineSurveys(hosts, str(root)), hosts, there)
        for path, text in FILES.items():
            machine.write(path, text)
        machine.write("etc/ssh/ssh_host_ed25519_key.pub", f"{sshd.host_key} root@old-1\n")
        ids = root / "dev/disk/by-id"
        ids.mkdir(parents=True)
        for name, leads in {
            "wwn-0x1": "sda",
            "scsi-0QEMU_1": "sda",
            "wwn-0x1-part1": "sda1",
        }.items():
            (ids / name).symlink_to(f"../../{leads}")
        yield machine


def _hosts(folder: Path, sshd: Sshd) -> SshHosts:
    known_hosts = folder / "known_hosts"
    names = f"[127.0.0.1]:{sshd.port},[127.0.0.1]:1"  # nobody answers at the second one
    known_hosts.write_text(f"{names} {sshd.host_key}\n")
    config = folder / "ssh_config"
    config.write_text(f'IdentityFile "{sshd.private_key}"\n')
    return SshHosts(known_hosts, config, secluded=True)
