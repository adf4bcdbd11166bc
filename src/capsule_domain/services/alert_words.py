"""Notifications in words: what a person reads of them on any channel. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState
from capsule_domain.models.notification import Notification, NotificationKind

_NAMED = 3
"""How many xNodes a title names."""
_LINE_CHARS = 300


def one_line(text: str, limit: int = _LINE_CHARS) -> str:
    """`text` fit to be shown: one line, nothing that steers a terminal, not endless.

    Machines have their word in messages, and a machine may be hostile.
    """
    clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def worst(notification: Notification) -> AlertSeverity:
    """The worst severity of what fires, or else of what is over."""
    alerts = notification.firing or notification.resolved
    return max((a.severity for a in alerts), key=lambda s: s.rank, default=AlertSeverity.INFO)


def title(notification: Notification) -> str:
    """Such as `critical: disk on web-1, web-2, web-3 and 997 more`."""
    alerts = notification.firing or notification.resolved
    names = list(dict.fromkeys(one_line(alert.xnode, 63) for alert in alerts))
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    who = f" on {', '.join(names[:_NAMED])}{more}" if names else ""
    word = {
        NotificationKind.FIRING: worst(notification).value,
        NotificationKind.REPEATED: f"still {worst(notification)}",
        NotificationKind.RESOLVED: "resolved",
    }[notification.kind]
    return f"{word}: {one_line(notification.group, 63)}{who}"


def lines(notification: Notification, *, most: int) -> Sequence[str]:
    """A line for each alert, at most `most`, and how many there are beyond them."""
    every = [*_lines_of(notification.firing), *_lines_of(notification.resolved, over=True)]
    if len(every) <= most:
        return every
    return [*every[:most], f"… and {len(every) - most:,} more"]


def _lines_of(alerts: Sequence[Alert], *, over: bool = False) -> Iterator[str]:
    for alert in alerts:
        word = "resolved" if over else alert.severity.value
        since = alert.fired_at or alert.since
        name = one_line(alert.xnode, 63)
        what = one_line(alert.message)
        helped = f"  ({one_line(alert.remedy)})" if alert.remedy else ""
        yield f"{word}  {name}  {what}  since {since:%Y-%m-%d %H:%M} UTC  [{alert.id}]{helped}"


def sample(id_: str, now: datetime) -> Notification:
    """A message by which a person sees that a channel works."""
    alert = Alert(
        id=id_,
        xnode="test",
        key=AlertKey(xnode_id="", rule="test"),
        severity=AlertSeverity.INFO,
        state=AlertState.FIRING,
        message="nothing is wrong: this is how Capsule tells",
        since=now,
        seen_at=now,
        fired_at=now,
    )
    return Notification(
        id=id_,
        group="test message",
        thread=id_,
        kind=NotificationKind.FIRING,
        firing=(alert,),
        created_at=now,
    )
