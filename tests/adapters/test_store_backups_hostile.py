"""Archives that somebody made to do harm: refused whole, and nothing is written anywhere."""

import gzip
import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsule_adapters.store.backup_archive import write_archive
from capsule_adapters.store.backup_reading import MANIFEST_LIMIT_BYTES
from capsule_adapters.store.backups import ArchiveFolder
from capsule_domain.errors import CapsuleError, ConfigurationError, StoreError
from capsule_domain.models.backup import MAX_FILE_BYTES, MAX_TOTAL_BYTES, Manifest, SavedFile
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


def entry(path: str, content: bytes = b"x: 1\n", **changes: Any) -> dict[str, Any]:
    """A row of a manifest."""
    row = {
        "path": path,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "mode": 0o600,
    }
    return row | changes


def manifest(*files: dict[str, Any], **changes: Any) -> bytes:
    told = {
        "version": 1,
        "capsule": "1",
        "created_at": "2026-11-23T12:00:00Z",
        "note": "",
        "secrets": False,
        "files": list(files),
    }
    return json.dumps(told | changes).encode()


def member(name: str, content: bytes = b"x: 1\n", **changes: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), 0o600, SECONDS
    for key, value in changes.items():
        setattr(info, key, value)
    return info, content


def packed(path: Path, told: bytes, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """An archive in the form that ours have, with anything in it."""
    with gzip.open(path, "wb") as out:
        for info, content in (member("manifest.json", told), *members):
            out.write(info.tobuf(tarfile.USTAR_FORMAT))
            out.write(content + bytes(-len(content) % 512))
        out.write(bytes(1024))
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a home in it, and with files that are nobody's business."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yml").write_text("version: 1\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").write_text("precious")
    return tmp_path


def everything(place: Path) -> dict[str, str]:
    """Every name below `place`, with its kind and content; backups and locks apart."""
    found = {}
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if name.startswith(("home/backups", "home/.lock", "home/known_hosts.lock", "archive")):
            continue
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[name] = f"{stat.S_IFMT(path.lstat().st_mode):o} {content!r}"
    return found


def refused(place: Path, archive: Path) -> str:
    """Look, and restore: both must refuse, and nothing may be another than before."""
    before = everything(place)
    backups = ArchiveFolder(place / "home", FakeClock(), "1")
    with pytest.raises((ConfigurationError, StoreError)) as error:
        backups.restore(backups.look(str(archive)), keep_state=False)
    assert everything(place) == before
    message = error.value.message
    assert message.isprintable()
    return message


def linked(info: tarfile.TarInfo, kind: bytes, target: str) -> tarfile.TarInfo:
    info.type, info.linkname, info.size = kind, target, 0
    return info


TARGET = "configs/a.yml"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "pipe"),
        (tarfile.DIRTYPE, "folder"),
        (tarfile.GNUTYPE_LONGNAME, "something else"),
        (tarfile.XHDTYPE, "something else"),
        (tarfile.GNUTYPE_SPARSE, "something else"),
        (tarfile.CONTTYPE, "something else"),
    ],
)
def test_nothing_but_plain_files_is_taken(place: Path, kind: bytes, said: str) -> None:
    info, _ = member(TARGET)
    told = manifest(entry(TARGET, b""))
    archive = packed(place / "archive", told, (linked(info, kind, "/etc/passwd"), b""))
    assert said in refused(place, archive)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/cron.d/evil",
        "../outside/precious",
        "configs/../../outside/precious",
        "configs/./a.yml",
        "configs//a.yml",
        "configs/",
        "",
        ".",
        "..",
        "configs\\..\\a.yml",
        "configs/a\x00b.yml",
        "configs/a\x1b[2J.yml",
        "configs/" + "a" * 300,
        "stray.txt",
        ".lock",
        "state.db-wal",
        "backups/2026-11-23T12-00-00Z.tar.gz",
        "logs/capsule.log",
        "sandbox/config.yml",
        "config.yml/inside",
        "configs",
        "nixos/web/.git/hooks/post-checkout",
        ".restore/plan.json",
        "CONFIG.YML",
        "environment/generations.json",
        "C:/config.yml",
    ],
)
def test_no_path_leads_anywhere_else(place: Path, path: str) -> None:
    archive = packed(place / "archive", manifest(entry(path)), member(TARGET))
    assert "its manifest does not hold" in refused(place, archive)


