"""How rehearsed machines are kept apart from one another and from this one."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from capsule_adapters.sandbox.ground import SYSTEM_FOLDERS, Ground

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NIXOS_PATH = "/run/current-system/sw/bin"
PROBE_SECONDS = 10
HOSTNAME_LIMIT = 63
SHARED_READ_ONLY = (
    "/nix/store",
    "/run/current-system",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/nsswitch.conf",
    "/etc/localtime",
)


@dataclass(frozen=True)
class Launch:
    """A command, ready to be started: nothing of our own environment goes with it."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path


class Isolation(Protocol):
    """A way to run a command as if on a machine of its own."""

    @property
    def name(self) -> str:
        """As `sandbox status` shows it."""

    def launch(self, ground: Ground, hostname: str, command: str | None) -> Launch:
        """How to start a shell command, or a shell that reads its input, on that machine."""

    def signal_of(self, returncode: int) -> int | None:
        """The signal that ended the command, or None when it ended by itself."""

    def signal(self, leader: int, number: int) -> None:
        """Pass a signal to the command, whose process group `leader` leads."""

    def sweep(self, ground: Ground) -> None:
        """End what a machine left behind."""


class Bubblewrap:
    """A root file system, a process table and a network of the machine's own."""

    name = "bubblewrap"

    def __init__(self, program: str) -> None:
        self._program = program

    def launch(self, ground: Ground, hostname: str, command: str | None) -> Launch:
        arguments = (
            self._program,
            *("--die-with-parent", "--unshare-user", "--uid", "0", "--gid", "0"),
            *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"),
            *("--hostname", hostname[:HOSTNAME_LIMIT], "--bind", str(ground.disk), "/"),
            *_system(),
            *("--proc", "/proc", "--dev", "/dev"),
            *_figures(ground),
            *("--ro-bind", str(ground.programs), "/opt/rehearsal"),
            *("--chdir", "/root"),
            *_shell(command),
        )
        return Launch(
            arguments=arguments,
            environment=_environment(
                home="/root",
                temporary="/tmp",  # noqa: S108  the machine's own
                prefix="",
                first="/opt/rehearsal",
            ),
            folder=ground.disk,
        )

    def signal_of(self, returncode: int) -> int | None:
        # bubblewrap tells a signal as 128 + its number, as shells do. An `exit 137` of the
        # command itself looks the same; it is rarer than a killed command.
        number = -returncode if returncode < 0 else returncode - 128
        return number if number in {int(known) for known in signal.Signals} else None

    def signal(self, leader: int, number: int) -> None:
        # Not to bubblewrap's own two processes: they would take the command with them
        # before it could act upon the signal.
        first = _children(leader)
        for inside in [pid for init in first for pid in _descendants(init)]:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(inside, number)

    def sweep(self, ground: Ground) -> None:
        """Nothing outlives the first process of its own process table."""


class Folders:
    """Folders and a PATH of the machine's own, where there is no bubblewrap."""

    name = "folders"

    def launch(self, ground: Ground, hostname: str, command: str | None) -> Launch:  # noqa: ARG002
        environment = _environment(
            home=str(ground.disk / "root"),
            temporary=str(ground.disk / "tmp"),
            prefix=str(ground.disk),
            first=f"{ground.programs}:{ground.readers}",
        )
        environment |= {"REHEARSAL_PROC": str(ground.proc), "REHEARSAL_PATH": _path()}
        return Launch(_shell(command), environment, ground.disk / "root")

    def signal_of(self, returncode: int) -> int | None:
        return -returncode if returncode < 0 else None

    def signal(self, leader: int, number: int) -> None:
        kill_group(leader, number)

    def sweep(self, ground: Ground) -> None:
        """End processes that left their group. They carry the machine's mark (Linux only)."""
        mark = f"REHEARSAL={ground.disk}".encode()
        for process in Path("/proc").glob("[0-9]*") if sys.platform == "linux" else ():
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)


def kill_group(leader: int, number: int = signal.SIGKILL) -> None:
    """Signal a whole process group; one that is gone is fine."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def best_isolation() -> Isolation:
    """Bubblewrap where it is installed and works, found out by using it; else folders."""
    program = shutil.which("bwrap")
    if program is None:
        return Folders()
    with tempfile.TemporaryDirectory(prefix="capsule-probe-") as folder:
        ground = Ground(Path(folder))
        ground.prepare("probe", "probe", "")
        isolation = Bubblewrap(program)
        launch = isolation.launch(ground, "probe", "head -n 1 /proc/stat && test -x /bin/sh")
        try:
            done = subprocess.run(
                launch.arguments,
                env=launch.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=PROBE_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            return Folders()
        return isolation if done.returncode == 0 else Folders()


def _system() -> list[str]:
    """The programs of this machine, read-only."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in SYSTEM_FOLDERS:
        real = Path("/") / name
        if real.is_dir() and not real.is_symlink():
            arguments += ["--ro-bind", str(real), str(real)]
    for shared in SHARED_READ_ONLY:
        arguments += ["--ro-bind-try", shared, shared]
    return arguments


def _figures(ground: Ground) -> list[str]:
    arguments = []
    for name in ("stat", "meminfo", "loadavg", "uptime"):
        arguments += ["--ro-bind", str(ground.proc / name), f"/proc/{name}"]
    return [
        *arguments,
        *("--ro-bind", str(ground.proc / "boot_id"), "/proc/sys/kernel/random/boot_id"),
    ]


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _descendants(pid: int) -> list[int]:
    return [found for child in _children(pid) for found in (child, *_descendants(child))]


def _shell(command: str | None) -> tuple[str, ...]:
    return ("sh",) if command is None else ("sh", "-c", command)


def _path() -> str:
    return f"{SYSTEM_PATH}:{NIXOS_PATH}" if Path(NIXOS_PATH).is_dir() else SYSTEM_PATH


def _environment(*, home: str, temporary: str, prefix: str, first: str) -> dict[str, str]:
    return {
        "HOME": home,
        "USER": "root",
        "LOGNAME": "root",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "TMPDIR": temporary,
        "PATH": f"{first}:{_path()}",
        "REHEARSAL": prefix,
    }
