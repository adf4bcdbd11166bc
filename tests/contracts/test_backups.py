"""What every keeper of backups does: the fake, and archives on disk."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_adapters.store.backups import ArchiveFolder
from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.state import state_database
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.ports.backups import Backups
from tests.contracts.test_inventory import xnode
from tests.fakes.backups import FakeBackups
from tests.fakes.clock import FakeClock


@dataclass(frozen=True)
class House:
    """A home, its backups, and hands that change it."""

    backups: Backups
    put: Callable[[str, str], None]
    know: Callable[[str, str], None]
    elsewhere: str

    def paths(self, *, with_secrets: bool = True) -> list[str]:
        return [file.path for file in self.backups.here(with_secrets=with_secrets).files]


def _on_disk(folder: Path) -> House:
    home = folder / "home"

    def put(path: str, text: str) -> None:
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
        (home / path).chmod(0o600)

    def know(identity: str, name: str) -> None:
        database = state_database(home)
        SqliteInventory(database).add(xnode(identity, name))
        database.close()

    backups = ArchiveFolder(home, FakeClock(), "0")
    return House(backups, put, know, str(folder / "mine.tar.gz"))


def _in_memory(_: Path) -> House:
    fake = FakeBackups()
    return House(fake, fake.put, fake.know, "/elsewhere/mine.tar.gz")


MAKERS = {"fake": _in_memory, "archives": _on_disk}


@pytest.fixture(params=MAKERS)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    return MAKERS[request.param](tmp_path)


def test_an_archive_holds_what_was_there_and_says_so(house: House) -> None:
    house.put("config.yml", "active_profile: web\n")
    house.put("configs/mine.yml", "version: 1\n")
    archive = house.backups.look(house.backups.save(note="before lunch"))
    assert [file.path for file in archive.manifest.files] == ["config.yml", "configs/mine.yml"]
    assert archive.manifest.note == "before lunch"
    assert archive.snapshot.texts["config.yml"] == "active_profile: web\n"
    assert archive.snapshot.files == house.backups.here(with_secrets=False).files


def test_secrets_are_left_out_unless_asked_for(house: House) -> None:
    house.put("config.yml", "version: 1\n")
    house.put("providers.yml", "digitalocean: {api_key: hush}\n")
    house.put("ssh/id_ed25519", "PRIVATE\n")
    plain = house.backups.look(house.backups.save(note=""))
    whole = house.backups.look(house.backups.save(note="", with_secrets=True))
    assert not plain.manifest.secrets
    assert [file.path for file in plain.manifest.files] == ["config.yml"]
    assert whole.manifest.secrets
    assert {f.path for f in whole.manifest.files} >= {"providers.yml", "ssh/id_ed25519"}
    assert "hush" not in str(whole.snapshot.texts)


def test_the_newest_is_the_one_made_last(house: House) -> None:
    with pytest.raises(NotFound):
        house.backups.newest()
    house.backups.save(note="")
    last = house.backups.save(note="")
    assert house.backups.newest() == last


def test_an_archive_that_is_there_is_never_overwritten(house: House) -> None:
    house.backups.save(note="first", file=house.elsewhere)
    with pytest.raises(Conflict):
        house.backups.save(note="second", file=house.elsewhere)
    assert house.backups.look(house.elsewhere).manifest.note == "first"


def test_looking_for_what_is_not_there_finds_nothing(house: House) -> None:
    with pytest.raises(NotFound):
        house.backups.look(house.elsewhere)


def test_restoring_brings_the_files_back_and_takes_new_ones_away(house: House) -> None:
    house.put("config.yml", "active_profile: web\n")
    archive = house.backups.look(house.backups.save(note=""))
    house.put("config.yml", "active_profile: prod\n")
    house.put("configs/new.yml", "version: 1\n")
    saved_as = house.backups.restore(archive, keep_state=False)
    here = house.backups.here(with_secrets=True)
    assert here.files == archive.snapshot.files
    assert here.texts["config.yml"] == "active_profile: web\n"
    before = house.backups.look(saved_as)
    assert [file.path for file in before.manifest.files] == ["config.yml", "configs/new.yml"]


def test_secrets_that_no_archive_holds_stay(house: House) -> None:
    house.put("config.yml", "version: 1\n")
    archive = house.backups.look(house.backups.save(note=""))
    house.put("providers.yml", "digitalocean: {api_key: hush}\n")
    house.backups.restore(archive, keep_state=False)
    assert "providers.yml" in house.paths()


def test_secrets_that_would_be_replaced_are_backed_up_first(house: House) -> None:
    house.put("providers.yml", "digitalocean: {api_key: old}\n")
    archive = house.backups.look(house.backups.save(note="", with_secrets=True))
    house.put("providers.yml", "digitalocean: {api_key: new}\n")
    saved_as = house.backups.restore(archive, keep_state=False)
    assert house.backups.look(saved_as).manifest.secrets


def test_the_inventory_comes_back(house: House) -> None:
    house.know("x1", "web-1")
    archive = house.backups.look(house.backups.save(note=""))
    assert archive.snapshot.xnodes == {"x1": "web-1"}
    house.know("x2", "web-2")
    house.backups.restore(archive, keep_state=False)
    assert house.backups.here(with_secrets=False).xnodes == {"x1": "web-1"}


def test_the_inventory_stays_where_that_is_asked_for(house: House) -> None:
    house.know("x1", "web-1")
    house.put("config.yml", "version: 1\n")
    archive = house.backups.look(house.backups.save(note=""))
    house.know("x2", "web-2")
    house.put("config.yml", "version: 1\nactive_profile: web\n")
    house.backups.restore(archive, keep_state=True)
    here = house.backups.here(with_secrets=False)
    assert here.xnodes == {"x1": "web-1", "x2": "web-2"}
    assert here.texts["config.yml"] == "version: 1\n"


def test_the_inventory_is_never_removed(house: House) -> None:
    house.put("config.yml", "version: 1\n")
    archive = house.backups.look(house.backups.save(note=""))
    house.know("x1", "web-1")
    house.backups.restore(archive, keep_state=False)
    assert house.backups.here(with_secrets=False).xnodes == {"x1": "web-1"}
