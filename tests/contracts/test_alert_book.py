"""What every book of alerts keeps: the fake, and SQLite."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from capsule_adapters.store.alert_book import SqliteAlertBook
from capsule_adapters.store.sqlite import Database
from capsule_adapters.store.state import state_database
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState
from capsule_domain.models.book import AlertFilter, Entry
from capsule_domain.models.notification import GroupLog, Told
from capsule_domain.models.silence import Silence
from capsule_domain.ports.alert_book import AlertBook
from tests.fakes.alert_book import FakeAlertBook

MAKERS: dict[str, Callable[[Database], AlertBook]] = {
    "fake": lambda _: FakeAlertBook(),
    "sqlite": SqliteAlertBook,
}
NOON = datetime(2026, 11, 23, 12, 0, 0, 654321, tzinfo=UTC)
PENDING, FIRING, RESOLVED = AlertState.PENDING, AlertState.FIRING, AlertState.RESOLVED


@pytest.fixture(params=MAKERS)
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AlertBook]:
    database = state_database(tmp_path)
    yield MAKERS[request.param](database)
    database.close()


def alert(id_: str, state: AlertState = FIRING, **changes: object) -> Alert:
    over = NOON if state is RESOLVED else None
    plain = Alert(
        id=id_,
        xnode="web",
        key=AlertKey(xnode_id="a1", rule="disk", instance=f"/{id_}"),
        severity=AlertSeverity.WARNING,
        state=state,
        message="naïve ✓",
        value=91.5,
        since=NOON,
        seen_at=NOON,
        fired_at=None if state is PENDING else NOON,
        resolved_at=over,
    )
    return plain.model_copy(update=changes)


def silence(id_: str, hours: float = 1) -> Silence:
    end = NOON + timedelta(hours=hours)
    return Silence(id=id_, rule="disk", starts_at=NOON, ends_at=end, created_by="anna")


def write(book: AlertBook, *alerts: Alert, **more: object) -> None:
    entry = Entry.model_validate({"alerts": alerts, **more})
    book.apply(entry, book.page(NOON).revision)


def names(book: AlertBook, **chosen: object) -> list[str]:
    return [one.id for one in book.list(AlertFilter.model_validate(chosen))]


def on_page(book: AlertBook, now: datetime = NOON) -> set[str]:
    return {one.id for one in book.page(now).alerts}


def test_an_empty_book_has_an_empty_page(book: AlertBook) -> None:
    page = book.page(NOON)
    assert (page.alerts, page.logs, page.silences) == ((), (), ())
    assert list(book.list()) == []
    book.apply(Entry(), page.revision)
    book.prune(NOON)


def test_an_alert_comes_back_exactly_and_is_replaced_by_its_id(book: AlertBook) -> None:
    write(book, alert("a", PENDING))
    assert book.get("a") == alert("a", PENDING)
    write(book, alert("a", value=99.0))
    assert book.list() == [alert("a", value=99.0)]


def test_the_worst_of_the_open_ones_come_first_and_then_what_is_over(book: AlertBook) -> None:
    later = NOON + timedelta(minutes=1)
    write(
        book,
        alert("over", RESOLVED, severity=AlertSeverity.CRITICAL),
        alert("old"),
        alert("new", since=later),
        alert("bad", severity=AlertSeverity.CRITICAL),
    )
    assert names(book) == ["bad", "new", "old", "over"]
    assert names(book, limit=2) == ["bad", "new"]
    assert names(book, states=(RESOLVED, PENDING)) == ["over"]
    assert names(book, severity="critical", states=(FIRING,)) == ["bad"]
    assert names(book, xnode_id="a2") == []
    assert names(book, rule="disk", xnode_id="a1") == ["bad", "new", "old", "over"]


def test_the_page_has_what_is_open_and_the_last_of_what_is_over(book: AlertBook) -> None:
    key = AlertKey(xnode_id="a1", rule="cpu")
    write(
        book,
        alert("open"),
        alert("first", RESOLVED, key=key, resolved_at=NOON - timedelta(hours=2)),
    )
    write(book, alert("second", RESOLVED, key=key, resolved_at=NOON - timedelta(hours=1)))
    assert on_page(book) == {"open", "second"}
    assert on_page(book, NOON + timedelta(days=3)) == {"open"}
    write(book, alert("third", key=key))
    assert on_page(book) == {"open", "third"}


def test_the_page_keeps_an_end_until_it_was_told(book: AlertBook) -> None:
    told = GroupLog(
        group="disk",
        thread="t",
        told={"x": Told(severity=AlertSeverity.WARNING), "gone": Told(severity=AlertSeverity.INFO)},
        last_at=NOON,
    )
    write(book, alert("x", RESOLVED), logs=(told,))
    late = NOON + timedelta(days=30)
    assert on_page(book, late) == {"x"}
    assert book.page(late).logs == (told,)
    book.prune(late)
    assert on_page(book, late) == {"x"}
    write(book, logs=(told.model_copy(update={"told": {}}),))
    assert on_page(book, late) == set()
    assert book.page(late).logs == ()
    book.prune(late)
    assert names(book) == []


def test_what_was_pending_in_vain_is_forgotten(book: AlertBook) -> None:
    write(book, alert("a", PENDING), alert("b", PENDING))
    write(book, dropped=("a", "never there"))
    assert names(book) == ["b"]


def test_an_alert_may_end_and_another_of_its_key_begin_at_once(book: AlertBook) -> None:
    write(book, alert("a"))
    key = alert("a").key
    write(book, alert("b", key=key), alert("a", RESOLVED))
    assert names(book) == ["b", "a"]


def test_who_judged_by_an_older_page_writes_nothing(book: AlertBook) -> None:
    write(book, alert("a"), alert("b"))
    changes: list[Callable[[], object]] = [
        lambda: book.acknowledge("a", by="anna", comment="", at=NOON),
        lambda: book.resolve("b", by="anna", comment="", at=NOON),
        lambda: book.remedied("a", "reboot: done"),
        lambda: book.silence(silence("s")),
        lambda: book.unsilence("s", NOON),
    ]
    for change in changes:
        before = book.page(NOON).revision
        change()
        with pytest.raises(Conflict):
            book.apply(Entry(alerts=(alert("a", value=1.0),)), before)
    assert book.get("a").value == 91.5


def test_taking_on_an_alert_is_noted_with_who_and_why(book: AlertBook) -> None:
    write(book, alert("abc"))
    taken = book.acknowledge("ab", by="anna@laptop", comment="on it", at=NOON)
    assert book.get("abc") == taken
    assert (taken.acknowledged_by, taken.comment, taken.state) == ("anna@laptop", "on it", FIRING)


def test_what_was_done_about_an_alert_is_noted_also_when_it_is_over(book: AlertBook) -> None:
    write(book, alert("a"), alert("b", RESOLVED))
    book.remedied("a", "reboot: done")
    book.remedied("b", "restart nginx.service: failed")
    assert book.get("a") == alert("a", remedy="reboot: done")
    assert book.get("b").remedy == "restart nginx.service: failed"


def test_closing_an_alert_keeps_it_as_over(book: AlertBook) -> None:
    write(book, alert("a"))
    closed = book.resolve("a", by="anna", comment="replaced", at=NOON)
    assert (closed.state, closed.resolved_at, closed.resolved_by) == (RESOLVED, NOON, "anna")
    assert book.get("a") == closed
    assert book.resolve("a", by="ben", comment="", at=NOON) == closed
    with pytest.raises(Conflict, match="over"):
        book.acknowledge("a", by="anna", comment="", at=NOON)


def test_closing_what_was_only_pending_forgets_it(book: AlertBook) -> None:
    write(book, alert("a", PENDING))
    assert book.resolve("a", by="anna", comment="", at=NOON).state is RESOLVED
    assert names(book) == []


@pytest.mark.parametrize("word", ["", "z", "\ud800", "ab"])
def test_an_alert_that_is_not_there_is_told(book: AlertBook, word: str) -> None:
    write(book, alert("a1"), alert("a2"))
    asks: list[Callable[[], object]] = [
        lambda: book.get(word),
        lambda: book.acknowledge(word, by="", comment="", at=NOON),
        lambda: book.resolve(word, by="", comment="", at=NOON),
        lambda: book.remedied(word, "reboot: done"),
    ]
    for ask in asks:
        with pytest.raises(NotFound):
            ask()
    with pytest.raises(Conflict):
        book.get("a")


def test_silences_are_listed_until_they_end(book: AlertBook) -> None:
    book.silence(silence("long", 5))
    book.silence(silence("short", 1))
    assert [one.id for one in book.silences(NOON)] == ["short", "long"]
    assert book.page(NOON).silences == (silence("short", 1), silence("long", 5))
    assert [one.id for one in book.silences(NOON + timedelta(hours=1))] == ["long"]
    with pytest.raises(Conflict):
        book.silence(silence("long"))
    assert book.unsilence("lo", NOON) == silence("long", 5)
    with pytest.raises(NotFound):
        book.unsilence("long", NOON)
    assert [one.id for one in book.silences(NOON)] == ["short"]
    book.prune(NOON + timedelta(days=1))
    assert list(book.silences(NOON)) == []
