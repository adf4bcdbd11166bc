"""Accounts beside our books: nothing is concluded from silence, and nothing foreign is touched."""

from dataclasses import replace
from datetime import timedelta

import pytest

from capsule_domain.errors import Conflict, NotFound, ProviderError, ProviderUnavailable
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.leftover import Leftover, LeftoverKind
from capsule_domain.models.money import Money
from capsule_domain.models.reconciliation import ReconcileRow, Reconciliation, Standing
from capsule_domain.models.server import Server, ServerRequest, ServerStatus
from capsule_domain.models.time_to_live import expiry_tag
from capsule_domain.ports.provider import Provider
from capsule_domain.services.reap import Reap
from capsule_domain.services.reconcile import Reconcile
from capsule_domain.services.settle_accounts import SettleAccounts
from capsule_domain.services.write_off import WriteOff
from tests.fakes.keys import FakeKeys
from tests.services.renting import Street

LONG = 3600.0


def rent(street: Street, name: str, *tags: str) -> str:
    """A server that somebody rented without asking us; its id."""
    [key] = [FakeKeys().deploy_key(None)]
    request = ServerRequest(
        name=name, region="west", slug="small", ssh_public_key=key.public_openssh, tags=tags
    )
    return street.cloud.create(request).server_id


def reconcile(street: Street) -> Reconcile:
    return Reconcile(
        clouds=("fakecloud",),
        provider=lambda _name: street.cloud,
        inventory=street.inventory,
        journal=street.journal,
        clock=street.clock,
    )


def looked(street: Street) -> Reconciliation:
    return reconcile(street).run()


def only(street: Street) -> ReconcileRow:
    [row] = looked(street).rows
    return row


def settle(street: Street) -> SettleAccounts:
    books = WriteOff(street.inventory, street.journal, street.known_hosts, street.clock)
    return SettleAccounts(
        provider=lambda _name: street.cloud,
        inventory=street.inventory,
        journal=street.journal,
        clock=street.clock,
        write_off=books,
        new_id=lambda: "ffffffffff",
    )


def test_what_is_as_the_inventory_has_it_is_managed() -> None:
    street = Street()
    xnode = street.run(street.plan(tags=("a",)))
    row = only(street)
    assert (row.state, row.xnode, row.deployment) == (Standing.MANAGED, xnode.id, xnode.id)
    assert row.price_per_month == xnode.price_per_month
    assert looked(street).leaking_per_month == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": ServerStatus.STOPPED}, "status stopped, not running"),
        ({"address": "127.77.9.9"}, "address 127.77.9.9, not 127.77.0.1"),
        ({"name": "db"}, "name db, not web-1"),
        ({"region": "east"}, "region east, not west"),
        ({"tags": ("capsule-0000000001",)}, "lacks the tag a"),
    ],
)
def test_what_differs_has_drifted_and_is_said(changes: dict[str, object], said: str) -> None:
    street = Street()
    xnode = street.run(street.plan(tags=("a",)))
    server = street.cloud.servers_by_id[xnode.server_id]
    street.cloud.servers_by_id[xnode.server_id] = server.model_copy(update=changes)
    row = only(street)
    assert (row.state, row.detail) == (Standing.DRIFTED, said)


def test_what_the_cloud_does_not_know_is_no_drift() -> None:
    street = Street()
    xnode = street.run()
    server = street.cloud.servers_by_id[xnode.server_id]
    street.cloud.servers_by_id[xnode.server_id] = server.model_copy(
        update={"status": ServerStatus.UNKNOWN, "address": None}
    )
    assert only(street).state is Standing.MANAGED


def test_what_no_capsule_rented_is_foreign_and_never_touched() -> None:
    street = Street()
    for tags in ((), ("capsule-web",), ("capsule-expires:1",), ("xcapsule-0000000001",)):
        street.cloud.servers_by_id.clear()
        rent(street, "theirs", *tags)
        row = only(street)
        assert row.state is Standing.FOREIGN
        for work in (settle(street).adopt, settle(street).destroy, settle(street).forget):
            with pytest.raises(Conflict, match="foreign"):
                work(row)
    assert street.cloud.destroyed == []


