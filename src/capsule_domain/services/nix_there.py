"""How Nix comes onto a machine, and what is in the way of it."""

from dataclasses import dataclass

from capsule_domain.errors import CapsuleError, ConfigurationError, HostError
from capsule_domain.models.facts import MachineFacts, Selinux, Sudo

STORE_MIB = 1024
"""What Nix and a small environment take, about."""


@dataclass(frozen=True)
class NixWay:
    """How Nix would be installed: for all users with a daemon, or for this one."""

    multi_user: bool
    notes: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the installer is called with."""
        return ("--daemon" if self.multi_user else "--no-daemon", "--yes", "--no-channel-add")


def nix_way(facts: MachineFacts, *, place: str | None, may_ask: bool = False) -> NixWay:
    """The way for a machine without Nix. `place` None is this machine.

    `may_ask`: somebody is there to type sudo's password. Raises HostError, for this
    machine ConfigurationError, with the one thing that is in the way.
    """
    obstacle = _obstacle(facts, may_ask=may_ask)
    if obstacle is not None:
        raise _refusal(obstacle, place)
    privileged = facts.sudo in (Sudo.ROOT, Sudo.FREE) or (may_ask and facts.sudo == Sudo.ASKS)
    enforcing = facts.selinux == Selinux.ENFORCING
    multi_user = privileged and (facts.kernel == "Darwin" or (facts.systemd and not enforcing))
    return NixWay(multi_user, tuple(_notes(facts, multi_user=multi_user)))


@dataclass(frozen=True)
class _Obstacle:
    message: str
    hint: str


def _obstacle(facts: MachineFacts, *, may_ask: bool) -> _Obstacle | None:
    if facts.nix_system is None:
        return _Obstacle(f"Nix does not run on {facts.kernel}", "use Linux or macOS")
    missing = [name for name in ("tar", "curl", "xz") if not _has(facts, name)]
    if missing:
        return _Obstacle(
            f"Nix's installer needs {' and '.join(missing)}", f"install: {_packages(missing)}"
        )
    if facts.online is False:
        return _Obstacle(
            "Nix cannot be installed without a network", "let it reach nixos.org, then try again"
        )
    return _no_right(facts, may_ask=may_ask) or _no_room(facts)


def _has(facts: MachineFacts, program: str) -> bool:
    """macOS unpacks xz by itself, and so does its installer; wget does for curl."""
    if program == "xz" and facts.kernel == "Darwin":
        return True
    if program == "curl" and "wget" in facts.programs:
        return True
    return program in facts.programs


def _packages(programs: list[str]) -> str:
    return " ".join("xz-utils (Debian) or xz" if name == "xz" else name for name in programs)


def _no_right(facts: MachineFacts, *, may_ask: bool) -> _Obstacle | None:
    if facts.sudo in (Sudo.ROOT, Sudo.FREE) or (may_ask and facts.sudo == Sudo.ASKS):
        return None
    if facts.nix_folder_writable and facts.kernel != "Darwin":
        return None
    why = {
        Sudo.ASKS: "sudo asks for a password there",
        Sudo.NONE: "there is no sudo",
    }[facts.sudo]
    make = f"as root: mkdir -m 0755 /nix && chown {facts.user} /nix"
    return _Obstacle(
        f"Nix needs the folder /nix, which {facts.user} cannot make: {why}",
        "log in as root" if facts.kernel == "Darwin" else make,
    )


def _no_room(facts: MachineFacts) -> _Obstacle | None:
    free = facts.free_store_mib
    if free is None or free >= STORE_MIB:
        return None
    return _Obstacle(
        f"there is too little room for Nix: {free} MiB of {STORE_MIB}", "make room: df -h / /nix"
    )


def _notes(facts: MachineFacts, *, multi_user: bool) -> list[str]:
    notes = []
    if facts.nix_folder:
        notes.append(
            "/nix is there, but no nix program: an earlier installation was broken off or "
            "taken away; the installer goes on from it"
        )
    if facts.kernel == "Linux" and not multi_user:
        reason = _why_single(facts)
        notes.append(f"for this user alone, without a daemon: {reason}")
    return notes


def _why_single(facts: MachineFacts) -> str:
    if facts.selinux == Selinux.ENFORCING:
        return "the installer of the daemon refuses SELinux when it is enforcing"
    if not facts.systemd:
        if facts.wsl:
            return "WSL runs without systemd (systemd=true in /etc/wsl.conf changes that)"
        return "a container has no systemd" if facts.container else "there is no systemd"
    return "that needs root"


def _refusal(obstacle: _Obstacle, place: str | None) -> CapsuleError:
    if place is None:
        return ConfigurationError(obstacle.message, hint=obstacle.hint)
    return HostError(f"{place}: {obstacle.message}", hint=obstacle.hint)
