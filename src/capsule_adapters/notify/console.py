"""The terminal, or whatever reads standard error, such as systemd's journal."""

from typing import TextIO

from capsule_domain.errors import NotDelivered
from capsule_domain.models.channels import ChannelName
from capsule_domain.models.notification import Notification
from capsule_domain.services.alert_words import lines, title

_MOST_LINES = 20


class ConsoleNotifier:
    """Writes a title, and a line for each alert."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def channel(self) -> str:
        return ChannelName.CONSOLE.value

    def send(self, notification: Notification) -> None:
        """Raises NotDelivered when nobody reads any more."""
        text = [title(notification), *(f"  {s}" for s in lines(notification, most=_MOST_LINES))]
        try:
            self._stream.write("\n".join(text) + "\n")
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise NotDelivered(self.channel, "the terminal is gone", for_good=True) from error
