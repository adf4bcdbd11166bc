"""What every ledger tells of the lives in an inventory: the fake, and SQLite."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.ledger import SqliteLedger
from capsule_adapters.store.sqlite import Database, Synchronous
from capsule_adapters.store.state import STATE_MIGRATIONS
from capsule_domain.models.billing import (
    GroupedBy,
    Period,
    Span,
    Tally,
    Terms,
    month_after,
    month_of,
    whole_month,
)
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.ledger import Ledger
from tests.fakes.inventory import FakeInventory
from tests.fakes.ledger import FakeLedger

BIRTH = datetime(2026, 11, 1, 8, tzinfo=UTC)
TERMS = {
    "vultr": Terms(),
    "aws": Terms(bills_when_stopped=False, unit_seconds=1, minimum_seconds=60, monthly_cap=False),
    "scaleway": Terms(bills_when_stopped=False, monthly_cap=False),
    "digitalocean": Terms(unit_seconds=1, minimum_seconds=60),
    "addressed": Terms(
        bills_when_stopped=False,
        unit_seconds=1,
        minimum_seconds=60,
        monthly_cap=False,
        address_per_hour=Money.of("0.005"),
    ),
}
HOUR = timedelta(hours=1)


@dataclass
class Books:
    """An inventory whose clock is moved by hand, and its ledger."""

    inventory: Inventory
    ledger: Ledger
    times: list[datetime]

    def at(self, moment: datetime) -> None:
        self.times[0] = moment

    def spent(self, now: datetime) -> dict[tuple[str | None, str], Decimal]:
        rows = self.ledger.tally("provider", month_of(now), TERMS.__getitem__)
        return {(row.key, row.currency): row.spent for row in rows}


def fake() -> Books:
    times = [BIRTH]
    inventory = FakeInventory(now=lambda: times[0])
    return Books(inventory, FakeLedger(inventory), times)


def careless(folder: Path) -> Database:
    """Does not wait for the disk: these rows outlive no power cut, and need not."""
    return Database(folder / "state.db", STATE_MIGRATIONS, synchronous=Synchronous.NORMAL)


def kept_in(database: Database) -> Books:
    times = [BIRTH]
    inventory = SqliteInventory(database, now=lambda: times[0])
    return Books(inventory, SqliteLedger(database), times)


MAKERS: dict[str, Callable[[Database], Books]] = {"fake": lambda _: fake(), "sqlite": kept_in}


@pytest.fixture(params=MAKERS)
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    with closing(careless(tmp_path)) as database:
        yield MAKERS[request.param](database)


def xnode(id_: str, provider: str = "vultr", **changes: object) -> XNode:
    plain = XNode(
        id=id_,
        name=f"x-{id_}",
        provider=provider,
        server_id="1",
        region="ams",
        template="small",
        status=ServerStatus.RUNNING,
        price_per_hour=Money.of("0.01"),
        price_per_month=Money.of("6"),
        created_at=BIRTH,
    )
    return plain.model_copy(update=changes)


def stopped(one: XNode) -> XNode:
    return one.model_copy(update={"status": ServerStatus.STOPPED})


def ended(one: XNode, at: datetime) -> XNode:
    return one.model_copy(update={"status": ServerStatus.GONE, "terminated_at": at})


def test_an_empty_inventory_costs_nothing(books: Books) -> None:
    assert books.ledger.tally(None, month_of(BIRTH), TERMS.__getitem__) == []
    assert books.ledger.unbilled(TERMS.__getitem__) == []
    assert books.ledger.rates(TERMS.__getitem__) == []
    assert books.ledger.lives() == {}


def test_the_sums_are_those_of_each_group_and_currency(books: Books) -> None:
    books.inventory.add(xnode("a", tags=("web", "eu"), profile="prod"))
    books.inventory.add(xnode("b", tags=("eu",), region="fra"))
    books.inventory.add(xnode("c", "aws", price_per_hour=Money.of("0.02", "EUR")))
    period = month_of(BIRTH + 10 * HOUR)

    def rows(by: GroupedBy | None) -> set[tuple[str | None, str, int, Decimal]]:
        told = books.ledger.tally(by, period, TERMS.__getitem__)
        return {(row.key, row.currency, row.billed, row.spent) for row in told}

    euro = ("EUR", 1, Decimal("0.2"))
    assert rows(None) == {(None, "USD", 2, Decimal("0.2")), (None, *euro)}
    assert rows("provider") == {("vultr", "USD", 2, Decimal("0.2")), ("aws", *euro)}
    assert rows("region") == {
        ("ams", "USD", 1, Decimal("0.1")),
        ("fra", "USD", 1, Decimal("0.1")),
        ("ams", *euro),
    }
    assert rows("profile") == {
        ("prod", "USD", 1, Decimal("0.1")),
        (None, "USD", 1, Decimal("0.1")),
        (None, *euro),
    }
    assert rows("tag") == {
        ("web", "USD", 1, Decimal("0.1")),
        ("eu", "USD", 2, Decimal("0.2")),
        (None, *euro),
    }


def test_what_a_stop_saves_depends_on_the_cloud(books: Books) -> None:
    for provider in ("vultr", "aws"):
        books.inventory.add(xnode(provider, provider))
    books.at(BIRTH + 10 * HOUR)
    for provider in ("vultr", "aws"):
        books.inventory.update(stopped(books.inventory.get(provider)))
    spent = books.spent(BIRTH + 20 * HOUR)
    assert spent == {("vultr", "USD"): Decimal("0.2"), ("aws", "USD"): Decimal("0.1")}
    assert books.ledger.unbilled(TERMS.__getitem__) == ["x-aws"]
    (rate,) = books.ledger.rates(TERMS.__getitem__)
    assert (rate.hourly, rate.monthly) == (Money.of("0.01"), Money.of(6))


def test_a_changed_price_holds_from_then_on(books: Books) -> None:
    books.inventory.add(xnode("a"))
    books.at(BIRTH + 10 * HOUR)
    dearer = {"price_per_hour": Money.of("0.03"), "price_per_month": Money.of("18")}
    books.inventory.update(books.inventory.get("a").model_copy(update=dearer))
    assert books.spent(BIRTH + 20 * HOUR) == {("vultr", "USD"): Decimal("0.4")}
    (life,) = books.ledger.lives(["a"]).values()
    assert [(span.start, span.price_per_hour) for span in life] == [
        (BIRTH, Money.of("0.01")),
        (BIRTH + 10 * HOUR, Money.of("0.03")),
    ]


def test_what_ended_and_what_was_removed(books: Books) -> None:
    for name in ("a", "b"):
        books.inventory.add(xnode(name))
    books.at(BIRTH + 9 * HOUR)
    books.inventory.update(ended(xnode("a"), BIRTH + 5 * HOUR))
    books.inventory.remove("b")
    assert books.spent(BIRTH + 20 * HOUR) == {("vultr", "USD"): Decimal("0.05")}
    assert books.spent(datetime(2026, 12, 5, tzinfo=UTC)) == {}
    assert set(books.ledger.lives()) == {"a"}


def test_a_change_that_costs_nothing_begins_no_new_span(books: Books) -> None:
    books.inventory.add(xnode("a", status=ServerStatus.PENDING))
    books.at(BIRTH + HOUR)
    books.inventory.update(xnode("a", address="203.0.113.9", tags=("web",)))
    (life,) = books.ledger.lives().values()
    assert [(span.start, span.end) for span in life] == [(BIRTH, None)]


@dataclass
class Life:
    """Steps of one xNode: minutes to wait, and what becomes of it then."""

    provider: str
    steps: list[tuple[int, str]] = field(default_factory=list)


LIVES = st.lists(
    st.builds(
        Life,
        provider=st.sampled_from([*TERMS]),
        steps=st.lists(
            st.tuples(
                st.integers(0, 15 * 24 * 60) | st.sampled_from([0, 60, 24 * 60]),
                st.sampled_from(["stop", "start", "dearer", "end", "profile", "expires", "keep"]),
            ),
            max_size=6,
        ),
    ),
    max_size=4,
)


def live(books: Books, lives: list[Life]) -> None:
    """Each xNode's life from the beginning, in the order of time."""
    when: list[tuple[int, int, str]] = [
        (sum(wait for wait, _ in life.steps[: n + 1]), number, step)
        for number, life in enumerate(lives)
        for n, (_, step) in enumerate(life.steps)
    ]
    for number, life in enumerate(lives):
        born = BIRTH + timedelta(seconds=7 * number)
        books.inventory.add(xnode(str(number), life.provider, created_at=born))
    for minutes, number, step in sorted(when):
        books.at(BIRTH + timedelta(minutes=minutes, seconds=number))
        one = books.inventory.get(str(number), exact=True)
        books.inventory.update(one.model_copy(update=_changed(one, step, books.times[0])))


