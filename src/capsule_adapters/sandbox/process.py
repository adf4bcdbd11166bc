"""The sandbox's process: rehearsal clouds and their machines, until it is told to end."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from pydantic import SecretStr

from capsule_adapters.processes import process_started
from capsule_adapters.sandbox.announcement import (
    FILE_NAME,
    LOCK_NAME,
    MACHINES,
    Announcement,
    announce,
)
from capsule_adapters.store.files import make_private_folder
from capsule_adapters.store.lock import FileLock
from capsule_domain.errors import CapsuleError, StoreError

if TYPE_CHECKING:
    from capsule_adapters.sandbox.api import CloudApi
    from capsule_adapters.sandbox.clouds import Rehearse
    from capsule_adapters.sandbox.hosts import SandboxMachines

LOG = logging.getLogger("capsule.sandbox")
WATCH_SECONDS = 0.5
READY = b"ready"


def main(arguments: Sequence[str]) -> int:
    """`--folder DIR [--parent PID] [--background]`; returns the exit code.

    In the background the call returns when the sandbox is ready, or has failed.
    """
    parser = argparse.ArgumentParser(prog="capsule_adapters.sandbox")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--parent", type=int, help="end when this process ends")
    parser.add_argument("--background", action="store_true")
    options = parser.parse_args(arguments)
    folder: Path = options.folder.resolve()
    if options.background:
        return _in_background(lambda ready: run(folder, options.parent, ready))
    return run(folder, options.parent, lambda: None)


def run(folder: Path, parent: int | None, ready: Callable[[], None]) -> int:
    """Serve until SIGTERM, SIGINT or the end of `parent`. Calls `ready` when all answers."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level="INFO")
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    os.umask(0o077)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    watched = None if parent is None else process_started(parent)
    try:
        make_private_folder(folder)
        with FileLock(folder / LOCK_NAME, timeout_seconds=1.0), _rehearsal(folder):
            ready()
            while not ended.wait(WATCH_SECONDS):
                if parent is not None and process_started(parent) != watched:
                    LOG.info("process %d ended, and so does the sandbox", parent)
                    break
    except CapsuleError as error:
        LOG.error("%s", error.message)  # noqa: TRY400  a message for people: no traceback
        return 1
    return 0


@contextmanager
def _rehearsal(folder: Path) -> Iterator[None]:
    """The clouds and their machines, announced while they answer."""
    from capsule_adapters.sandbox.clouds import rehearsed
    from capsule_adapters.sandbox.hosts import SandboxMachines

    file = folder / FILE_NAME
    file.unlink(missing_ok=True)  # of a sandbox that is no more
    machines = SandboxMachines(folder / MACHINES)
    token = token_hex(32)
    with ExitStack() as running:
        running.callback(machines.stop)
        machines.start()
        clouds = {
            name: running.enter_context(_opened(rehearse, machines, folder / f"{name}.json", token))
            for name, rehearse in rehearsed().items()
        }
        running.callback(file.unlink, missing_ok=True)
        announce(
            folder,
            Announcement(
                pid=os.getpid(),
                started=process_started(os.getpid()) or "",
                endpoints={name: cloud.endpoint for name, cloud in clouds.items()},
                token=SecretStr(token),
                ssh_config=str(machines.ssh_config),
                isolation=machines.isolation,
            ),
        )
        yield


def _opened(
    rehearse: "Rehearse", machines: "SandboxMachines", state_file: Path, token: str
) -> "CloudApi":
    try:
        return rehearse(machines, state_file=state_file, token=token)
    except (ValueError, OSError) as error:
        raise StoreError(f"{state_file} is damaged: {error}", hint=f"rm {state_file}") from error


def _in_background(work: Callable[[Callable[[], None]], int]) -> int:
    """Do `work` in a process that belongs to nobody; wait for it to call its argument."""
    read_end, write_end = os.pipe()
    if os.fork() != 0:
        os.close(write_end)
        with os.fdopen(read_end, "rb") as told:
            return 0 if told.read() == READY else 1
    os.close(read_end)
    os.setsid()

    def ready() -> None:
        # Nobody waits any more: BrokenPipeError, and the work ends.
        os.write(write_end, READY)
        os.close(write_end)

    sys.exit(work(ready))
