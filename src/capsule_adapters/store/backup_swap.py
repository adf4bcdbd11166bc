"""A home made into what a stage holds: all of it, or none, even over a power cut.

`<home>/.restore` is the stage. New files lie ready in `new/`, old ones are moved into
`old/`, and `plan.json` stands as long as the old state has to come back when somebody
finds the stage: at its next start Capsule undoes what it died in the middle of.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote

from capsule_adapters.store.backup_state import copy_state, put_state, remove_state
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder, sync_folder, write_atomically
from capsule_adapters.store.lock import FileLock
from capsule_domain.errors import Conflict
from capsule_domain.models.backup import STATE_FILE

STAGE = ".restore"
_PLAN = "plan.json"
_OLD_STATE = "old-state.db"
_Move = Callable[[Path, Path], object]


def new_stage(home: Path) -> Path:
    """An empty stage. The caller holds the home's lock and has recovered it."""
    stage = home / STAGE
    make_private_folder(home)
    with reporting("write into", home):
        stage.mkdir(mode=0o700)
        for name in ("new", "old"):
            (stage / name).mkdir(mode=0o700)
    return stage


def swap(
    home: Path,
    new: Sequence[str],
    gone: Sequence[str],
    *,
    state: bool,
    move: _Move = os.replace,
) -> None:
    """Put the files `new` of the stage into their places and take away those of `gone`.

    With `state` the stage's state.db becomes the home's. On failure everything is as it
    was. The caller has seen to it that no path leads out of the home.
    """
    stage = home / STAGE
    with reporting("restore into", home):
        try:
            _prepare(home, stage, new, gone, state=state)
            _exchange(home, stage, new, gone, move)
            if state:
                put_state(stage / STATE_FILE, home / STATE_FILE)
        except BaseException:
            _undo(home, stage)
            raise
        (stage / _PLAN).unlink()
        sync_folder(stage)
        shutil.rmtree(stage, ignore_errors=True)
        _remove_empty_folders(home, gone)


def recover(home: Path) -> bool:
    """Undo a restore that another Capsule died in; False when there was nothing to undo."""
    if not (home / STAGE).exists():
        return False
    with FileLock(home / ".lock"):
        return undo_leftover(home)


def undo_leftover(home: Path) -> bool:
    """The same, for who holds the home's lock."""
    stage = home / STAGE
    if not stage.is_dir() or stage.is_symlink():
        return False
    with reporting("repair", home):
        _undo(home, stage)
    return True


def refuse_links(home: Path, paths: Iterable[str]) -> None:
    """No folder on the way to one of `paths` may be a link, or anything but a folder."""
    for parent in sorted({home / folder for path in paths for folder in Path(path).parents}):
        if parent != home and (parent.is_symlink() or (parent.exists() and not parent.is_dir())):
            raise Conflict(
                f"{parent} is not a folder of its own", hint=f"ls -ld {quote(str(parent))}"
            )


def _prepare(
    home: Path, stage: Path, new: Sequence[str], gone: Sequence[str], *, state: bool
) -> None:
    """Everything that needs room on the disk happens here, before any old file moves."""
    had_state = (home / STATE_FILE).exists()
    if state and had_state:
        copy_state(home / STATE_FILE, stage / _OLD_STATE)
    for path in (*new, *gone):
        (stage / "old" / path).parent.mkdir(parents=True, exist_ok=True)
    plan = {"write": list(new), "remove": list(gone), "state": state, "had_state": had_state}
    write_atomically(stage / _PLAN, json.dumps(plan).encode())


def _exchange(
    home: Path, stage: Path, new: Sequence[str], gone: Sequence[str], move: _Move
) -> None:
    for path in (*new, *gone):
        if os.path.lexists(home / path):
            move(home / path, stage / "old" / path)
        if path not in gone:
            (home / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            move(stage / "new" / path, home / path)
    for folder in {(home / path).parent for path in (*new, *gone)}:
        if folder.is_dir():
            sync_folder(folder)


def _undo(home: Path, stage: Path) -> None:
    """Bring back what the plan says; without a plan nothing was touched yet."""
    with suppress(FileNotFoundError):
        plan = json.loads((stage / _PLAN).read_bytes())
        for path in reversed([*plan["write"], *plan["remove"]]):
            target, old = home / path, stage / "old" / path
            if os.path.lexists(old):
                old.replace(target)
            elif path in plan["write"] and not (stage / "new" / path).exists():
                target.unlink(missing_ok=True)
        if plan["state"] and plan["had_state"]:
            put_state(stage / _OLD_STATE, home / STATE_FILE)
        elif plan["state"]:
            remove_state(home / STATE_FILE)
        _remove_empty_folders(home, plan["write"])
        (stage / _PLAN).unlink()
    shutil.rmtree(stage, ignore_errors=True)


def _remove_empty_folders(home: Path, paths: Iterable[str]) -> None:
    """The folders of `paths` that nothing is left in, the deepest first."""
    folders = {home / folder for path in paths for folder in Path(path).parents} - {home}
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()
