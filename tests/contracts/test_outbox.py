"""What every outbox does with what the book of alerts puts into it: the fake, and SQLite."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from capsule_adapters.store.alert_book import SqliteAlertBook
from capsule_adapters.store.outbox import SqliteOutbox
from capsule_adapters.store.sqlite import Database
from capsule_adapters.store.state import state_database
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.book import Delivery, Entry
from capsule_domain.models.notification import Notification, NotificationKind
from capsule_domain.ports.alert_book import AlertBook
from capsule_domain.ports.outbox import Outbox
from tests.fakes.alert_book import FakeAlertBook

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Post:
    book: AlertBook
    outbox: Outbox

    def put(self, *ids: str, channels: tuple[str, ...] = ("mail",), thread: str = "") -> None:
        messages = tuple(message(id_, thread or f"t-{id_}") for id_ in ids)
        entry = Entry(notifications=messages, channels=channels)
        self.book.apply(entry, self.book.page(NOON).revision)

    def due(self, now: datetime = NOON, limit: int = 100) -> list[str]:
        return [f"{one.channel} {one.notification.id}" for one in self.outbox.due(now, limit)]


def fake(_: Database) -> Post:
    both = FakeAlertBook()
    return Post(both, both)


def sqlite(database: Database) -> Post:
    return Post(SqliteAlertBook(database), SqliteOutbox(database))


MAKERS: dict[str, Callable[[Database], Post]] = {"fake": fake, "sqlite": sqlite}


@pytest.fixture(params=MAKERS)
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Post]:
    database = state_database(tmp_path)
    yield MAKERS[request.param](database)
    database.close()


def message(id_: str, thread: str) -> Notification:
    return Notification(
        id=id_, group="disk", thread=thread, kind=NotificationKind.FIRING, created_at=NOON
    )


def test_a_message_waits_for_each_of_its_channels(post: Post) -> None:
    post.put("m1", channels=("mail", "chat", "mail"))
    assert sorted(post.due()) == ["chat m1", "mail m1"]
    assert post.due(NOON - timedelta(seconds=1)) == []
    assert post.outbox.waiting() == 2
    post.outbox.delivered("m1", "mail")
    post.outbox.delivered("m1", "mail")
    assert post.due() == ["chat m1"]
    assert post.outbox.waiting() == 1


def test_a_message_without_a_channel_waits_for_none(post: Post) -> None:
    post.put("m1", channels=())
    assert post.due() == []


def test_what_failed_is_tried_again_when_it_was_said(post: Post) -> None:
    post.put("m1")
    later = NOON + timedelta(seconds=30)
    post.outbox.failed("m1", "mail", "timed out", later)
    assert post.due() == []
    (found,) = post.outbox.due(later)
    assert found == Delivery(
        notification=message("m1", "t-m1"),
        channel="mail",
        attempts=1,
        next_at=later,
        error="timed out",
    )


def test_an_end_waits_until_its_beginning_was_told(post: Post) -> None:
    post.put("begins", "ends", thread="one", channels=("mail", "chat"))
    post.put("other")
    assert sorted(post.due()) == ["chat begins", "mail begins", "mail other"]
    post.outbox.failed("begins", "mail", "refused", NOON + DAY)
    post.outbox.delivered("begins", "chat")
    assert sorted(post.due()) == ["chat ends", "mail other"]
    post.outbox.delivered("begins", "mail")
    assert sorted(post.due()) == ["chat ends", "mail ends", "mail other"]


def test_what_was_given_up_holds_nothing_up_and_can_be_tried_again(post: Post) -> None:
    post.put("begins", "ends", thread="one")
    post.outbox.failed("begins", "mail", "no such user", None)
    assert post.due() == ["mail ends"]
    (dead,) = post.outbox.dead()
    assert (dead.notification.id, dead.error, dead.next_at) == ("begins", "no such user", None)
    post.outbox.delivered("ends", "mail")
    assert post.outbox.waiting() == 0
    assert post.outbox.retry("beg", NOON) == 1
    assert post.due() == ["mail begins"]
    assert list(post.outbox.dead()) == []
    with pytest.raises(NotFound):
        post.outbox.retry("begins", NOON)


def test_retrying_what_may_be_several_is_refused(post: Post) -> None:
    post.put("m1", "m2")
    for id_ in ("m1", "m2"):
        post.outbox.failed(id_, "mail", "", None)
    assert [one.notification.id for one in post.outbox.dead()] == ["m2", "m1"]
    with pytest.raises(Conflict):
        post.outbox.retry("m", NOON)


def test_a_few_at_a_time_the_oldest_first(post: Post) -> None:
    post.put("c", "a", "b", channels=("mail", "chat"))
    for id_ in ("c", "a", "b"):
        assert next(d for d in post.due() if d.startswith("mail")) == f"mail {id_}"
        assert sorted(post.due(limit=1)) == sorted(["chat c", f"mail {id_}"])
        post.outbox.delivered(id_, "mail")


def test_an_unknown_message_is_told(post: Post) -> None:
    with pytest.raises(NotFound):
        post.outbox.delivered("nobody", "mail")
    with pytest.raises(NotFound):
        post.outbox.failed("nobody", "mail", "", NOON)


def test_what_was_sent_long_ago_is_forgotten_and_what_waits_is_not(post: Post) -> None:
    post.put("sent", "given-up", "waits")
    post.outbox.delivered("sent", "mail")
    post.outbox.failed("given-up", "mail", "", None)
    post.book.prune(NOON + DAY)
    assert post.due(NOON + DAY) == ["mail waits"]
    assert list(post.outbox.dead()) == []
