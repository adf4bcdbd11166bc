"""Several files of one folder replaced together: all of them, or none.

The new files are written into a stage inside the folder. Then each old file is moved
into the stage and the new one into its place. The stage tells by itself how far that
came, so that whoever finds it, even after a power cut, can bring the old files back.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import sync_folder, write_atomically

STAGE_PREFIX = ".capsule-stage-"
_PLAN = "plan.json"
_FILE_MODE = 0o644
_Move = Callable[[Path, Path], object]


def replace_together(
    folder: Path,
    new: Mapping[str, bytes],
    gone: Iterable[str] = (),
    *,
    move: _Move = os.replace,
) -> None:
    """Write the files of `new` and remove those of `gone`, paths relative to `folder`.

    On failure the folder is as it was, and StoreError says why. The caller has seen
    to it that no path leads out of the folder.
    """
    removed = list(gone)
    with reporting("write into", folder):
        folder.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=STAGE_PREFIX, dir=folder))
        try:
            _fill(stage, new, removed)
            _swap(folder, stage, [*new, *removed], move)
        except BaseException:
            with suppress(OSError):
                _undo(folder, stage)
            raise
        # From here on the new files stand: a stage without a plan is only rubbish.
        (stage / _PLAN).unlink()
        sync_folder(stage)
        shutil.rmtree(stage, ignore_errors=True)
        _remove_empty_folders(folder, removed)


def recover(folder: Path) -> None:
    """Undo what another Capsule died in the middle of. Nothing to undo is a success."""
    with reporting("repair", folder):
        for stage in sorted(folder.glob(f"{STAGE_PREFIX}*")):
            if stage.is_dir() and not stage.is_symlink():
                _undo(folder, stage)


def _fill(stage: Path, new: Mapping[str, bytes], removed: list[str]) -> None:
    """Everything that needs room on the disk happens here, before any old file moves."""
    for path, content in new.items():
        file = stage / "new" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, content, mode=_FILE_MODE)
    for path in (*new, *removed):
        (stage / "old" / path).parent.mkdir(parents=True, exist_ok=True)
    plan = json.dumps({"write": list(new), "remove": removed})
    write_atomically(stage / _PLAN, plan.encode())


def _swap(folder: Path, stage: Path, paths: list[str], move: _Move) -> None:
    for path in paths:
        target, new, old = folder / path, stage / "new" / path, stage / "old" / path
        if _is_there(target):
            move(target, old)
        if new.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            move(new, target)
    for parent in {(folder / path).parent for path in paths}:
        if parent.is_dir():
            sync_folder(parent)


def _undo(folder: Path, stage: Path) -> None:
    """Bring back every old file, and take away every new one that had none before it."""
    with suppress(FileNotFoundError):
        plan = json.loads((stage / _PLAN).read_bytes())
        for path in reversed([*plan["write"], *plan["remove"]]):
            target, new, old = folder / path, stage / "new" / path, stage / "old" / path
            if _is_there(old):
                old.replace(target)
            elif path in plan["write"] and not new.exists():
                target.unlink(missing_ok=True)
        (stage / _PLAN).unlink()
    shutil.rmtree(stage, ignore_errors=True)


def _remove_empty_folders(folder: Path, removed: Iterable[str]) -> None:
    for parent in {(folder / path).parent for path in removed} - {folder}:
        with suppress(OSError):
            parent.rmdir()


def _is_there(path: Path) -> bool:
    """Whether the name is taken, be it by a symbolic link to nowhere."""
    return path.is_symlink() or path.exists()
