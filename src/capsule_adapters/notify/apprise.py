"""The hundred other services, by way of apprise: the optional extra `notify`."""

import importlib
import logging
from typing import Any

from pydantic import SecretStr

from capsule_domain.errors import NotDelivered
from capsule_domain.models.alert import AlertSeverity
from capsule_domain.models.channels import ChannelName
from capsule_domain.models.notification import Notification
from capsule_domain.services.alert_words import lines, title, worst

_MOST_LINES = 20
_TYPES = {
    AlertSeverity.INFO: "info",
    AlertSeverity.WARNING: "warning",
    AlertSeverity.CRITICAL: "failure",
}


class AppriseNotifier:
    """Hands it to apprise, which tries once: the outbox is what tries again."""

    def __init__(self, urls: SecretStr) -> None:
        self._urls = urls

    @property
    def channel(self) -> str:
        return ChannelName.APPRISE.value

    def send(self, notification: Notification) -> None:
        """Raises NotDelivered when any of its services did not take it."""
        sender = self._sender()
        kind = "success" if not notification.firing else _TYPES[worst(notification)]
        sent = sender.notify(
            title=title(notification),
            body="\n".join(lines(notification, most=_MOST_LINES)) or title(notification),
            notify_type=kind,
        )
        if not sent:
            raise NotDelivered(self.channel, "a service behind apprise did not take it")

    def _sender(self) -> Any:
        for indiscreet in ("apprise", "urllib3"):  # what they log may hold the URL
            logging.getLogger(indiscreet).setLevel(logging.CRITICAL)
        try:
            library = importlib.import_module("apprise")
        except ImportError as error:
            raise NotDelivered(
                self.channel,
                "apprise is not installed",
                hint="pip install 'capsule-xnode[notify]'",
            ) from error
        sender = library.Apprise()
        for number, url in enumerate(self._urls.get_secret_value().split(), start=1):
            if not sender.add(url):
                raise NotDelivered(self.channel, f"URL {number} is none that apprise knows")
        return sender
