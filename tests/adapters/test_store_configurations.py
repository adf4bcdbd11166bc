"""Configuration folders: whole or unchanged, whatever dies when; and never out of the folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from capsule_adapters.store.configurations import ConfigurationFolders
from capsule_adapters.store.staging import recover, replace_together
from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.nixos import RenderedFile


@pytest.fixture
def folders(tmp_path: Path) -> ConfigurationFolders:
    return ConfigurationFolders(tmp_path / "home")


def write(
    folders: ConfigurationFolders, folder: Path, files: dict[str, str], *, force: bool = False
) -> None:
    rendered = [RenderedFile(path=path, text=text) for path, text in files.items()]
    folders.write(folder, rendered, state_versions={"": "26.05"}, force=force)


def tree(folder: Path) -> dict[str, str]:
    """Every file below `folder`, but for the manifest."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".capsule.json"
    }


def test_what_capsule_no_longer_renders_beside_the_rest_is_removed(
    folders: ConfigurationFolders,
) -> None:
    folder = folders.folder("web")
    write(folders, folder, {"a.nix": "1", "modules/base.nix": "2", "modules/docker.nix": "3"})
    write(folders, folder, {"a.nix": "1", "modules/base.nix": "2"})
    assert tree(folder) == {"a.nix": "1", "modules/base.nix": "2"}


def test_what_a_person_edited_is_not_removed_with_it(folders: ConfigurationFolders) -> None:
    folder = folders.folder("web")
    write(folders, folder, {"modules/base.nix": "2", "modules/docker.nix": "3"})
    (folder / "modules" / "docker.nix").write_text("mine")
    write(folders, folder, {"modules/base.nix": "2"}, force=True)
    assert tree(folder)["modules/docker.nix"] == "mine"


def test_a_single_part_removes_nothing(folders: ConfigurationFolders) -> None:
    folder = folders.folder("web")
    all_files = {"configuration.nix": "1", "flake.nix": "2", "modules/base.nix": "3"}
    write(folders, folder, all_files)
    write(folders, folder, {"flake.nix": "new"})
    assert tree(folder) == all_files | {"flake.nix": "new"}


def test_a_link_out_of_the_folder_is_never_followed(
    folders: ConfigurationFolders, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "base.nix").write_text("precious")
    folder = folders.folder("web")
    folder.mkdir(parents=True)
    (folder / "modules").symlink_to(outside)
    for force in (False, True):
        with pytest.raises(Conflict, match="modules is not a folder of its own"):
            write(folders, folder, {"modules/base.nix": "x"}, force=force)
    assert tree(outside) == {"base.nix": "precious"}
    assert list(folders.nix_files(str(folder))) == []


def test_a_linked_file_is_a_persons_and_force_replaces_the_link_alone(
    folders: ConfigurationFolders, tmp_path: Path
) -> None:
    precious = tmp_path / "precious.nix"
    precious.write_text("precious")
    folder = folders.folder("web")
    folder.mkdir(parents=True)
    (folder / "a.nix").symlink_to(precious)
    with pytest.raises(Conflict, match=r"a\.nix"):
        write(folders, folder, {"a.nix": "precious"})
    write(folders, folder, {"a.nix": "new"}, force=True)
    assert precious.read_text() == "precious"
    assert not (folder / "a.nix").is_symlink()
    assert (folder / "a.nix").read_text() == "new"


def test_the_folder_itself_may_be_a_link(folders: ConfigurationFolders, tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "dotfiles")
    write(folders, folders.folder("web", str(link)), {"a.nix": "1"})
    assert link.is_symlink()
    assert tree(tmp_path / "dotfiles") == {"a.nix": "1"}


@pytest.mark.parametrize("path", ["../a.nix", "modules/../../a.nix", "./a.nix"])
def test_a_path_out_of_the_folder_is_refused(folders: ConfigurationFolders, path: str) -> None:
    with pytest.raises(Conflict, match="out of the folder"):
        write(folders, folders.folder("web"), {path: "x"}, force=True)


@pytest.mark.parametrize("hostname", ["../web", "a/b", "", ".", ".."])
def test_a_host_whose_name_leads_elsewhere_is_not_found(
    folders: ConfigurationFolders, hostname: str
) -> None:
    with pytest.raises(NotFound):
        folders.folder(hostname)


def test_a_folder_in_place_of_a_file_is_a_conflict_even_with_force(
    folders: ConfigurationFolders,
) -> None:
    folder = folders.folder("web")
    (folder / "a.nix").mkdir(parents=True)
    with pytest.raises(Conflict, match=r"a\.nix is a folder"):
        write(folders, folder, {"a.nix": "x", "b.nix": "y"}, force=True)
    assert tree(folder) == {}


