"""A webhook, signed by Standard Webhooks."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from capsule_adapters.notify.posting import Posting
from capsule_domain.models.alert import Alert
from capsule_domain.models.channels import ChannelName, signing_key_bytes
from capsule_domain.models.notification import Notification
from capsule_domain.ports.clock import Clock
from capsule_domain.services.alert_words import title, worst

_MOST_ALERTS = 200


class WebhookNotifier:
    """Posts JSON with the same `webhook-id` at each attempt, so that the receiver can tell."""

    def __init__(self, url: SecretStr, key: SecretStr | None, clock: Clock) -> None:
        self._posting = Posting(self.channel, url, clock)
        self._key = key
        self._clock = clock

    @property
    def channel(self) -> str:
        return ChannelName.WEBHOOK.value

    def send(self, notification: Notification) -> None:
        """Raises NotDelivered."""
        body = json.dumps(payload(notification), ensure_ascii=False).encode()
        stamp = str(int(self._clock.now().timestamp()))
        headers = {"webhook-id": notification.id, "webhook-timestamp": stamp}
        if self._key is not None:
            headers["webhook-signature"] = signature(self._key, notification.id, stamp, body)
        self._posting.send(body, headers)


def signature(key: SecretStr, id_: str, stamp: str, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, timestamp and the body's own bytes, in base64."""
    signed = b".".join([id_.encode(), stamp.encode(), body])
    digest = hmac.digest(signing_key_bytes(key), signed, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def payload(notification: Notification) -> dict[str, Any]:
    """What is posted. Of more than 200 alerts the worst are in it; `counts` are of all."""
    firing = notification.firing[:_MOST_ALERTS]
    resolved = notification.resolved[: _MOST_ALERTS - len(firing)]
    return {
        "type": f"alert.{notification.kind}",
        "timestamp": notification.created_at.isoformat().replace("+00:00", "Z"),
        "data": {
            "id": notification.id,
            "group": notification.group,
            "thread": notification.thread,
            "title": title(notification),
            "severity": worst(notification),
            "counts": {"firing": len(notification.firing), "resolved": len(notification.resolved)},
            "firing": _alerts(firing),
            "resolved": _alerts(resolved),
        },
    }


def _alerts(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """`key` is the same for the same condition of the same xNode, whatever its value."""
    shown = {"id", "xnode", "severity", "state", "message", "value", "since"}
    shown |= {"acknowledged_by", "remedy"}
    return [
        {
            **alert.model_dump(mode="json", include=shown),
            "key": "/".join((alert.key.xnode_id, alert.key.rule, alert.key.instance)),
            "xnode_id": alert.key.xnode_id,
            "rule": alert.key.rule,
            "instance": alert.key.instance,
        }
        for alert in alerts
    ]
