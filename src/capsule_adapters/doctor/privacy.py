"""Who else can read what is yours."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from capsule_adapters.store.faults import reporting
from capsule_domain.models.diagnosis import Diagnosis, error, ok, skipped, warning

_SECRET = ("providers.yml", "channels.yml")
_PRIVATE = ("state.db", "metrics.db", "monitoring.yml")
_PRIVATE_FOLDERS = ("ssh", "backups", "logs")
_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_SHOWN = 5


def permissions(home: Path) -> Iterator[Diagnosis]:
    """The home is its owner's, and what is secret in it is read by nobody else."""
    with reporting("look at", home):
        if not home.is_dir():
            yield skipped("permissions", f"{home} is made when it is first needed")
            return
        faults = [*_of_home(home), *_of_files(home)]
    yield from faults[:_SHOWN]
    if len(faults) > _SHOWN:
        hint = f"chmod -R go-rwx {quote(str(home))}"
        yield warning("permissions", f"and {len(faults) - _SHOWN} more like these", hint=hint)
    if not faults:
        yield ok("permissions", f"{home} and its secrets are yours alone")


def _of_home(home: Path) -> Iterator[Diagnosis]:
    found = home.stat()
    if found.st_uid != os.geteuid():
        yield error(
            "permissions",
            f"{home} belongs to another user",
            hint=f"sudo chown -R $(id -un) {quote(str(home))}",
        )
    elif found.st_mode & _OTHERS_WRITE:
        yield error("permissions", f"{home} can be written by others", hint=_chmod("700", home))
    elif found.st_mode & _OTHERS:
        yield warning("permissions", f"{home} can be read by others", hint=_chmod("700", home))
    if not os.access(home, os.W_OK | os.X_OK):
        yield error("permissions", f"{home} cannot be written", hint=f"ls -ld {quote(str(home))}")


def _of_files(home: Path) -> Iterator[Diagnosis]:
    for name in (*_SECRET, *_PRIVATE):
        yield from _of_file(home / name, secret=name in _SECRET)
    for folder in _PRIVATE_FOLDERS:
        for file in sorted(home.joinpath(folder).glob("*")):
            if file.suffix != ".pub":
                yield from _of_file(file, secret=folder in ("ssh", "backups"))


def _of_file(file: Path, *, secret: bool) -> Iterator[Diagnosis]:
    try:
        mode = file.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode) or not mode & _OTHERS:
        return
    message, hint = f"{file} can be read by others", _chmod("600", file)
    if secret:
        yield error("permissions", message, hint=hint)
    else:
        yield warning("permissions", message, hint=hint)


def _chmod(mode: str, path: Path) -> str:
    return f"chmod {mode} {quote(str(path))}"