@pytest.mark.parametrize(
    "manifest", ["", "{", '{"state_version": "26.05", "files": {"../../x": "0"}}']
)
def test_a_damaged_manifest_is_told_and_nothing_is_touched(
    folders: ConfigurationFolders, manifest: str
) -> None:
    folder = folders.folder("web")
    write(folders, folder, {"a.nix": "1"})
    (folder / ".capsule.json").write_text(manifest)
    with pytest.raises(StoreError, match=r"\.capsule\.json is damaged"):
        write(folders, folder, {"a.nix": "2"}, force=True)
    with pytest.raises(StoreError, match=r"\.capsule\.json is damaged"):
        folders.state_versions(folder)
    assert tree(folder) == {"a.nix": "1"}


def test_hidden_folders_are_not_listed(folders: ConfigurationFolders) -> None:
    folder = folders.folder("web")
    write(folders, folder, {"a.nix": "1", ".git/b.nix": "2"})
    assert [file.name for file in folders.nix_files(str(folder))] == ["a.nix"]


LIMITED = """
import resource, sys
from pathlib import Path
from capsule_adapters.store.staging import replace_together
from capsule_domain.errors import StoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    replace_together(Path(sys.argv[1]), {"a": b"new", "b": b"x" * 5000}, ["c"])
except StoreError as error:
    print(error.message)
"""

OLD = {"a": "old a", "sub/b": "old b", "c": "old c", "sub/d": "old d"}
NEW = {"a": b"new a", "sub/b": b"new b", "deep/er/e": b"new e"}
GONE = ["c", "sub/d"]
WANTED = {path: content.decode() for path, content in NEW.items()}


def old_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    for path, text in OLD.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_a_disk_without_room_leaves_everything_as_it_was(tmp_path: Path) -> None:
    folder = old_folder(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(folder)], capture_output=True, text=True, check=True
    )
    assert "the file would be larger than is allowed" in done.stdout
    assert tree(folder) == OLD


def failing_at(number: int, fail: Callable[[], object]) -> Callable[[Path, Path], None]:
    """Moves files, but for the move of that number, which does `fail` instead."""
    moves = iter(range(number))

    def move(source: Path, target: Path) -> None:
        if next(moves, None) is None:
            fail()
        os.replace(source, target)  # noqa: PTH105

    return move


def _no_room() -> None:
    raise OSError(28, "No space left on device")


def _interrupt() -> None:
    raise KeyboardInterrupt


MOVES = 7
"""Two old files away, two new in, one new that had no old, two old that only go."""


@pytest.mark.parametrize("number", range(MOVES))
def test_whichever_move_fails_the_old_files_are_back(tmp_path: Path, number: int) -> None:
    folder = old_folder(tmp_path)
    with pytest.raises(StoreError, match="the disk is full"):
        replace_together(folder, NEW, GONE, move=failing_at(number, _no_room))
    assert tree(folder) == OLD
    with pytest.raises(KeyboardInterrupt):
        replace_together(folder, NEW, GONE, move=failing_at(number, _interrupt))
    assert tree(folder) == OLD


def test_all_moves_together_give_the_new_files(tmp_path: Path) -> None:
    folder = old_folder(tmp_path)
    replace_together(folder, NEW, GONE, move=failing_at(MOVES, _no_room))
    assert tree(folder) == WANTED


KILLED = """
import os, signal, sys
from pathlib import Path
from capsule_adapters.store.staging import replace_together
left = int(sys.argv[2])
def move(source, target):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    os.replace(source, target)
new = {"a": b"new a", "sub/b": b"new b", "deep/er/e": b"new e"}
replace_together(Path(sys.argv[1]), new, ["c", "sub/d"], move=move)
"""


@pytest.mark.parametrize("number", [0, 1, 4, 6])
def test_whoever_comes_after_a_killed_one_brings_the_old_files_back(
    tmp_path: Path, number: int
) -> None:
    folder = old_folder(tmp_path)
    subprocess.run([sys.executable, "-c", KILLED, str(folder), str(number)], check=False)
    assert list(folder.glob(".capsule-stage-*"))
    recover(folder)
    assert tree(folder) == OLD
    recover(folder)
    assert tree(folder) == OLD


def test_the_next_writing_repairs_first(folders: ConfigurationFolders) -> None:
    folder = folders.folder("web")
    write(folders, folder, {"a": "ours", "sub/b": "ours"})
    subprocess.run([sys.executable, "-c", KILLED, str(folder), "2"], check=False)
    assert (folder / "a").read_text() == "new a"
    write(folders, folder, {"a": "newest"})
    assert tree(folder) == {"a": "newest", "sub/b": "ours"}
