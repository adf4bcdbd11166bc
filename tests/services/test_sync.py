"""The inventory beside what the clouds say: told first, then kept, and nothing on a guess."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from capsule_domain.errors import CredentialsMissing, ProviderUnavailable
from capsule_domain.models.drift import Drift
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode, XNodeFilter
from capsule_domain.ports.provider import Provider
from capsule_domain.services.sync import Sync
from capsule_domain.services.write_off import WriteOff
from tests.fakes.inventory import FakeInventory
from tests.services.renting import Street
from tests.services.test_import_xnodes import OneTemplate


@dataclass
class Beside:
    """A deployed xNode, its cloud, and what compares them."""

    street: Street = field(default_factory=Street)

    def __post_init__(self) -> None:
        self.xnode = self.street.run()
        self.inventory: FakeInventory = self.street.inventory
        self.street.clock.advance(3600)

    def provider(self, name: str) -> Provider:
        if name == "locked":
            raise CredentialsMissing("locked", "LOCKED_KEY")
        return self.street.cloud

    def sync(self) -> Sync:
        street = self.street
        return Sync(
            provider=self.provider,
            clouds=["fakecloud", "locked"],
            inventory=self.inventory,
            catalogue=OneTemplate(),
            write_off=WriteOff(street.inventory, street.journal, street.known_hosts, street.clock),
            clock=street.clock,
        )

    def look(self) -> Drift:
        return self.sync().look(XNodeFilter())

    def there(self, **changes: Any) -> None:
        """Make the cloud say otherwise."""
        servers = self.street.cloud.servers_by_id
        servers[self.xnode.server_id] = servers[self.xnode.server_id].model_copy(update=changes)

    def kept(self) -> XNode:
        return self.inventory.get(self.xnode.id)


@pytest.fixture
def beside() -> Beside:
    return Beside()


def test_what_is_as_its_cloud_has_it_is_no_change(beside: Beside) -> None:
    drift = beside.look()
    assert (drift.checked, drift.changes, drift.silent, drift.unasked) == (1, (), {}, 0)


def test_every_difference_is_told_and_kept_on_request(beside: Beside) -> None:
    beside.there(
        status=ServerStatus.STOPPED,
        address="127.77.0.9",
        region="east",
        tags=("front", "capsule-0123456789"),
        slug="large",
        price_per_hour=Money.of("0.07"),
    )
    drift = beside.look()
    assert beside.kept() == beside.xnode
    (change,) = drift.changes
    assert {name: value.after for name, value in change.fields.items()} == {
        "status": "stopped",
        "address": "127.77.0.9",
        "region": "east",
        "tags": ["front"],
        "template": "large",
        "price_per_hour": {"amount": "0.07", "currency": "USD"},
        "price_per_month": {"amount": "51.1", "currency": "USD"},
    }
    beside.sync().run(drift)
    assert beside.look().changes == ()
    assert beside.kept().tags == ("front",)


def test_a_tag_spelled_otherwise_and_a_word_that_nobody_knows_are_no_difference(
    beside: Beside,
) -> None:
    beside.inventory.update(beside.xnode.model_copy(update={"tags": ("Front", "b")}))
    beside.there(status=ServerStatus.UNKNOWN, tags=("B", "front"))
    assert beside.look().changes == ()


def test_one_that_its_cloud_knows_no_more_is_gone_in_every_book(beside: Beside) -> None:
    beside.street.cloud.servers_by_id.clear()
    beside.sync().run(beside.look())
    assert beside.kept().status is ServerStatus.GONE
    assert beside.kept().terminated_at == beside.street.clock.now()
    assert not beside.street.known_hosts.pinned(beside.xnode.id)


def test_a_list_that_is_late_ends_nothing(beside: Beside) -> None:
    beside.street.cloud.servers_by_id.clear()
    young = beside.xnode.model_copy(update={"created_at": beside.street.clock.now()})
    beside.inventory.update(young)
    assert beside.look().changes == ()


def test_a_cloud_that_does_not_answer_changes_nothing_and_is_told(beside: Beside) -> None:
    other = beside.xnode.model_copy(
        update={"id": "z9", "name": "other", "provider": "locked", "status": ServerStatus.STOPPED}
    )
    beside.inventory.add(other)
    beside.street.cloud.fails = ProviderUnavailable("fakecloud", "no answer")
    drift = beside.look()
    assert drift.changes == ()
    assert drift.checked == 0
    assert set(drift.silent) == {"fakecloud", "locked"}
    assert "no credentials" in drift.silent["locked"]


def test_what_is_at_no_cloud_is_only_counted(beside: Beside) -> None:
    for number, changes in enumerate([{"provider": "manual"}, {"server_id": ""}]):
        own = {"id": f"m{number}", "name": f"nas{number}", **changes}
        beside.inventory.add(beside.xnode.model_copy(update=own))
    drift = beside.look()
    assert (drift.checked, drift.unasked) == (1, 2)


def test_what_was_changed_here_meanwhile_stays(beside: Beside) -> None:
    beside.there(status=ServerStatus.STOPPED)
    drift = beside.look()
    changed = beside.xnode.model_copy(update={"status": ServerStatus.RESTARTING})
    beside.inventory.update(changed)
    beside.sync().run(drift)
    assert beside.kept() == changed
    other = beside.xnode.model_copy(update={"profile": "prod"})
    beside.inventory.update(other)
    beside.sync().run(drift)
    assert (beside.kept().status, beside.kept().profile) == (ServerStatus.STOPPED, "prod")
