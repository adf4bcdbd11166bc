"""Rooms for work in progress, and the lock that lets one Capsule install at a time."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from capsule_adapters.nix.pulse import Pulse
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder
from capsule_adapters.store.lock import FileLock
from capsule_domain.errors import StoreError

_PREFIX = ".stage-"
_LOCK = ".lock"


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A fresh folder inside `folder`, gone afterwards; also those of Capsules that died."""
    make_private_folder(folder)
    _sweep(folder)
    with reporting("write into", folder):
        stage = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    try:
        with FileLock(stage / _LOCK):
            yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Whoever lives holds the lock of its stage."""
    for stage in folder.glob(f"{_PREFIX}*"):
        try:
            with FileLock(stage / _LOCK, timeout_seconds=0):
                shutil.rmtree(stage, ignore_errors=True)
        except StoreError:
            continue


@contextmanager
def alone(folder: Path, pulse: Pulse) -> Iterator[None]:
    """Nobody else installs meanwhile. Waits as long as another one does."""
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(FileLock(folder / _LOCK, timeout_seconds=0.5))
                break
            except StoreError as error:
                if not isinstance(error.__cause__, BlockingIOError):
                    raise
                pulse.beat("another Capsule is installing: waiting for its end")
        yield
