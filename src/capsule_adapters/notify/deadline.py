"""No channel may hang: whatever it is at, after a while it has failed."""

from collections.abc import Callable
from threading import Thread

from capsule_domain.errors import NotDelivered
from capsule_domain.models.heartbeat import Beat
from capsule_domain.models.notification import Notification
from capsule_domain.ports.heartbeat import Heartbeat
from capsule_domain.ports.notifier import Notifier

SECONDS = 30.0


class Bounded:
    """Works on behalf of `channel` that come to an end within `seconds`.

    What hangs goes on in its thread, and until that ends nothing else is begun: threads
    must not pile up. Should it succeed later, it may be done twice.
    """

    def __init__(self, channel: str, seconds: float) -> None:
        self._channel = channel
        self._seconds = seconds
        self._hanging: Thread | None = None

    def run(self, work: Callable[[], None]) -> None:
        """Raises NotDelivered, also for a fault of ours: it must cost nothing else."""
        if self._hanging is not None and self._hanging.is_alive():
            raise NotDelivered(self._channel, "the message before it still hangs")
        failures: list[Exception] = []

        def attempt() -> None:
            try:
                work()
            except Exception as error:  # handed on below
                failures.append(error)

        thread = Thread(target=attempt, name=f"capsule-{self._channel}", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if thread.is_alive():
            self._hanging = thread
            raise NotDelivered(self._channel, f"not done within {self._seconds:g} s")
        for error in failures:
            if isinstance(error, NotDelivered):
                raise error
            # Not chained: nobody knows what an unforeseen error quotes.
            raise NotDelivered(self._channel, f"unforeseen {type(error).__name__}") from None


class InTime:
    """A notifier whose `send` comes to an end. Sent twice, a message has one id all the same."""

    def __init__(self, notifier: Notifier, seconds: float = SECONDS) -> None:
        self._notifier = notifier
        self._bounded = Bounded(notifier.channel, seconds)

    @property
    def channel(self) -> str:
        return self._notifier.channel

    def send(self, notification: Notification) -> None:
        """Raises NotDelivered."""
        self._bounded.run(lambda: self._notifier.send(notification))


class HeartbeatInTime:
    """A heartbeat whose `send` comes to an end."""

    def __init__(self, heartbeat: Heartbeat, seconds: float = SECONDS) -> None:
        self._heartbeat = heartbeat
        self._bounded = Bounded("heartbeat", seconds)

    def send(self, beat: Beat) -> None:
        """Raises NotDelivered."""
        self._bounded.run(lambda: self._heartbeat.send(beat))
