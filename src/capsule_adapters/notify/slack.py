"""Slack, by an incoming webhook. Its URL is the secret."""

import json
from typing import Any

from pydantic import SecretStr

from capsule_adapters.notify.posting import Posting
from capsule_domain.models.channels import ChannelName
from capsule_domain.models.notification import Notification
from capsule_domain.ports.clock import Clock
from capsule_domain.services.alert_words import lines, one_line, title

_MOST_LINES = 15
_HEADER_CHARS = 150
_SECTION_CHARS = 3000
_LINE_CHARS = 180
_FOR_GOOD = frozenset({403, 404})
"""Slack's words for a webhook that was taken away."""


class SlackNotifier:
    """One message with a header and a section, well inside Slack's limits."""

    def __init__(self, url: SecretStr, clock: Clock) -> None:
        self._posting = Posting(self.channel, url, clock, for_good=_FOR_GOOD)

    @property
    def channel(self) -> str:
        return ChannelName.SLACK.value

    def send(self, notification: Notification) -> None:
        """Raises NotDelivered, with the pause that Slack asks for."""
        self._posting.send(json.dumps(message(notification)).encode(), {})


def message(notification: Notification) -> dict[str, Any]:
    """What Slack is sent; `text` is for where blocks are not shown."""
    heading = title(notification)
    said = (_escaped(one_line(s, _LINE_CHARS)) for s in lines(notification, most=_MOST_LINES))
    section = _cut("\n".join(f"• {line}" for line in said), _SECTION_CHARS)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(heading, _HEADER_CHARS)}}
    ]
    if section:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": section}})
    blocks.append(
        {"type": "context", "elements": [{"type": "plain_text", "text": notification.id}]}
    )
    return {"text": _escaped(heading), "blocks": blocks}


def _escaped(text: str) -> str:
    """Without what Slack would take for a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, limit: int) -> str:
    """Whole lines as far as they fit; of a single line its beginning."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rpartition("\n")[0] or f"{text[: limit - 1]}…"