def test_another_machines_server_is_an_orphan_that_can_be_adopted() -> None:
    street = Street()
    server_id = rent(street, "theirs", "capsule-00000000aa", "db", "capsule-expires:1999999999")
    street.cloud.server(server_id)
    row = only(street)
    assert (row.state, row.deployment) == (Standing.ORPHAN, "00000000aa")
    assert row.price_per_month is not None
    assert looked(street).leaking_per_month == (row.price_per_month,)
    xnode = settle(street).adopt(row)
    assert (xnode.id, xnode.name, xnode.tags) == ("00000000aa", "theirs", ("db",))
    assert xnode.expires_at is not None
    assert only(street).state is Standing.MANAGED
    with pytest.raises(Conflict, match="by now"):
        settle(street).destroy(row)


def test_an_orphan_that_nobody_prices_or_whose_name_is_taken_is_not_adopted() -> None:
    street = Street()
    street.run()
    rent(street, "web-1", "capsule-00000000aa")
    [row] = looked(street).of(Standing.ORPHAN)
    with pytest.raises(Conflict):
        settle(street).adopt(row)
    assert row.server is not None
    free = row.model_copy(
        update={"server": row.server.model_copy(update={"name": "x", "price_per_hour": None})}
    )
    with pytest.raises(Conflict, match="what x costs"):
        settle(street).adopt(free)


def test_an_orphan_can_be_ended() -> None:
    street = Street()
    server_id = rent(street, "theirs", "capsule-00000000aa")
    settle(street).destroy(only(street))
    assert street.cloud.destroyed == [server_id]
    with pytest.raises(NotFound):
        street.cloud.server(server_id)


def test_what_outlived_its_deployment_is_an_orphan() -> None:
    street = Street()
    xnode = street.run()
    server = street.cloud.servers_by_id[xnode.server_id]
    street.terminate().run(street.terminate().find("web-1"))
    street.cloud.servers_by_id[xnode.server_id] = server
    row = only(street)
    assert (row.state, "terminated" in row.detail) == (Standing.ORPHAN, True)


def unfinished(street: Street) -> Server:
    street.cloud.boot_polls = None
    with pytest.raises(ProviderError):
        street.run()
    [server] = street.cloud.servers_by_id.values()
    return server


def test_what_is_unfinished_says_both_ways_on() -> None:
    street = Street()
    unfinished(street)
    row = only(street)
    assert row.state is Standing.UNFINISHED
    assert "--resume 0000000001" in row.detail
    assert "--abandon 0000000001" in row.detail
    street.cloud.servers_by_id.clear()
    row = only(street)
    assert (row.state, row.server_id) == (Standing.UNFINISHED, "9001")


def test_a_second_server_of_one_deployment_is_an_orphan() -> None:
    street = Street()
    unfinished(street)
    rent(street, "web-1", "capsule-0000000001")
    assert [row.state for row in looked(street).rows] == [Standing.ORPHAN, Standing.UNFINISHED]


def test_a_ghost_needs_a_complete_answer_older_than_the_settling_time() -> None:
    street = Street()
    xnode = street.run()
    server = street.cloud.servers_by_id.pop(xnode.server_id)
    assert (only(street).state, "young" in only(street).detail) == (Standing.MANAGED, True)
    street.clock.advance(LONG)
    assert only(street).state is Standing.GHOST
    street.cloud.servers_by_id[xnode.server_id] = server
    street.cloud.servers = list  # type: ignore[method-assign,assignment]
    assert only(street).detail == "not listed, and there when asked for"


def test_a_ghost_is_written_off_and_its_name_is_free() -> None:
    street = Street()
    street.run()
    street.cloud.servers_by_id.clear()
    street.clock.advance(LONG)
    assert settle(street).forget(only(street)).status is ServerStatus.GONE
    assert looked(street).rows == ()
    assert street.inventory.list() == []
    assert street.known_hosts.keys == {}


def test_nothing_is_concluded_from_a_cloud_that_does_not_answer() -> None:
    street = Street()
    street.run()
    street.clock.advance(LONG)
    street.cloud.fails = ProviderUnavailable("fakecloud", "503")
    other = Street()
    clouds = {"fakecloud": street.cloud, "other": other.cloud}
    other.cloud.name = "other"
    both = replace(reconcile(street), clouds=("other",), provider=lambda name: clouds[name])
    found = both.run()
    assert found.rows == ()
    assert [(one.provider, one.reason) for one in found.silent] == [("fakecloud", "fakecloud: 503")]
    with pytest.raises(ProviderUnavailable):
        looked(street)


def test_a_key_that_may_not_look_for_leftovers_still_shows_the_servers() -> None:
    street = Street()
    street.run()

    def refused() -> object:
        raise ProviderError("fakecloud", "lacks a right")

    street.cloud.leftovers = refused  # type: ignore[method-assign,assignment]
    found = looked(street)
    assert [row.state for row in found.rows] == [Standing.MANAGED]
    assert [one.reason for one in found.silent] == ["fakecloud: lacks a right"]