@pytest.mark.parametrize("name", ["../outside/precious", "/tmp/x", "configs/b.yml", "config.yml"])
def test_an_entry_is_what_the_manifest_names_or_nothing(place: Path, name: str) -> None:
    archive = packed(place / "archive", manifest(entry(TARGET)), member(name))
    assert "configs/a.yml should follow" in refused(place, archive)


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1600, 0o6755])
def test_no_file_gets_the_rights_of_another(place: Path, mode: int) -> None:
    archive = packed(place / "archive", manifest(entry(TARGET)), member(TARGET, mode=mode))
    assert "rights that no backup gives" in refused(place, archive)
    archive = packed(place / "archive2", manifest(entry(TARGET, mode=mode)), member(TARGET))
    assert "its manifest does not hold" in refused(place, archive)


def test_a_file_that_others_could_write_is_refused(place: Path) -> None:
    archive = packed(place / "archive", manifest(entry(TARGET, mode=0o622)), member(TARGET))
    assert "written by others" in refused(place, archive)


def test_two_files_of_one_name_are_refused(place: Path) -> None:
    told = manifest(entry(TARGET), entry(TARGET, b"y: 2\n"))
    archive = packed(place / "archive", told, member(TARGET), member(TARGET, b"y: 2\n"))
    assert "same path" in refused(place, archive)
    archive = packed(place / "archive2", manifest(entry(TARGET)), member(TARGET), member(TARGET))
    assert "something follows" in refused(place, archive)


def test_a_path_that_is_file_and_folder_is_refused(place: Path) -> None:
    told = manifest(entry("configs/a"), entry("configs/a/b"))
    archive = packed(place / "archive", told, member("configs/a"), member("configs/a/b"))
    assert "a file and a folder" in refused(place, archive)


def test_a_file_that_was_edited_in_the_archive_is_refused(place: Path) -> None:
    archive = packed(place / "archive", manifest(entry(TARGET)), member(TARGET, b"x: 2\n"))
    assert "configs/a.yml is not what the manifest says" in refused(place, archive)


def test_secrets_do_not_come_in_by_the_back_door(place: Path) -> None:
    told = manifest(entry("providers.yml"))
    assert "secrets" in refused(place, packed(place / "archive", told, member("providers.yml")))


@pytest.mark.parametrize("size", [MAX_FILE_BYTES + 1, MAX_TOTAL_BYTES + 1, 2**70, -1])
def test_a_size_beyond_all_bounds_is_refused_before_anything_is_read(
    place: Path, size: int
) -> None:
    told = manifest(entry(TARGET, size_bytes=size))
    assert "its manifest does not hold" in refused(place, packed(place / "archive", told))


def test_many_files_that_are_too_much_together_are_refused(place: Path) -> None:
    rows = [entry(f"configs/{n}", size_bytes=MAX_FILE_BYTES) for n in range(40)]
    assert "together larger" in refused(place, packed(place / "archive", manifest(*rows)))


def test_a_bomb_is_put_down_unread(place: Path) -> None:
    """A gigabyte of zeros is a megabyte; what the manifest does not name is never unpacked."""
    told = manifest()
    with gzip.open(place / "archive", "wb", compresslevel=9) as out:
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as inner:
            info, _ = member("manifest.json")
            info.size = len(told)
            inner.addfile(info, io.BytesIO(told))
        out.write(tar.getvalue()[:1024])
        for _ in range(256):
            out.write(bytes(1024**2))
    assert "something follows" in refused(place, place / "archive")


def test_an_endless_manifest_is_not_read(place: Path) -> None:
    info, _ = member("manifest.json")
    info.size = MANIFEST_LIMIT_BYTES + 1
    with gzip.open(place / "archive", "wb") as out:
        out.write(info.tobuf(tarfile.USTAR_FORMAT))
        out.write(b" " * 2048)
    assert "does not begin with a manifest" in refused(place, place / "archive")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (b"", "no JSON"),
        (b"[1]", "no version"),
        (b'{"version": true}', "no version"),
        (b'{"version": "1"}', "no version"),
        (b'{"version": 0}', "does not hold"),
        (manifest(surprise=1), "surprise"),
        (manifest(created_at="2026-11-23T12:00:00"), "created_at"),
        (manifest(created_at="2020-01-01T00:00:00Z"), "another time"),
        (manifest(note="\x1b[2J"), "no text"),
        (manifest(entry(TARGET, sha256="0")), "sha256"),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(place: Path, told: bytes, said: str) -> None:
    assert said in refused(place, packed(place / "archive", told))


def test_a_newer_form_is_told_from_a_damaged_one(place: Path) -> None:
    archive = packed(place / "archive", manifest(version=2, novelty="…"))
    assert "newer Capsule" in refused(place, archive)


