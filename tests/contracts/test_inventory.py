"""What every inventory keeps: the fake, and SQLite."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.sqlite import Database
from capsule_adapters.store.state import state_database
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import FieldChange, XNode, XNodeFilter, XNodeOrder
from capsule_domain.models.xnode_group import GroupKey, XNodeGroup
from capsule_domain.ports.inventory import Inventory
from tests.fakes.inventory import FakeInventory

NOON = datetime(2026, 11, 23, 12, 0, 0, 654321, tzinfo=UTC)

MAKERS: dict[str, Callable[[Database], Inventory]] = {
    "fake": lambda _: FakeInventory(actor="anna@laptop", now=lambda: NOON),
    "sqlite": lambda database: SqliteInventory(database, actor="anna@laptop", now=lambda: NOON),
}
BIRTH = datetime(2026, 11, 1, 8, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture(params=MAKERS)
def inventory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Inventory]:
    database = state_database(tmp_path)
    yield MAKERS[request.param](database)
    database.close()


def xnode(id_: str, name: str, **changes: object) -> XNode:
    plain = XNode(
        id=id_,
        name=name,
        provider="digitalocean",
        server_id="4242",
        region="ams3",
        template="do-basic-1",
        status=ServerStatus.RUNNING,
        price_per_hour=Money.of("0.00893"),
        price_per_month=Money.of("6"),
        created_at=BIRTH,
    )
    return XNode.model_validate(plain.model_dump() | changes)


def gone(id_: str, name: str, *, age_days: int = 0) -> XNode:
    return xnode(id_, name, status=ServerStatus.GONE, created_at=BIRTH - timedelta(days=age_days))


def test_what_was_added_comes_back_exactly(inventory: Inventory) -> None:
    full = xnode(
        "a1",
        "web-1",
        address="203.0.113.9",
        ssh_user="admin",
        ssh_port=2222,
        ssh_key="/keys/id",
        price_per_hour=Money.of("0.0080", "EUR"),
        price_per_month=Money.of("5.5", "EUR"),
        profile="prod",
        tags=("front", "eu", "front"),
        expires_at=BIRTH + timedelta(hours=8),
        protected=True,
        generation=7,
        deployment="a1",
    )
    inventory.add(full)
    assert inventory.get("web-1") == full
    assert inventory.list() == [full]


def test_a_taken_id_is_a_conflict_even_of_one_that_is_gone(inventory: Inventory) -> None:
    inventory.add(gone("a1", "old"))
    with pytest.raises(Conflict, match="a1"):
        inventory.add(xnode("a1", "new"))


def test_two_living_ones_never_share_a_name(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web"))
    with pytest.raises(Conflict, match="web"):
        inventory.add(xnode("a2", "web"))
    assert [x.id for x in inventory.list()] == ["a1"]


def test_the_name_of_one_that_is_gone_is_free_again(inventory: Inventory) -> None:
    inventory.add(gone("a1", "web"))
    inventory.add(xnode("a2", "web"))
    inventory.add(gone("a3", "web"))
    assert inventory.get("web").id == "a2"


def test_an_update_replaces_all_of_it(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web", tags=("old",)))
    changed = xnode(
        "a1", "web-2", tags=("new",), region="fra1", status=ServerStatus.STOPPED, provider="vultr"
    )
    inventory.update(changed)
    assert inventory.get("a1") == changed
    assert inventory.list(XNodeFilter(tags=("old",))) == []
    assert inventory.list(XNodeFilter(tags=("new",), region="fra1", provider="vultr")) == [changed]


def test_an_update_of_an_unknown_one_is_not_found(inventory: Inventory) -> None:
    with pytest.raises(NotFound):
        inventory.update(xnode("a1", "web"))
    assert inventory.list(XNodeFilter(include_gone=True)) == []


def test_an_update_cannot_take_the_name_of_another_living_one(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web"))
    inventory.add(xnode("a2", "db", tags=("t",)))
    with pytest.raises(Conflict):
        inventory.update(xnode("a2", "web"))
    assert inventory.get("a2") == xnode("a2", "db", tags=("t",))


def test_one_that_ends_frees_its_name_and_cannot_take_it_back(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web"))
    inventory.update(gone("a1", "web"))
    inventory.add(xnode("a2", "web"))
    with pytest.raises(Conflict):
        inventory.update(xnode("a1", "web"))


def test_name_id_and_unique_prefixes_of_both_are_understood(inventory: Inventory) -> None:
    inventory.add(xnode("9f3c11", "web-1"))
    inventory.add(xnode("77aa00", "db-1"))
    assert {inventory.get(word).id for word in ("web-1", "web", "w", "9f3c11", "9f")} == {"9f3c11"}


def test_a_prefix_is_refused_where_a_whole_name_is_asked(inventory: Inventory) -> None:
    inventory.add(xnode("9f3c11", "web-1"))
    assert inventory.get("web-1", exact=True).id == "9f3c11"
    assert inventory.get("9f3c11", exact=True).id == "9f3c11"
    for prefix in ("web", "9f"):
        with pytest.raises(NotFound):
            inventory.get(prefix, exact=True)


def test_a_whole_name_goes_before_a_longer_one_that_begins_so(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web"))
    inventory.add(xnode("a2", "web-2"))
    assert inventory.get("web").id == "a1"


def test_a_prefix_of_several_is_a_conflict_that_names_them(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-1"))
    inventory.add(xnode("a2", "web-2"))
    with pytest.raises(Conflict, match="web-1") as caught:
        inventory.get("web")
    assert "web-2" in caught.value.message


def test_a_name_that_is_anothers_id_is_a_conflict(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "a2"))
    inventory.add(xnode("a2", "web"))
    with pytest.raises(Conflict):
        inventory.get("a2", exact=True)


def test_a_living_one_goes_before_one_that_is_gone(inventory: Inventory) -> None:
    inventory.add(gone("a1", "web-old"))
    inventory.add(xnode("b1", "web-new"))
    assert inventory.get("web").id == "b1"


def test_of_several_gone_ones_of_a_name_the_newest_is_meant(inventory: Inventory) -> None:
    inventory.add(gone("a1", "web", age_days=3))
    inventory.add(gone("a2", "web", age_days=1))
    inventory.add(gone("a3", "web", age_days=2))
    assert inventory.get("web").id == "a2"
    assert inventory.get("we").id == "a2"
    assert inventory.get("a3").id == "a3"


def test_a_prefix_of_gone_ones_with_different_names_is_a_conflict(inventory: Inventory) -> None:
    inventory.add(gone("a1", "web-1"))
    inventory.add(gone("a2", "web-2"))
    with pytest.raises(Conflict):
        inventory.get("web")


def test_an_unknown_name_is_not_found_with_the_nearest(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-1"))
    inventory.add(gone("a2", "wbe-1"))
    with pytest.raises(NotFound) as caught:
        inventory.get("wbe-2")
    assert caught.value.suggestion == "web-1"
    assert caught.value.hint


@pytest.mark.parametrize("word", ["", "%", "_", "*", "web\x00", "\udcff", "' OR 1=1 --"])
def test_odd_words_find_nothing_and_break_nothing(inventory: Inventory, word: str) -> None:
    inventory.add(xnode("a1", "web-1"))
    with pytest.raises(NotFound):
        inventory.get(word)


def test_the_list_is_by_name_and_leaves_out_what_is_gone(inventory: Inventory) -> None:
    for id_, name in (("a1", "web-2"), ("a2", "api"), ("a3", "web-1")):
        inventory.add(xnode(id_, name))
    inventory.add(gone("a4", "old"))
    assert [x.name for x in inventory.list()] == ["api", "web-1", "web-2"]
    everything = inventory.list(XNodeFilter(include_gone=True))
    assert [x.name for x in everything] == ["api", "old", "web-1", "web-2"]


def test_asking_for_the_status_gone_shows_them(inventory: Inventory) -> None:
    inventory.add(gone("a4", "old"))
    inventory.add(xnode("a1", "web"))
    assert [x.id for x in inventory.list(XNodeFilter(status=ServerStatus.GONE))] == ["a4"]


def test_every_part_of_a_filter_must_match(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "one", tags=("a", "b")))
    inventory.add(xnode("a2", "two", tags=("a",), region="fra1"))
    inventory.add(xnode("a3", "three", tags=("b",), provider="vultr"))
    inventory.add(xnode("a4", "four", status=ServerStatus.STOPPED))

    def ids(chosen: XNodeFilter) -> list[str]:
        return [x.id for x in inventory.list(chosen)]

    assert ids(XNodeFilter(tags=("a",))) == ["a1", "a2"]
    assert ids(XNodeFilter(tags=("a", "b"))) == ["a1"]
    assert ids(XNodeFilter(tags=("a",), region="fra1")) == ["a2"]
    assert ids(XNodeFilter(provider="vultr", region="fra1")) == []
    assert ids(XNodeFilter(status=ServerStatus.STOPPED)) == ["a4"]
    assert ids(XNodeFilter(tags=("A",))) == []


def test_a_forgotten_one_is_gone_with_its_tags(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web", tags=("t",)))
    inventory.remove("a1")
    assert inventory.list(XNodeFilter(tags=("t",), include_gone=True)) == []
    inventory.add(xnode("a1", "web"))
    assert inventory.list(XNodeFilter(tags=("t",))) == []


def test_forgetting_an_unknown_one_is_not_found_even_by_its_name(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web"))
    for word in ("web", "a", "a2"):
        with pytest.raises(NotFound):
            inventory.remove(word)


NAMES = st.text(alphabet="ab-é", min_size=1, max_size=4)
FLEETS = st.lists(st.tuples(NAMES, NAMES, st.booleans()), max_size=8)


@pytest.fixture
def fresh_sqlite(tmp_path: Path) -> Iterator[Callable[[], Inventory]]:
    database = state_database(tmp_path)

    def empty() -> Inventory:
        with database.change() as transaction:
            transaction.execute("DELETE FROM xnodes")
        return SqliteInventory(database)

    yield empty
    database.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fleet=FLEETS, words=st.lists(NAMES, max_size=5), exact=st.booleans())
def test_the_fake_and_sqlite_always_answer_alike(
    fresh_sqlite: Callable[[], Inventory],
    fleet: list[tuple[str, str, bool]],
    words: list[str],
    exact: bool,  # noqa: FBT001 (Hypothesis passes it by name)
) -> None:
    answers = []
    for inventory in (FakeInventory(), fresh_sqlite()):
        said: list[object] = []
        for age, (id_, name, ended) in enumerate(fleet):
            status = ServerStatus.GONE if ended else ServerStatus.RUNNING
            made = xnode(id_, name, status=status, created_at=BIRTH + timedelta(hours=age))
            said.append(_outcome(lambda: inventory.add(made)))  # noqa: B023 (called at once)
        said += [_outcome(lambda: inventory.get(word, exact=exact).id) for word in words]  # noqa: B023
        said.append([x.id for x in inventory.list(XNodeFilter(include_gone=True))])
        answers.append(said)
    assert answers[0] == answers[1]


def _outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except (Conflict, NotFound) as error:
        return type(error)


def test_every_change_is_kept_with_who_and_when(inventory: Inventory) -> None:
    first = xnode("a1", "web-1")
    stopped = first.model_copy(update={"status": ServerStatus.STOPPED, "address": "203.0.113.9"})
    inventory.add(first)
    inventory.update(stopped)
    inventory.update(stopped)
    inventory.remove("a1")
    added, changed, removed = inventory.changes("a1")
    assert [one.kind for one in (added, changed, removed)] == ["added", "changed", "removed"]
    assert {(one.time, one.actor, one.name) for one in (added, changed, removed)} == {
        (NOON, "anna@laptop", "web-1")
    }
    assert added.fields["status"] == FieldChange(before=None, after="running")
    assert changed.fields == {
        "status": FieldChange(before="running", after="stopped"),
        "address": FieldChange(before=None, after="203.0.113.9"),
    }
    assert removed.fields["address"] == FieldChange(before="203.0.113.9", after=None)


def test_changes_are_told_of_one_xnode_or_of_all_and_from_a_time_on(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-1"))
    inventory.add(xnode("b2", "web-2"))
    assert [change.xnode for change in inventory.changes()] == ["a1", "b2"]
    assert [change.xnode for change in inventory.changes("b2")] == ["b2"]
    assert inventory.changes(since=NOON) == inventory.changes()
    assert inventory.changes(since=NOON + timedelta(microseconds=1)) == []
    assert inventory.changes("nobody") == []
    assert [change.xnode for change in inventory.changes(limit=1)] == ["b2"]
    assert inventory.changes(limit=0) == []
    assert inventory.changes(limit=9) == inventory.changes()


def test_what_was_refused_is_no_change(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-1"))
    with pytest.raises(Conflict):
        inventory.add(xnode("b2", "web-1"))
    with pytest.raises(NotFound):
        inventory.remove("b2")
    assert len(inventory.changes()) == 1


def test_several_are_kept_together(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-1", tags=("old",)))
    changed = xnode("a1", "web-1", tags=("new",), address="203.0.113.9")
    inventory.save_all(iter([changed, xnode("b2", "web-2")]))
    assert inventory.list() == [changed, xnode("b2", "web-2")]
    assert inventory.list(XNodeFilter(tags=("old",))) == []
    assert inventory.list(XNodeFilter(tags=("new",))) == [changed]
    assert [change.kind for change in inventory.changes()] == ["added", "changed", "added"]


def test_of_two_with_one_id_the_later_counts(inventory: Inventory) -> None:
    inventory.save_all([xnode("a1", "web-1"), xnode("a1", "web-2")])
    assert inventory.list() == [xnode("a1", "web-2")]


def test_several_are_kept_all_or_none(inventory: Inventory) -> None:
    kept = xnode("a1", "web-1")
    inventory.add(kept)

    def broken() -> Iterator[XNode]:
        yield xnode("a1", "web-9")
        yield xnode("b2", "web-2")
        raise EOFError

    with pytest.raises(EOFError):
        inventory.save_all(broken())
    with pytest.raises(Conflict, match="web-1"):
        inventory.save_all([xnode("b2", "web-2"), xnode("c3", "web-1")])
    assert inventory.list(XNodeFilter(include_gone=True)) == [kept]
    assert len(inventory.changes()) == 1


def test_two_that_are_kept_together_may_swap_their_names(inventory: Inventory) -> None:
    inventory.save_all([xnode("a1", "web-1"), xnode("b2", "web-2"), xnode("c3", "web-3")])
    inventory.save_all([xnode("a1", "web-2"), xnode("b2", "web-1")])
    assert [(x.id, x.name) for x in inventory.list()] == [
        ("b2", "web-1"),
        ("a1", "web-2"),
        ("c3", "web-3"),
    ]
    assert [change.fields["name"].after for change in inventory.changes()[3:]] == ["web-2", "web-1"]
    assert inventory.living(["web-1"]) == {"web-1": xnode("b2", "web-1")}


def test_a_name_may_be_taken_before_the_line_that_gives_it_up(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-1"))
    many = (xnode(f"n{number}", f"n{number}") for number in range(700))
    inventory.save_all([xnode("b2", "web-1"), *many, gone("a1", "web-1")])
    assert inventory.get("web-1").id == "b2"
    assert inventory.get("a1").status is ServerStatus.GONE


def test_a_name_that_nobody_gives_up_is_taken(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-1"))
    changed = xnode("a1", "web-1", address="203.0.113.9")
    for others in ([], [changed], [xnode("a1", "web-2"), changed]):
        with pytest.raises(Conflict, match="web-1"):
            inventory.save_all([xnode("b2", "web-1"), *others])
        with pytest.raises(Conflict, match="web-1"):
            inventory.save_all([*others, xnode("b2", "web-1")])
    with pytest.raises(Conflict, match="web-9"):
        inventory.save_all([xnode("b2", "web-9"), xnode("c3", "web-9")])
    assert inventory.list() == [xnode("a1", "web-1")]
    assert len(inventory.changes()) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=FLEETS, after=FLEETS)
def test_whatever_is_kept_together_the_fake_and_sqlite_keep_the_same(
    fresh_sqlite: Callable[[], Inventory],
    before: list[tuple[str, str, bool]],
    after: list[tuple[str, str, bool]],
) -> None:
    answers = []
    for inventory in (FakeInventory(), fresh_sqlite()):
        said: list[object] = []
        for fleet in (before, after):
            those = [gone(id_, name) if ended else xnode(id_, name) for id_, name, ended in fleet]
            said.append(_outcome(lambda: inventory.save_all(those)))  # noqa: B023 (called at once)
        kept = inventory.list(XNodeFilter(include_gone=True))
        said.append([(x.id, x.name, x.status) for x in kept])
        said.append(inventory.names(limit=9))
        answers.append(said)
    assert answers[0] == answers[1]


def test_those_of_some_ids_are_told_by_id(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-1"))
    inventory.add(gone("b2", "old"))
    asked = ["a1", "b2", "c3", "web-1", "\udcff", *(f"n{number}" for number in range(1200))]
    assert inventory.known(asked) == {"a1": xnode("a1", "web-1"), "b2": gone("b2", "old")}
    assert inventory.known([]) == {}
    assert inventory.living(["web-1", "old", "a1", "\udcff"]) == {"web-1": xnode("a1", "web-1")}


def test_all_are_told_one_by_one_in_the_order_of_the_list(inventory: Inventory) -> None:
    assert list(inventory.each()) == []
    inventory.save_all(xnode(f"{n:04}", f"n{n % 7:03}", status="gone") for n in range(1201))
    inventory.add(xnode("a1", "n003"))
    everyone = XNodeFilter(include_gone=True)
    assert list(inventory.each(everyone)) == inventory.list(everyone)
    assert [one.id for one in inventory.each()] == ["a1"]


def test_what_is_kept_together_may_depend_on_what_is_kept(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-1"))

    def asking() -> Iterator[XNode]:
        for one in inventory.known(["a1", "b2"]).values():
            assert inventory.get("web-1") == one
            yield one.model_copy(update={"address": "203.0.113.9"})

    inventory.save_all(asking())
    assert inventory.get("a1").address == "203.0.113.9"


def test_the_dearest_and_the_oldest_stand_first_and_no_more_than_asked(
    inventory: Inventory,
) -> None:
    prices = {"a1": "9", "b2": "10.5", "c3": "10.5", "d4": "0"}
    for age, (id_, price) in enumerate(prices.items()):
        born = BIRTH - timedelta(days=age % 3)
        inventory.add(xnode(id_, id_, price_per_month=Money.of(price), created_at=born))
    euros = Money.of("99", "EUR")
    inventory.add(xnode("e5", "e5", price_per_hour=euros, price_per_month=euros))

    def ids(order: XNodeOrder, **wanted: Any) -> list[str]:
        chosen = XNodeFilter(currency=wanted.pop("currency", None))
        return [x.id for x in inventory.list(chosen, order=order, **wanted)]

    assert ids(XNodeOrder.DEAREST, currency="USD") == ["b2", "c3", "a1", "d4"]
    assert ids(XNodeOrder.DEAREST, limit=2) == ["e5", "b2"]
    assert ids(XNodeOrder.OLDEST, limit=3) == ["c3", "b2", "a1"]
    assert ids(XNodeOrder.NAME, limit=2) == ["a1", "b2"]
    assert ids(XNodeOrder.NAME, limit=0) == []
    assert inventory.count() == 5
    assert inventory.count(XNodeFilter(currency="EUR")) == 1


def grouped(
    inventory: Inventory, *by: GroupKey, **wanted: Any
) -> dict[tuple[str, ...], XNodeGroup]:
    rows = inventory.groups(by, until=BIRTH + timedelta(days=10), **wanted)
    found = {(*row.keys, str(row.price_per_month)): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_they_are_counted_by_what_is_asked_and_by_price(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "one", tags=("a", "b", "a")))
    inventory.add(xnode("b2", "two", tags=("a",), profile="prod"))
    euros = Money.of("7", "EUR")
    inventory.add(xnode("c3", "three", price_per_hour=euros, price_per_month=euros))
    inventory.add(gone("d4", "old"))
    assert {key: row.count for key, row in grouped(inventory, GroupKey.TAG).items()} == {
        ("a", "6 USD"): 2,
        ("b", "6 USD"): 1,
        ("", "7 EUR"): 1,
    }
    by_profile = grouped(inventory, GroupKey.PROFILE, GroupKey.STATUS)
    assert by_profile["prod", "running", "6 USD"].count == 1
    assert sum(row.count for row in by_profile.values()) == 3
    everything = grouped(inventory, chosen=XNodeFilter(include_gone=True))
    assert sum(row.count for row in everything.values()) == 4
    assert grouped(inventory, chosen=XNodeFilter(region="nowhere")) == {}


def test_time_is_counted_from_the_creation_to_the_end(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "one"))
    inventory.add(xnode("b2", "two", terminated_at=BIRTH + timedelta(hours=2)))
    (row,) = grouped(inventory).values()
    assert (row.count, row.seconds, row.uncapped_seconds) == (2, 242 * 3600, 242 * 3600)
    assert row.cost(capped=True) == Decimal("0.00893") * 242
    (unborn,) = inventory.groups([], until=BIRTH - timedelta(days=99))
    assert (unborn.count, unborn.seconds) == (2, 0)
    assert unborn.cost(capped=True) == 0


def test_a_month_costs_its_price_at_most_where_the_cloud_caps_it(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "one", price_per_hour=Money.of("0.1")))
    inventory.add(xnode("b2", "two", price_per_hour=Money.of(0)))
    (first, second) = sorted(inventory.groups([], until=BIRTH + timedelta(days=40)), key=_hourly)
    assert (first.capped_months, second.capped_months) == (2, 2)
    assert [row.cost(capped=True) for row in (first, second)] == [12, 12]
    assert [row.cost(capped=False) for row in (first, second)] == [0, 96]


def _hourly(row: XNodeGroup) -> Decimal:
    return row.price_per_hour.amount


def test_how_many_there_are_of_each_kind_is_told_without_them(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "one", tags=("a", "b", "a"), status="stopped"))
    inventory.add(xnode("b2", "two", tags=("a",), profile="prod"))
    inventory.add(gone("d4", "old"))
    status, cloud = GroupKey.STATUS, GroupKey.PROVIDER
    assert inventory.counts([status]) == {("running",): 1, ("stopped",): 1}
    assert inventory.counts([cloud, status])["digitalocean", "stopped"] == 1
    assert inventory.counts([GroupKey.TAG]) == {("a",): 2, ("b",): 1}
    assert inventory.counts([GroupKey.PROFILE]) == {("",): 1, ("prod",): 1}
    assert inventory.counts([status], XNodeFilter(include_gone=True))["gone",] == 1
    assert inventory.counts([status], XNodeFilter(region="nowhere")) == {}
    assert (inventory.count(), inventory.count(XNodeFilter(status=ServerStatus.GONE))) == (2, 1)


def test_names_and_tags_are_told_by_their_beginning(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-2", tags=("team-b", "all")))
    inventory.add(xnode("b2", "web-1", tags=("team-a", "all")))
    inventory.add(xnode("c3", "db", tags=("team-c",)))
    inventory.add(xnode("d4", "web-0", status="gone", tags=("team-z",)))
    assert inventory.names(limit=9) == ["db", "web-1", "web-2"]
    assert inventory.names("web", limit=1) == ["web-1"]
    assert inventory.names("x", limit=9) == inventory.names("\udcff", limit=9) == []
    assert inventory.tags() == ["all", "team-a", "team-b", "team-c"]
    assert inventory.tags("team-", limit=2) == ["team-a", "team-b"]
    assert inventory.tags("team-z") == inventory.tags("\udcff") == []


def test_one_that_was_removed_is_known_by_the_name_that_it_had_last(inventory: Inventory) -> None:
    inventory.add(xnode("a1", "web-1"))
    inventory.remove("a1")
    inventory.add(xnode("b2", "web-0"))
    inventory.update(xnode("b2", "web-1"))
    inventory.remove("b2")
    assert inventory.removed("web-1") == "b2"
    assert inventory.removed("a1") == "a1"
    inventory.add(xnode("c3", "web-3"))
    for word in ("web-0", "web", "web-3", "c3", "", "\udcff"):
        with pytest.raises(NotFound):
            inventory.removed(word)