def test_leftovers_are_shown_when_no_server_can_need_them_and_priced() -> None:
    street = Street()
    street.run()
    volume = Leftover(
        provider="fakecloud",
        kind=LeftoverKind.VOLUME,
        id="v",
        name="capsule-00000000aa",
        deployment=DeploymentId("00000000aa"),
        price_per_month=Money.of("2"),
    )
    street.cloud.left["v"] = volume
    assert looked(street).leftovers == (volume,)
    assert looked(street).leaking_per_month == (Money.of("2"),)
    street.terminate().run(street.terminate().find("web-1"))
    assert [leftover.kind for leftover in looked(street).leftovers] == [
        LeftoverKind.VOLUME,
        LeftoverKind.KEY,
    ]
    for leftover in looked(street).leftovers:
        settle(street).remove(leftover)
    assert looked(street).leftovers == ()


def reap(street: Street) -> Reap:
    return Reap(
        clouds=("fakecloud",),
        provider=lambda _name: street.cloud,
        inventory=street.inventory,
        clock=street.clock,
        terminate=street.terminate(),
    )


def test_what_expired_goes_by_tag_or_inventory_and_what_is_protected_stays() -> None:
    street = Street()
    soon = street.clock.now() + timedelta(hours=1)
    later = street.clock.now() + timedelta(hours=9)
    for number, name in enumerate(("ours", "kept", "longer", "forever"), start=1):
        street.hosts.add(f"127.77.0.{number}", answers=street.machine.answers)
        street.run(street.plan(name, expires_at=None if name == "forever" else soon))
    kept, longer = street.inventory.get("kept"), street.inventory.get("longer")
    street.inventory.update(kept.model_copy(update={"protected": True}))
    street.inventory.update(longer.model_copy(update={"expires_at": later}))
    rent(street, "theirs", "capsule-00000000aa", expiry_tag(soon))
    rent(street, "foreign", expiry_tag(soon))
    rent(street, "theirs-later", "capsule-00000000ab", expiry_tag(later))
    assert reap(street).look()[0] == []
    street.clock.advance(2 * 3600)
    found, asked = reap(street).look()
    assert {(one.name, one.protected) for one in found} == {
        ("ours", False),
        ("kept", True),
        ("theirs", False),
    }
    assert asked.silent == ()
    assert [one.error for one in reap(street).run(found)] == [None, None]
    living = {server.name for server in street.cloud.servers_by_id.values()}
    assert living == {"kept", "longer", "forever", "foreign", "theirs-later"}
    assert {xnode.name for xnode in street.inventory.list()} == {"kept", "longer", "forever"}


def test_one_that_cannot_be_ended_does_not_keep_the_others() -> None:
    street = Street()
    past = expiry_tag(street.clock.now())
    ids = [rent(street, f"s-{n}", f"capsule-000000000{n}", past) for n in range(3)]
    destroy = street.cloud.destroy

    def failing(server_id: str) -> None:
        if server_id == ids[1]:
            raise ProviderUnavailable("fakecloud", "503")
        destroy(server_id)

    street.cloud.destroy = failing  # type: ignore[method-assign]
    reaped = reap(street).run(reap(street).look()[0])
    assert {one.expired.server_id for one in reaped if one.error} == {ids[1]}
    assert list(street.cloud.servers_by_id) == [ids[1]]


def test_one_that_was_protected_meanwhile_stays() -> None:
    street = Street()
    xnode = street.run(street.plan(expires_at=street.clock.now()))
    found, _ = reap(street).look()
    street.inventory.update(xnode.model_copy(update={"protected": True}))
    [one] = reap(street).run(found)
    assert one.error is not None
    assert list(street.cloud.servers_by_id) == [xnode.server_id]


def test_a_server_at_no_cloud_is_nobodys_to_ask_for() -> None:
    street = Street()
    nas = street.run().model_copy(
        update={"id": "nas", "name": "nas", "provider": "manual", "expires_at": street.clock.now()}
    )
    street.inventory.add(nas)
    asked: list[str] = []

    def connect(name: str) -> Provider:
        asked.append(name)
        return street.cloud

    replace(reconcile(street), provider=connect).run()
    found, _ = replace(reap(street), provider=connect).look()
    assert asked == ["fakecloud", "fakecloud"]
    assert found == []