def test_a_damaged_state_is_refused(place: Path) -> None:
    junk = b"SQLite format 3\0" + bytes(4080)
    archive = packed(place / "archive", manifest(entry("state.db", junk)), member("state.db", junk))
    assert "the state in" in refused(place, archive)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b", bytes(5000)])
def test_what_is_no_archive_is_refused(place: Path, content: bytes) -> None:
    (place / "archive").write_bytes(content)
    assert "is no backup to restore" in refused(place, place / "archive")


def test_a_folder_or_a_pipe_is_not_waited_for(place: Path) -> None:
    assert "a folder is where a file should be" in refused(place, place / "outside")
    os.mkfifo(place / "archive")
    assert "it is not a file" in refused(place, place / "archive")


def good() -> bytes:
    """A sound archive."""
    content = b"version: 1\nactive_profile: web\n"
    files = (
        SavedFile(**entry("config.yml", content)),
        SavedFile(**entry("configs/a.yml", b"version: 1\n")),
    )
    told = Manifest(capsule="1", created_at=NOW, files=files)
    stream = io.BytesIO()
    write_archive(stream, told, [[content], [b"version: 1\n"]])
    return stream.getvalue()


def test_the_sound_archive_is_sound(place: Path) -> None:
    (place / "archive").write_bytes(good())
    backups = ArchiveFolder(place / "home", FakeClock(), "1")
    backups.restore(backups.look(str(place / "archive")), keep_state=False)
    assert (place / "home" / "config.yml").read_text() == "version: 1\nactive_profile: web\n"


UNPACKED = gzip.decompress(good())
quietly = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def as_it_was_or_refused(place: Path, content: bytes, same: Callable[[bytes], bool]) -> None:
    """A changed archive is refused, or it says the same as before it was changed."""
    before = everything(place)
    archive = place / "archive"
    archive.write_bytes(content)
    backups = ArchiveFolder(place / "home", FakeClock(), "1")
    try:
        backups.look(str(archive))
    except CapsuleError:
        pass
    else:
        assert same(content)
    assert everything(place) == before


@quietly
@given(st.integers(0, len(UNPACKED) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed_unnoticed(place: Path, at: int, by: int) -> None:
    mutated = bytearray(UNPACKED)
    mutated[at] ^= by
    # In the manifest a digit of the note or the version of Capsule may be another: that is all.
    as_it_was_or_refused(place, gzip.compress(bytes(mutated)), lambda _: 512 <= at < 512 + 512 * 2)


@quietly
@given(st.data())
def test_a_cut_or_doubled_archive_is_refused(place: Path, data: st.DataObject) -> None:
    content = good()
    cut = data.draw(st.integers(0, len(content) - 1))
    as_it_was_or_refused(place, content[:cut], lambda _: False)
    as_it_was_or_refused(
        place, gzip.compress(UNPACKED[: data.draw(st.integers(0, 2000))]), lambda _: False
    )
    as_it_was_or_refused(place, content + content[cut:], lambda _: not any(content[cut:]))


PARTS = st.sampled_from(
    ["..", ".", "", "configs", "config.yml", "nixos", "web", "home", "/", "\\", "state.db", "ssh",
     "~", "outside", "precious", "a.yml", "\u202e", "é", ".git", "backups"]
)  # fmt: skip
NAMES = st.lists(PARTS, min_size=1, max_size=5).map("/".join) | st.text(max_size=40)


@quietly
@given(st.lists(st.tuples(NAMES, st.binary(max_size=40)), max_size=4), st.booleans())
def test_whatever_an_archive_names_nothing_is_written_outside_the_home(
    place: Path,
    files: list[tuple[str, bytes]],
    secrets: bool,  # noqa: FBT001
) -> None:
    archive = place / "archive"
    archive.unlink(missing_ok=True)
    rows = [entry(name, content) for name, content in files]
    members = [member(name, content) for name, content in files]
    try:
        told = manifest(*rows, secrets=secrets)
        packed(archive, told, *members)
    except (ValueError, UnicodeEncodeError):
        return
    outside = {k: v for k, v in everything(place).items() if not k.startswith("home")}
    backups = ArchiveFolder(place / "home", FakeClock(), "1")
    with suppress(CapsuleError):  # most are refused; some are sound
        backups.restore(backups.look(str(archive)), keep_state=False)
    left = everything(place)
    assert {k: v for k, v in left.items() if not k.startswith("home")} == outside
    assert not (place / "home" / ".restore").exists()
