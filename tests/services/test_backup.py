"""Backing up and restoring, over backups in memory."""

import pytest

from capsule_domain.errors import Conflict, NotFound, StoreError, UnsafePlan
from capsule_domain.models.backup import Change
from capsule_domain.services.backup import BackUp, Restore
from tests.fakes.backups import FakeBackups


@pytest.fixture
def backups() -> FakeBackups:
    fake = FakeBackups()
    fake.put("config.yml", "version: 1\nactive_profile: web\n")
    return fake


def test_a_backup_is_read_back_before_it_is_reported(backups: FakeBackups) -> None:
    done = BackUp(backups).run(note="for the journey")
    assert done.path in backups.archives
    assert (done.files, done.note, done.secrets) == (1, "for the journey", False)
    assert done.size_bytes == len("version: 1\nactive_profile: web\n")


def test_a_full_disk_is_said(backups: FakeBackups) -> None:
    backups.full_disk = True
    with pytest.raises(StoreError, match="disk is full"):
        BackUp(backups).run()


def test_a_rehearsal_saves_nothing(backups: FakeBackups) -> None:
    assert [file.path for file in BackUp(backups).rehearse().files] == ["config.yml"]
    assert backups.archives == {}


def test_a_plan_tells_what_is_new_changed_and_removed(backups: FakeBackups) -> None:
    backups.put("configs/old.yml", "version: 1\n")
    BackUp(backups).run()
    backups.put("config.yml", "version: 1\nactive_profile: prod\n")
    backups.put("configs/later.yml", "version: 1\n")
    backups.home = backups.home.model_copy(
        update={"files": tuple(f for f in backups.home.files if f.path != "configs/old.yml")}
    )
    told = Restore(backups).plan().told
    assert [(change.path, change.change) for change in told.changes] == [
        ("config.yml", Change.CHANGED),
        ("configs/later.yml", Change.REMOVED),
        ("configs/old.yml", Change.NEW),
    ]
    assert told.changes[0].diff.splitlines() == [
        "--- now/config.yml",
        "+++ backup/config.yml",
        "@@ -1,2 +1,2 @@",
        " version: 1",
        "-active_profile: prod",
        "+active_profile: web",
    ]


def test_a_diff_never_shows_a_secret(backups: FakeBackups) -> None:
    backups.put("providers.yml", "digitalocean: {api_key: old-secret}\n")
    BackUp(backups).run(with_secrets=True)
    backups.put("providers.yml", "digitalocean: {api_key: new-secret}\n")
    told = Restore(backups).plan().told
    assert [change.path for change in told.changes] == ["providers.yml"]
    assert "secret" not in told.changes[0].model_dump_json()


def test_a_diff_commands_no_terminal(backups: FakeBackups) -> None:
    backups.put("config.yml", "a: \x1b]0;owned\x07\x1b[2J\n")
    BackUp(backups).run()
    backups.put("config.yml", "a: 1\n")
    assert "\x1b" not in Restore(backups).plan().told.changes[0].diff


def test_without_a_difference_there_is_nothing_to_do(backups: FakeBackups) -> None:
    BackUp(backups).run()
    assert Restore(backups).plan().told.changes == ()


def test_restoring_says_where_the_former_state_is(backups: FakeBackups) -> None:
    BackUp(backups).run()
    backups.put("config.yml", "version: 1\nactive_profile: prod\n")
    service = Restore(backups)
    done = service.run(service.plan())
    assert backups.home.texts["config.yml"] == "version: 1\nactive_profile: web\n"
    assert done.saved_as is not None
    assert "prod" in backups.archives[done.saved_as].snapshot.texts["config.yml"]


def test_an_xnode_that_would_be_forgotten_stops_the_restore(backups: FakeBackups) -> None:
    BackUp(backups).run()
    backups.know("x1", "web-1")
    BackUp(backups).run(file="/home/with-one.tar.gz")
    backups.know("x2", "web-2")
    service = Restore(backups)
    planned = service.plan("/home/with-one.tar.gz")
    assert planned.told.forgotten == ("web-2",)
    with pytest.raises(UnsafePlan, match="web-2"):
        service.run(planned)
    assert backups.home.xnodes == {"x1": "web-1", "x2": "web-2"}


def test_forgetting_xnodes_can_be_insisted_on(backups: FakeBackups) -> None:
    backups.know("x1", "web-1")
    BackUp(backups).run()
    backups.know("x2", "web-2")
    service = Restore(backups)
    service.run(service.plan(), force=True)
    assert backups.home.xnodes == {"x1": "web-1"}


def test_keeping_the_inventory_forgets_nothing(backups: FakeBackups) -> None:
    backups.know("x1", "web-1")
    BackUp(backups).run()
    backups.know("x2", "web-2")
    backups.put("config.yml", "version: 1\n")
    service = Restore(backups)
    planned = service.plan(keep_state=True)
    assert planned.told.forgotten == ()
    assert [change.path for change in planned.told.changes] == ["config.yml"]
    service.run(planned)
    assert backups.home.xnodes == {"x1": "web-1", "x2": "web-2"}


def test_an_archive_that_changed_after_the_plan_is_refused(backups: FakeBackups) -> None:
    BackUp(backups).run(file="/home/a.tar.gz")
    backups.put("config.yml", "version: 1\n")
    service = Restore(backups)
    planned = service.plan("/home/a.tar.gz")
    other = backups.archives["/home/a.tar.gz"].model_copy(update={"sha256": "f" * 64})
    backups.archives["/home/a.tar.gz"] = other
    with pytest.raises(Conflict):
        service.run(planned)
    assert backups.home.texts["config.yml"] == "version: 1\n"


def test_without_any_backup_there_is_nothing_to_restore(backups: FakeBackups) -> None:
    with pytest.raises(NotFound):
        Restore(backups).plan()