def _changed(one: XNode, step: str, now: datetime) -> dict[str, object]:
    changes: dict[str, dict[str, object]] = {
        "stop": {"status": ServerStatus.STOPPED, "terminated_at": None},
        "start": {"status": ServerStatus.RUNNING, "terminated_at": None},
        "dearer": {"price_per_hour": one.price_per_hour * 3},
        "end": {"status": ServerStatus.GONE, "terminated_at": now},
        "expires": {"expires_at": now + 40 * HOUR},
        "keep": {"protected": not one.protected},
        "profile": {"profile": "prod"},
    }
    return changes[step]


_PERIODS: dict[str, Callable[[datetime], Period]] = {
    "so far": month_of,
    "whole": whole_month,
    "next": month_after,
}


@given(
    lives=LIVES,
    later=st.integers(0, 40 * 24 * 60),
    counted=st.sampled_from(["so far", "whole", "next"]),
)
@settings(max_examples=40, deadline=None)
def test_sql_works_every_bill_as_the_rules_do(lives: list[Life], later: int, counted: str) -> None:
    told: list[list[list[Tally]]] = []
    with TemporaryDirectory() as folder, closing(careless(Path(folder))) as database:
        for books in (fake(), kept_in(database)):
            live(books, lives)
            now = books.times[0] + timedelta(minutes=later)
            period = _PERIODS[counted](now)
            told.append(
                [
                    sorted(books.ledger.tally(by, period, TERMS.__getitem__), key=str)
                    for by in (None, *get_args(GroupedBy))
                ]
            )
            worked = FakeLedger(books.inventory)
            assert _listed(books.ledger) == _listed(worked)
            assert books.ledger.rates(TERMS.__getitem__) == worked.rates(TERMS.__getitem__)
    assert told[0] == told[1]


def _listed(ledger: Ledger) -> dict[str, list[Span]]:
    return {xnode: list(spans) for xnode, spans in ledger.lives().items()}
