"""`capsule backup` and `capsule restore`, word for word, over a real home."""

import json
from pathlib import Path

import pytest

from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.state import state_database
from tests.cli.running import capsule, wired
from tests.contracts.test_inventory import xnode
from tests.fakes.backups import FakeBackups


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    assert capsule("profile", "use", "prod", home=made).code == 0
    return made


def test_a_backup_says_where_it_is_and_what_it_leaves_out() -> None:
    fake = FakeBackups()
    fake.put("config.yml", "version: 1\n")
    ran = capsule("backup", "--note", "before lunch", wiring=wired(backups=fake))
    assert ran.code == 0
    assert ran.stdout == (
        "archive  /home/backups/2026-11-23T12-00-00Z.tar.gz\n"
        "holds    1 file, 11 B\n"
        "secrets  left out\n"
        f"sha256   {0:064}\n"
        "✓ written, and read back\n"
    )
    assert ran.stderr == (
        "credentials and private keys are not in it; --with-secrets takes them along\n"
    )


def test_a_dry_run_writes_nothing(home: Path) -> None:
    ran = capsule("backup", "--dry-run", "--json", home=home)
    assert [file["path"] for file in ran.data["files"]] == ["config.yml"]
    assert not (home / "backups").exists()


def test_a_backup_as_json_is_one_object(home: Path, tmp_path: Path) -> None:
    ran = capsule("backup", str(tmp_path / "b.tar.gz"), "--with-secrets", "--json", home=home)
    assert ran.data["path"] == str(tmp_path / "b.tar.gz")
    assert ran.data["secrets"] is True
    assert ran.data["skipped"] == []
    assert ran.stderr == ""


def test_a_file_that_is_there_is_not_overwritten(home: Path, tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_text("mine")
    ran = capsule("backup", str(tmp_path / "b.tar.gz"), home=home)
    assert ran.code == 5
    assert (tmp_path / "b.tar.gz").read_text() == "mine"


def test_a_note_of_two_lines_is_refused(home: Path) -> None:
    assert capsule("backup", "--note", "a\nb", home=home).code == 2


def test_restoring_asks_and_names_the_archive(home: Path) -> None:
    made = capsule("backup", "--json", home=home).data["path"]
    capsule("profile", "use", "minimal", home=home)
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "y"

    ran = capsule("restore", home=home, answer=answer)
    assert ran.code == 0, ran.stderr
    assert asked == [f"Restore {made}? It changes 1 file; a backup is made before. [y/N] "]
    assert f"✓ restored 1 file from {made}\n" in ran.stdout
    assert "-active_profile: minimal\n" in ran.stderr
    assert "+active_profile: prod\n" in ran.stderr
    assert "prod" in (home / "config.yml").read_text()


def test_a_no_changes_nothing(home: Path) -> None:
    capsule("backup", home=home)
    capsule("profile", "use", "minimal", home=home)
    assert capsule("restore", home=home, answer=lambda _: "n").code == 130
    assert "minimal" in (home / "config.yml").read_text()


def test_where_nobody_can_answer_it_refuses(home: Path) -> None:
    capsule("backup", home=home)
    capsule("profile", "use", "minimal", home=home)
    ran = capsule("restore", home=home)
    assert ran.code == 2
    assert "--yes" in ran.stderr
    assert "minimal" in (home / "config.yml").read_text()


def test_a_dry_run_only_shows_the_difference(home: Path) -> None:
    capsule("backup", home=home)
    capsule("profile", "use", "minimal", home=home)
    ran = capsule("restore", "--dry-run", "--json", home=home)
    assert ran.code == 0
    (change,) = ran.data["changes"]
    assert (change["path"], change["change"]) == ("config.yml", "changed")
    assert ran.data["saved_as"] is None
    assert "minimal" in (home / "config.yml").read_text()
    assert len(list((home / "backups").iterdir())) == 1


def test_restoring_twice_does_nothing_the_second_time(home: Path) -> None:
    archive = capsule("backup", "--json", home=home).data["path"]
    ran = capsule("restore", archive, "--json", home=home)
    assert (ran.code, ran.data["changes"]) == (0, [])


def test_a_restore_says_how_to_go_back_and_that_works(home: Path) -> None:
    archive = capsule("backup", "--json", home=home).data["path"]
    capsule("profile", "use", "minimal", home=home)
    done = capsule("restore", archive, "--yes", "--json", home=home).data
    assert "prod" in (home / "config.yml").read_text()
    assert capsule("restore", done["saved_as"], "--yes", home=home).code == 0
    assert "minimal" in (home / "config.yml").read_text()


def test_forgetting_a_rented_xnode_is_refused_even_with_yes(home: Path) -> None:
    archive = capsule("backup", "--json", home=home).data["path"]
    database = state_database(home)
    SqliteInventory(database).add(xnode("x1", "web-1"))
    database.close()
    later = capsule("backup", "--json", home=home).data["path"]
    database = state_database(home)
    SqliteInventory(database).add(xnode("x2", "web-2"))
    database.close()
    ran = capsule("restore", later, "--yes", "--json", home=home)
    assert ran.code == 5
    assert ran.error["code"] == "unsafe_plan"
    assert "web-2" in ran.error["message"]
    assert capsule("restore", later, "--yes", "--force", home=home).code == 0
    names = [row["name"] for row in capsule("openmesh", "xnodes", "--json", home=home).data]
    assert names == ["web-1"]
    assert capsule("restore", archive, "--yes", home=home).code == 0
    assert len(capsule("openmesh", "xnodes", "--json", home=home).data) == 1


def test_a_damaged_archive_is_refused_with_three(home: Path, tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_bytes(b"no archive")
    ran = capsule("restore", str(tmp_path / "b.tar.gz"), "--yes", "--json", home=home)
    assert ran.code == 3
    assert "is no backup to restore" in ran.error["message"]


def test_without_any_backup_the_way_to_one_is_told(home: Path) -> None:
    ran = capsule("restore", "--json", home=home)
    assert (ran.code, ran.error["hint"]) == (4, f"capsule --home {home} backup")


def test_json_is_only_json(home: Path) -> None:
    capsule("backup", home=home)
    capsule("profile", "use", "minimal", home=home)
    ran = capsule("restore", "--yes", "--json", home=home)
    assert json.loads(ran.stdout)["saved_as"].startswith(str(home / "backups"))
    assert ran.stderr == ""
