"""A disk that is full, under the real journal: what is not written down is not rented."""

from dataclasses import replace
from pathlib import Path

import pytest

from capsule_adapters.store.journal import SqliteJournal
from capsule_adapters.store.state import state_database
from capsule_domain.errors import StoreError
from tests.services.renting import Street


def test_nothing_is_rented_when_the_intent_cannot_be_written(tmp_path: Path) -> None:
    database = state_database(tmp_path)
    journal = SqliteJournal(database)
    assert journal.list() == []
    ((pages,),) = database.rows("PRAGMA page_count")
    database.rows(f"PRAGMA max_page_count = {pages}")
    street = Street()
    deploy = street.deploy()
    rent = replace(deploy.rent, journal=journal, diary=replace(deploy.diary, journal=journal))

    def rent_many() -> None:
        for number in range(1000):  # the last page has room for some
            rent.run(street.plan(f"web-{number}"))

    with pytest.raises(StoreError, match="the disk is full"):
        rent_many()
    assert len(street.cloud.attempts) == len(journal.list())
    database.rows("PRAGMA max_page_count = 1000000")
    assert {server.name for server in street.cloud.servers_by_id.values()} == {
        deployment.name for deployment in journal.list()
    }
    database.close()
