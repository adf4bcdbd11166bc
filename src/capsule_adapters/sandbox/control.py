"""The `Sandbox` port: the rehearsal cloud's process, started, found and ended.

Importing this imports neither asyncssh nor the cloud: that is the process's business.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from capsule_adapters.processes import end_process
from capsule_adapters.sandbox.announcement import (
    FILE_NAME,
    LOG_NAME,
    MACHINES,
    Announcement,
    announced,
)
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder
from capsule_adapters.store.lock import FileLock
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.base import Model
from capsule_domain.ports.sandbox import SandboxStatus

READY_SECONDS = 15.0
END_SECONDS = 10.0
LOG_TAIL_BYTES = 4096
_PASSED_ON = ("HOME", "LANG", "PATH", "TMPDIR", "TZ", "VIRTUAL_ENV")
_PASSED_ON_PREFIXES = ("LC_", "PYTHON")


class SandboxAccess(Model):
    """What the true adapters need to talk to the rehearsal cloud."""

    endpoints: dict[str, str]
    """The base URL by cloud."""
    token: SecretStr
    """Every rehearsed cloud takes this one."""
    ssh_config: Path
    isolation: str


class SandboxControl:
    """Implements the `Sandbox` port. `folder` is the sandbox's home, and holds all of it.

    With `parent`, a sandbox that `up` starts ends when the process of that id ends.
    """

    def __init__(self, folder: Path, *, parent: int | None = None) -> None:
        self._folder = folder.absolute()
        self._parent = parent

    def up(self) -> SandboxStatus:
        """Start it in the background, or find it running. Returns when it answers."""
        make_private_folder(self._folder)
        with self._alone():
            if announced(self._folder) is None:
                self._start()
        return self.status()

    def down(self) -> SandboxStatus:
        """End it. Its servers and their disks stay for the next `up`."""
        if self._folder.is_dir():
            with self._alone():
                running = announced(self._folder)
                if running is not None:
                    _end(running)
                with reporting("remove", self._folder / FILE_NAME):
                    (self._folder / FILE_NAME).unlink(missing_ok=True)
        return self.status()

    def status(self) -> SandboxStatus:
        """As it is now."""
        running = announced(self._folder)
        servers = len(list((self._folder / MACHINES).glob("*/machine.json")))
        if running is None:
            return SandboxStatus(running=False, home=str(self._folder), servers=servers)
        return SandboxStatus(
            running=True,
            home=str(self._folder),
            pid=running.pid,
            endpoints=running.endpoints,
            servers=servers,
            isolation=running.isolation,
        )

    def access(self) -> SandboxAccess:
        """How to reach it. Raises ConfigurationError when it does not run."""
        running = announced(self._folder)
        if running is None:
            raise ConfigurationError("the sandbox is not running", hint="capsule sandbox up")
        return SandboxAccess(
            endpoints=running.endpoints,
            token=running.token,
            ssh_config=Path(running.ssh_config),
            isolation=running.isolation,
        )

    def _alone(self) -> FileLock:
        return FileLock(self._folder / "control.lock", timeout_seconds=READY_SECONDS + END_SECONDS)

    def _start(self) -> None:
        arguments = [sys.executable, "-m", "capsule_adapters.sandbox", "--background"]
        arguments += ["--folder", str(self._folder)]
        if self._parent is not None:
            arguments += ["--parent", str(self._parent)]
        path = self._folder / LOG_NAME
        with reporting("write", path):
            log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            done = subprocess.run(
                arguments,
                env=_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
                timeout=READY_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise self._silent(f"no answer within {READY_SECONDS:.0f} s") from error
        finally:
            os.close(log)
        if done.returncode != 0:
            raise self._silent(_last_line(path))

    def _silent(self, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"the sandbox does not come up: {why.rpartition(' capsule.sandbox: ')[2]}",
            hint=f"cat {self._folder / LOG_NAME}",
        )


def _end(running: Announcement) -> None:
    if not end_process(running.pid, running.started, patience_seconds=END_SECONDS):
        raise ConfigurationError(
            f"the sandbox's process {running.pid} does not end", hint=f"kill -9 {running.pid}"
        )


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What the process may know: no credential of the user's is among it."""
    return {
        name: value
        for name, value in ours.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as log:
            log.seek(max(path.stat().st_size - LOG_TAIL_BYTES, 0))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    return "".join(c for c in lines[-1] if c.isprintable())[:200] if lines else "it said nothing"
