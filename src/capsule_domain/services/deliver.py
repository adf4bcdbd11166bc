"""Delivering: every message in the outbox to its channels, at least once, with one id."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from capsule_domain.errors import CapsuleError, NotDelivered, NotFound, StoreError
from capsule_domain.models.book import Delivery
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.notifier import Notifier
from capsule_domain.ports.outbox import Outbox
from capsule_domain.services.looker import Run, beside
from capsule_domain.services.patience import Patience

_AT_ONCE = 100
_GLANCE_SECONDS = 0.05
_LOST_IN_A_ROW = 3
"""After so many failures one after the other a channel is left alone for a while."""
_OFF = "the channel is switched off, or not set up"


@dataclass
class Deliver:
    """Sends what is due, each channel in a thread of its own: a hung one delays no other.

    Within a channel the order of a thread is kept, for the outbox gives only its oldest.
    Only who holds the engine's lock may deliver, or two would send the same. `told` hears
    of what did not work; a message that was sent, and cannot be noted as sent, is not sent
    again by this process. While the `notifiers` cannot be known, those that were hold.
    """

    outbox: Outbox
    notifiers: Callable[[], Mapping[str, Notifier]]
    clock: Clock
    randomness: Callable[[], float]
    told: Callable[[str], None] = field(default=lambda _words: None)
    run: Run = beside
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        self._turn = Lock()
        self._busy: set[str] = set()
        self._rests_until: dict[str, float] = {}
        self._unnoted: set[tuple[str, str]] = set()
        self._known: Mapping[str, Notifier] | None = None
        self._trouble = ""
        self._stopping = Event()

    def begin(self) -> bool:
        """Start on what is due, where a channel is free; whether anything is under way."""
        due: Sequence[Delivery] = ()
        try:
            due = self.outbox.due(self.clock.now(), _AT_ONCE)
            if due:
                self._known = self.notifiers()
        except CapsuleError as error:
            self._tell_once(error.message)
        else:
            self._trouble = ""
        if self._known is not None:
            for channel, deliveries in _by_channel(due).items():
                if self._took(channel):
                    self.run(self._work(channel, self._known.get(channel), deliveries))
        return self.is_busy

    @property
    def is_busy(self) -> bool:
        """Whether a channel is at work."""
        with self._turn:
            return bool(self._busy)

    def drain(self, seconds: float) -> None:
        """Send all that is due, and wait for it, but no longer than `seconds`."""
        until = self.clock.monotonic() + seconds
        while self.begin() or self._has_more():
            if self.clock.monotonic() >= until or self._stopping.wait(_GLANCE_SECONDS):
                return

    def stop(self) -> None:
        """Begin no other message."""
        self._stopping.set()

    def _tell_once(self, trouble: str) -> None:
        """What is looked at every second is not told every second."""
        if trouble != self._trouble:
            self._trouble = trouble
            self.told(trouble)

    def _has_more(self) -> bool:
        """Whether something is due on a channel that is known and does not rest."""
        if self._trouble and self._known is None:
            return False
        try:
            due = self.outbox.due(self.clock.now(), 1)
        except StoreError:
            return False
        return any(not self._rests(delivery.channel) for delivery in due)

    def _rests(self, channel: str) -> bool:
        return self._rests_until.get(channel, 0.0) > self.clock.monotonic()

    def _took(self, channel: str) -> bool:
        with self._turn:
            if channel in self._busy or self._rests(channel) or self._stopping.is_set():
                return False
            self._busy.add(channel)
            return True

    def _work(
        self, channel: str, notifier: Notifier | None, deliveries: Sequence[Delivery]
    ) -> Callable[[], None]:
        def work() -> None:
            try:
                self._send_all(notifier, deliveries)
            except StoreError as error:
                self._rest(channel, self.patience.first_seconds)
                self.told(error.message)
            finally:
                with self._turn:
                    self._busy.discard(channel)

        return work

    def _send_all(self, notifier: Notifier | None, deliveries: Sequence[Delivery]) -> None:
        lost = 0
        for delivery in deliveries:
            if self._stopping.is_set():
                return
            failure = self._send(notifier, delivery)
            if failure is None or failure.for_good:
                lost = 0
                continue
            lost += 1
            if failure.retry_after_seconds is not None:
                self._rest(delivery.channel, failure.retry_after_seconds)
                return
            if lost >= _LOST_IN_A_ROW:
                self._rest(delivery.channel, self.patience.first_seconds)
                return

    def _send(self, notifier: Notifier | None, delivery: Delivery) -> NotDelivered | None:
        """Send one, and note what came of it; the failure, or None."""
        key = (delivery.notification.id, delivery.channel)
        failure = None if key in self._unnoted else _attempt(notifier, delivery)
        if failure is not None:
            self._note_failure(delivery, failure)
            return failure
        self._unnoted.add(key)
        with suppress(NotFound):  # somebody forgot the message meanwhile
            self.outbox.delivered(*key)
        self._unnoted.discard(key)
        return None

    def _note_failure(self, delivery: Delivery, failure: NotDelivered) -> None:
        now = self.clock.now()
        next_at = self.patience.next_at(delivery, failure, now, self.randomness())
        try:
            self.outbox.failed(delivery.notification.id, delivery.channel, failure.why, next_at)
        except NotFound:
            return
        given_up = "; given up: capsule openmesh monitor outbox" if next_at is None else ""
        self.told(f"{failure.message}{given_up}")

    def _rest(self, channel: str, seconds: float) -> None:
        longest = self.patience.give_up_after.total_seconds()
        self._rests_until[channel] = self.clock.monotonic() + min(seconds, longest)


class Delivering:
    """Delivers in the background for the length of a block."""

    def __init__(
        self, deliver: Deliver, *, grace_seconds: float = 10.0, nap_seconds: float = 1.0
    ) -> None:
        self._deliver = deliver
        self._nap_seconds = nap_seconds
        self._grace_seconds = grace_seconds
        self._ended = Event()
        self._thread = Thread(target=self._loop, name="capsule-deliver", daemon=True)

    def __enter__(self) -> "Delivering":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """What is being sent may come to its end; the rest is sent after the next start."""
        self._ended.set()
        self._deliver.stop()
        self._thread.join(self._grace_seconds)
        clock = self._deliver.clock
        until = clock.monotonic() + self._grace_seconds
        while self._deliver.is_busy and clock.monotonic() < until:
            clock.sleep(_GLANCE_SECONDS)

    def _loop(self) -> None:
        while not self._ended.wait(self._nap_seconds):
            self._deliver.begin()


def _attempt(notifier: Notifier | None, delivery: Delivery) -> NotDelivered | None:
    """Why it could not be sent, or None."""
    if notifier is None:
        return NotDelivered(delivery.channel, _OFF, for_good=True)
    try:
        notifier.send(delivery.notification)
    except NotDelivered as failure:
        return failure
    return None


def _by_channel(due: Iterable[Delivery]) -> Mapping[str, list[Delivery]]:
    found: dict[str, list[Delivery]] = {}
    for delivery in due:
        found.setdefault(delivery.channel, []).append(delivery)
    return found
