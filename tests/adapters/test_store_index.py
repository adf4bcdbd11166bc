"""The index as a file: private, replaced whole, and never in the way when damaged."""

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from capsule_adapters.store.index import SqliteIndex
from capsule_adapters.store.lock import FileLock
from capsule_domain.errors import StoreError
from capsule_domain.models.package import NixosOption, Nixpkgs, Package
from tests.tools import shared_file

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NIXPKGS = Nixpkgs(source="/srv/nixpkgs")


def filled(home: Path, *names: str) -> SqliteIndex:
    index = SqliteIndex(home)
    index.replace(NIXPKGS, [Package(attribute=name) for name in names], [], built_at=NOW)
    return index


def test_the_index_is_its_owner_s_alone_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        filled(tmp_path / "home", "fd")
    finally:
        os.umask(before)
    folder = tmp_path / "home" / "index"
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"packages.db": 0o600, ".lock": 0o600}


def test_who_has_the_old_index_asks_the_new_one_as_soon_as_it_is_there(tmp_path: Path) -> None:
    reader = filled(tmp_path, "fd")
    assert reader.find("fd") is not None
    filled(tmp_path, "jq")
    assert reader.find("fd") is None
    assert reader.find("jq") is not None


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 500])
def test_a_damaged_index_is_told_with_its_remedy_and_can_be_built_again(
    tmp_path: Path, content: bytes
) -> None:
    filled(tmp_path, "fd")
    (tmp_path / "index" / "packages.db").write_bytes(content)
    index = SqliteIndex(tmp_path)
    for ask in (index.about, lambda: index.search("fd", limit=1)):
        with pytest.raises(StoreError) as caught:
            ask()
        assert caught.value.hint == "capsule pkg index"
    assert filled(tmp_path, "jq").find("jq") is not None


def test_an_index_of_another_form_is_told(tmp_path: Path) -> None:
    filled(tmp_path, "fd")
    with closing(sqlite3.connect(tmp_path / "index" / "packages.db")) as connection:
        connection.execute("UPDATE about SET body = '{}'")
        connection.commit()
    with pytest.raises(StoreError, match="no index of this Capsule"):
        SqliteIndex(tmp_path).about()


def test_two_who_build_at_once_do_not_mix(tmp_path: Path) -> None:
    filled(tmp_path, "fd")
    with (
        FileLock(tmp_path / "index" / ".lock"),
        pytest.raises(StoreError, match="another Capsule holds"),
    ):
        filled(tmp_path, "jq")
    assert SqliteIndex(tmp_path).find("fd") is not None


def test_what_a_killed_builder_left_is_no_hindrance(tmp_path: Path) -> None:
    killed = (
        "import os, sys\nfrom pathlib import Path\n"
        "from tests.adapters.test_store_index import NIXPKGS, NOW, Package, SqliteIndex\n"
        "def packages():\n"
        "    yield Package(attribute='half')\n"
        "    os.kill(os.getpid(), 9)\n"
        "SqliteIndex(Path(sys.argv[1])).replace(NIXPKGS, packages(), [], built_at=NOW)\n"
    )
    filled(tmp_path, "fd")
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run([sys.executable, "-c", killed, str(tmp_path)], cwd=root, check=False)
    assert ended.returncode == -9
    assert SqliteIndex(tmp_path).find("half") is None
    assert filled(tmp_path, "jq").find("jq") is not None
    names = {path.name for path in (tmp_path / "index").iterdir()}
    assert names == {"packages.db", ".lock"}


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("in the way")
    with pytest.raises(StoreError):
        filled(tmp_path, "fd")


@pytest.fixture(scope="module")
def nixpkgs(tmp_path_factory: pytest.TempPathFactory) -> SqliteIndex:
    """All names of a true nixpkgs, and all options of its NixOS."""
    names = shared_file("nix/packages.tsv.gz")
    options = shared_file("nix/nixos-options.json.gz")

    def packages() -> Iterator[Package]:
        with gzip.open(names, "rt", encoding="utf-8") as lines:
            for line in lines:
                attribute, _, version = line.rstrip("\n").partition("\t")
                yield Package(attribute=attribute, version=version or None)

    told = json.loads(gzip.decompress(options.read_bytes()))
    index = SqliteIndex(tmp_path_factory.mktemp("home"))
    index.replace(
        NIXPKGS,
        packages(),
        [NixosOption(name=name, kind=about["type"]) for name, about in told.items()],
        built_at=NOW,
    )
    return index


def test_a_whole_nixpkgs_is_kept_and_found(nixpkgs: SqliteIndex) -> None:
    about = nixpkgs.about()
    assert about is not None
    assert (about.packages, about.options) == (27_478, 26_623)
    assert [package.attribute for package in nixpkgs.search("ripgrep", limit=5)] == [
        "ripgrep",
        "ripgrep-all",
    ]
    found = nixpkgs.find("nodejs")
    assert found is not None
    assert found.version == "24.16.0"
    option = nixpkgs.option("services.openssh.enable")
    assert option is not None
    assert option.kind == "boolean"


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("ripgerp", "ripgrep"),
        ("fierfox", "firefox"),
        ("nodesj", "nodejs"),
        ("postgrsql", "postgresql"),
    ],
)
def test_among_all_of_nixpkgs_the_nearest_name_is_meant(
    nixpkgs: SqliteIndex, typo: str, meant: str
) -> None:
    from difflib import get_close_matches

    near = nixpkgs.near(typo)
    assert len(near) < 3000
    assert get_close_matches(typo, near, n=1, cutoff=0.6) == [meant]
