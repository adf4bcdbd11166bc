"""No channel may hang: whatever it is at, after a while it has failed."""

from threading import Thread

from capsule_domain.errors import NotDelivered
from capsule_domain.models.notification import Notification
from capsule_domain.ports.notifier import Notifier

SECONDS = 30.0


class InTime:
    """A notifier whose `send` comes to an end within `seconds`.

    What hangs goes on in its thread, and until that ends nothing else is begun: threads
    must not pile up. Should it succeed later, the message is sent twice, with one id.
    """

    def __init__(self, notifier: Notifier, seconds: float = SECONDS) -> None:
        self._notifier = notifier
        self._seconds = seconds
        self._hanging: Thread | None = None

    @property
    def channel(self) -> str:
        return self._notifier.channel

    def send(self, notification: Notification) -> None:
        """Raises NotDelivered, also for a fault of ours: it must cost no other message."""
        if self._hanging is not None and self._hanging.is_alive():
            raise NotDelivered(self.channel, "the message before it still hangs")
        failures: list[Exception] = []

        def work() -> None:
            try:
                self._notifier.send(notification)
            except Exception as error:  # handed on below
                failures.append(error)

        thread = Thread(target=work, name=f"capsule-{self.channel}", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if thread.is_alive():
            self._hanging = thread
            raise NotDelivered(self.channel, f"not done within {self._seconds:g} s")
        for error in failures:
            if isinstance(error, NotDelivered):
                raise error
            # Not chained: nobody knows what an unforeseen error quotes.
            raise NotDelivered(self.channel, f"unforeseen {type(error).__name__}") from None
