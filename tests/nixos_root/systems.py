"""The systems of a fake NixOS machine, as folders in its store."""

import json
import shlex
import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.tools import needs_tool

PROGRAMS = Path(__file__).parent / "programs"
FOREVER = 3600.0

GUARD_UNIT = """\
[Unit]
ConditionPathExists=/var/lib/capsule/pending/switch.sh
[Service]
ExecStart=/run/current-system/sw/bin/bash /var/lib/capsule/pending/switch.sh
Restart=on-failure
"""

# What a NixOS has in any case, of the packages that the scripts may use.
OF_THE_HOST = """
awk basename bash cat chmod cmp cp cut date df dirname echo env false find findmnt flock grep head
kill ln ls mkdir mkfifo mktemp mv od paste printf readlink rm rmdir sed seq setsid sh sha256sum
sleep sort stat sync tail tee test timeout touch tr true uname uniq wc xargs
"""
OURS = ("bootctl", "id", "journalctl", "nix", "nix-env", "nix-store", "systemctl", "systemd-run")
WITH_A_NETWORK = ("ip", "nft")


@dataclass(frozen=True)
class Behaviour:
    """What a system does when it is activated, and while it runs. None: as the machine has it.

    `seconds_before` and `seconds_after`: how long its activation takes, before the machine is
    changed and after; FOREVER for one that hangs. `activation_exit` 2 fails before anything is
    changed, 4 is units that failed. `boot_exit` and `boot_seconds`, before and
    after, are of the boot loader.
    """

    ssh_port: int | None = None
    address: str | None = None
    sshd: str = "runs"
    """Or `broken`: its unit fails; or `off`, or `off-until-started`: the machine, anew."""
    keys_kept: bool = True
    sudo_free: bool = True
    firewall_closed: bool = False
    """New connections are refused, those that there are go on; takes `network=True`."""
    route_kept: bool = True
    failed_units: tuple[str, ...] = ()
    activation_exit: int = 0
    finds_lock_held: bool = False
    """Somebody else began to switch the machine in the same moment."""
    seconds_before: float = 0
    seconds_after: float = 0
    ignores_term: bool = False
    boot_exit: int = 0
    boot_seconds: float = 0
    boot_seconds_after: float = 0
    boots: bool = True
    guarded: bool = False
    kernel: str = "6.12.58"
    version: str = "26.05.20261101.abcdef0"
    revision: str = ""
    inhibitors: dict[str, str] = field(default_factory=dict)
    init_interface: str = "1"
    specialisations: tuple[str, ...] = ()


def store_path(name: str) -> str:
    """As Nix would name the system: by what is in it."""
    digest = sha256(name.encode()).hexdigest().translate(str.maketrans("e", "z"))
    return f"/nix/store/{digest[:32]}-nixos-system-{name}-26.05"


def write_system(root: Path, name: str, behaviour: Behaviour, address: str, port: int) -> str:
    """A closure comes into the store below `root`, the machine's file system."""
    path = store_path(name)
    folder = root / path[1:]
    for part in ("bin", "sw/bin", "etc/systemd/system", "specialisation", "kernel-modules/lib"):
        (folder / part).mkdir(parents=True)
    (folder / "kernel-modules/lib/modules" / behaviour.kernel).mkdir(parents=True)
    for specialisation in behaviour.specialisations:
        (folder / "specialisation" / specialisation).mkdir()
    if behaviour.guarded:
        (folder / "etc/systemd/system/capsule-guard.service").write_text(GUARD_UNIT)
    (folder / "nixos-version").write_text(behaviour.version)
    (folder / "init").write_text("#!/bin/sh\n")
    (folder / "init-interface-version").write_text(f"systemd {behaviour.init_interface}")
    (folder / "switch-inhibitors").write_text(json.dumps(behaviour.inhibitors))
    (folder / "behaviour").write_text(words(behaviour, address, port))
    for program in ("switch-to-configuration", "effects"):
        shutil.copy(PROGRAMS / f"{program}.sh", folder / "bin" / program)
    for shared in _programs(root).iterdir():
        (folder / "sw/bin" / shared.name).symlink_to(f"/nix/store/system-path/{shared.name}")
    shutil.copy(PROGRAMS / "nixos-version.sh", folder / "sw/bin/nixos-version")
    return path


def words(behaviour: Behaviour, address: str, port: int) -> str:
    """The behaviour as its programs read it."""
    words = {
        "ssh_port": behaviour.ssh_port or port,
        "address": behaviour.address or address,
        "sshd": behaviour.sshd,
        "keys": "kept" if behaviour.keys_kept else "lost",
        "sudo": "free" if behaviour.sudo_free else "asks",
        "firewall": "closed" if behaviour.firewall_closed else "open",
        "route": "kept" if behaviour.route_kept else "lost",
        "failed_units": " ".join(behaviour.failed_units),
        "finds_lock_held": "yes" if behaviour.finds_lock_held else "no",
        "activation_exit": behaviour.activation_exit,
        "seconds_before": behaviour.seconds_before,
        "seconds_after": behaviour.seconds_after,
        "ignores_term": "yes" if behaviour.ignores_term else "no",
        "boot_exit": behaviour.boot_exit,
        "boot_seconds": behaviour.boot_seconds,
        "boot_seconds_after": behaviour.boot_seconds_after,
        "boots": "yes" if behaviour.boots else "no",
        "revision": behaviour.revision,
    }
    return "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in words.items())


def _programs(root: Path) -> Path:
    """What all systems have in their sw/bin, laid down once."""
    folder = root / "nix/store/system-path"
    if folder.is_dir():
        return folder
    folder.mkdir(parents=True)
    for name in OURS:
        (folder / name).symlink_to(f"/opt/programs/{name}.sh")
    for name in OF_THE_HOST.split():
        (folder / name).symlink_to(Path(needs_tool("bash" if name == "sh" else name)).resolve())
    for name in WITH_A_NETWORK:
        if found := shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin"):
            (folder / name).symlink_to(found)
    return folder
