"""Delivering: at least once, with pauses, in order, and no channel delays another."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

import pytest

from capsule_domain.errors import ConfigurationError, NotDelivered, StoreError
from capsule_domain.models.book import Delivery, Entry
from capsule_domain.models.notification import Notification
from capsule_domain.ports.notifier import Notifier
from capsule_domain.services.deliver import Deliver, Delivering
from capsule_domain.services.patience import Patience
from tests.fakes.alert_book import FakeAlertBook
from tests.fakes.clock import FakeClock
from tests.fakes.notifier import FakeNotifier
from tests.notifying import NOON, firing, resolved


class Post:
    """An outbox, channels, and who delivers, one thing after the other."""

    def __init__(self, *channels: str) -> None:
        self.clock = FakeClock(NOON)
        self.book = FakeAlertBook()
        self.channels = {name: FakeNotifier(name) for name in channels or ("mail",)}
        self.notifiers: dict[str, Notifier] = dict(self.channels)
        self.told: list[str] = []
        self.deliver = self.anew()

    def anew(self) -> Deliver:
        """As after a crash: what was in memory is gone."""
        return Deliver(
            outbox=self.book,
            notifiers=lambda: self.notifiers,
            clock=self.clock,
            randomness=lambda: 1.0,
            told=self.told.append,
            run=lambda work: work(),
        )

    def put(self, *messages: Notification, channels: tuple[str, ...] = ()) -> None:
        entry = Entry(notifications=messages, channels=channels or tuple(self.channels))
        self.book.apply(entry, self.book.revision)

    def sent(self, channel: str = "mail") -> list[str]:
        return [one.id for one in self.channels[channel].sent]

    def fail(self, *failures: NotDelivered, channel: str = "mail") -> None:
        self.channels[channel].refusals += failures


def lost(seconds: float | None = None, *, for_good: bool = False) -> NotDelivered:
    return NotDelivered("mail", "no", retry_after_seconds=seconds, for_good=for_good)


def test_each_message_goes_to_each_of_its_channels_once() -> None:
    post = Post("mail", "chat")
    post.put(firing("m1"), firing("m2", thread="t2"))
    for _ in range(3):
        post.deliver.begin()
    assert post.sent() == post.sent("chat") == ["m1", "m2"]
    assert post.book.waiting() == 0


def test_the_beginning_is_told_before_the_end() -> None:
    post = Post()
    post.put(firing("m1"), resolved("m2"))
    post.fail(lost())
    post.deliver.begin()
    post.deliver.begin()
    assert post.sent() == []
    post.clock.advance(5)
    post.deliver.drain(1)
    assert post.sent() == ["m1", "m2"]


def test_pauses_grow_and_have_an_end() -> None:
    post = Post()
    post.put(firing("m1"))
    post.fail(*(lost() for _ in range(200)))
    pauses = []
    for _ in range(12):
        post.deliver.begin()
        (waiting,) = post.book.due(NOON + timedelta(days=9))
        assert waiting.next_at is not None
        pauses.append((waiting.next_at - post.clock.now()).total_seconds())
        post.clock.advance(pauses[-1])
    assert pauses[:8] == [5, 10, 20, 40, 80, 160, 320, 640]
    assert pauses[8:] == [900] * 4


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 2.5), (0.5, 3.75), (1.0, 5.0)])
def test_half_of_a_pause_is_left_to_chance(chance: float, seconds: float) -> None:
    delivery = Delivery(notification=firing(), channel="mail")
    assert Patience().next_at(delivery, lost(), NOON, chance) == NOON + timedelta(seconds=seconds)


def test_what_the_other_side_asks_for_holds_for_the_whole_channel() -> None:
    post = Post("mail", "chat")
    post.put(firing("m1"), firing("m2", thread="t2"))
    post.fail(lost(60))
    post.deliver.begin()
    assert post.sent() == []
    assert post.sent("chat") == ["m1", "m2"]
    post.clock.advance(59)
    post.deliver.begin()
    assert post.sent() == []
    post.clock.advance(1)
    post.deliver.drain(1)
    assert sorted(post.sent()) == ["m1", "m2"]


def test_after_a_day_it_is_given_up_and_told_and_can_be_tried_again() -> None:
    post = Post()
    post.put(firing("m1"), resolved("m2"))
    post.fail(*(lost() for _ in range(300)))
    for _ in range(300):
        post.deliver.begin()
        post.clock.advance(900)
        if post.book.dead():
            break
    (dead,) = post.book.dead()
    assert (dead.notification.id, dead.error) == ("m1", "no")
    assert post.clock.now() - NOON >= timedelta(hours=24)
    assert post.told[-1].endswith("given up: capsule openmesh monitor outbox")
    post.channels["mail"].refusals.clear()
    post.deliver.drain(1)
    assert post.sent() == ["m2"]
    post.book.retry("m1", post.clock.now())
    post.deliver.drain(1)
    assert post.sent() == ["m2", "m1"]


def test_a_long_sleep_alone_gives_nothing_up() -> None:
    post = Post()
    post.put(firing("m1"))
    post.clock.advance(3 * 86_400)
    post.fail(lost())
    post.deliver.begin()
    assert list(post.book.dead()) == []


def test_what_no_trying_can_help_is_given_up_at_once_and_holds_nothing_up() -> None:
    post = Post()
    post.put(firing("m1"), firing("m2", thread="t2"))
    post.fail(lost(for_good=True))
    post.deliver.begin()
    assert [one.notification.id for one in post.book.dead()] == ["m1"]
    assert post.sent() == ["m2"]


def test_one_bad_message_does_not_keep_others_from_going() -> None:
    post = Post()
    post.put(*(firing(f"m{n}", thread=f"t{n}") for n in range(4)))
    post.fail(lost())
    post.deliver.begin()
    assert post.sent() == ["m1", "m2", "m3"]


def test_a_dead_channel_is_not_asked_for_each_message() -> None:
    post = Post()
    post.put(*(firing(f"m{n}", thread=f"t{n}") for n in range(9)))
    post.fail(*(lost() for _ in range(9)))
    post.deliver.begin()
    post.deliver.begin()
    assert len(post.channels["mail"].refusals) == 6


def test_a_channel_that_is_switched_off_keeps_nothing_waiting() -> None:
    post = Post()
    post.put(firing("m1"), channels=("chat",))
    post.deliver.begin()
    (dead,) = post.book.dead()
    assert dead.error == "the channel is switched off, or not set up"


def test_settings_that_do_not_hold_lose_nothing() -> None:
    post = Post()
    post.put(firing("m1"))

    def broken() -> dict[str, Notifier]:
        raise ConfigurationError("monitoring.yml:3: unknown key")

    post.deliver.notifiers = broken
    assert post.deliver.begin() is False
    assert post.told == ["monitoring.yml:3: unknown key"]
    assert post.book.waiting() == 1


def test_channels_that_nobody_can_know_are_told_once_and_not_waited_for() -> None:
    def broken() -> dict[str, Notifier]:
        raise ConfigurationError("channels.yml:2: not valid YAML")

    post = Post()
    post.put(firing("m1"))
    post.deliver.notifiers = broken
    post.deliver.drain(5)
    assert post.told == ["channels.yml:2: not valid YAML"]
    post.deliver.notifiers = lambda: post.notifiers
    post.deliver.drain(5)
    assert post.sent() == ["m1"]


def test_while_the_channels_cannot_be_read_those_that_were_there_tell() -> None:
    def broken() -> dict[str, Notifier]:
        raise ConfigurationError("monitoring.yml:3: unknown key")

    post = Post()
    post.put(firing("m1"))
    post.deliver.begin()
    post.deliver.notifiers = broken
    post.put(firing("m2", thread="t2"))
    post.fail(lost())
    for _ in range(3):
        post.deliver.begin()
    assert post.told[0] == "monitoring.yml:3: unknown key"
    post.clock.advance(5)
    post.deliver.begin()
    assert post.sent() == ["m1", "m2"]


def test_what_was_sent_and_cannot_be_noted_is_not_sent_again() -> None:
    post = Post()
    post.put(firing("m1"))
    post.book.full_disk = True
    for _ in range(5):
        post.deliver.begin()
        post.clock.advance(10)
    assert post.sent() == ["m1"]
    post.book.full_disk = False
    post.deliver.begin()
    assert post.sent() == ["m1"]
    assert post.book.waiting() == 0


def test_a_crash_between_sending_and_noting_sends_it_again_with_its_id() -> None:
    post = Post()
    post.put(firing("m1"))
    post.book.full_disk = True
    post.deliver.begin()
    post.book.full_disk = False
    post.deliver = post.anew()
    post.deliver.begin()
    assert post.sent() == ["m1", "m1"]


def test_an_outbox_that_cannot_be_read_is_told() -> None:
    class Torn(FakeAlertBook):
        def due(self, *_: object) -> list[Delivery]:
            raise StoreError("state.db is damaged")

    post = Post()
    post.deliver.outbox = Torn()
    assert post.deliver.begin() is False
    assert post.told == ["state.db is damaged"]


def test_a_hung_channel_delays_no_other() -> None:
    released = Event()

    class Hung(FakeNotifier):
        def send(self, notification: Notification) -> None:
            released.wait(20)
            super().send(notification)

    post = Post("hung", "mail")
    hung = post.notifiers["hung"] = Hung("hung")
    threads: list[Thread] = []

    def beside(work: Callable[[], None]) -> None:
        threads.append(Thread(target=work))
        threads[-1].start()

    post.deliver.run = beside
    for number in range(3):
        post.put(firing(f"m{number}", thread=f"t{number}"))
        assert post.deliver.begin()
        threads[-1].join(5)
    assert post.sent() == ["m0", "m1", "m2"]
    assert isinstance(hung, Hung)
    assert hung.sent == []
    released.set()
    for thread in threads:
        thread.join(5)
    assert [one.id for one in hung.sent] == ["m0"]


def test_it_delivers_in_the_background_until_the_block_ends() -> None:
    post = Post()
    delivered = Event()

    class Bell(FakeNotifier):
        def send(self, notification: Notification) -> None:
            super().send(notification)
            delivered.set()

    bell = post.notifiers["mail"] = Bell("mail")
    with Delivering(post.deliver, grace_seconds=1, nap_seconds=0.02):
        post.put(firing("m1"))
        assert delivered.wait(10)
    post.put(firing("m2", thread="t2"))
    post.deliver.begin()
    assert isinstance(bell, Bell)
    assert [one.id for one in bell.sent] == ["m1"]
