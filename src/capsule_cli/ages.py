"""Spans of time as a person reads them, and moments as JSON has them."""

from datetime import datetime


def span(seconds: float) -> str:
    """`3 d 4 h`, `12 min`, `8 s`: the two largest units are enough."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    shown = [f"{amount} {unit}" for amount, unit in parts if amount][:2]
    return " ".join(shown) or "0 s"


def as_json(moment: datetime) -> str:
    """`2026-11-23T12:00:00Z`, as models write it, too."""
    return moment.isoformat().replace("+00:00", "Z")


def age(moment: datetime, now: datetime) -> str:
    """`just now`, `12 min ago`."""
    seconds = (now - moment).total_seconds()
    return "just now" if seconds < 2 else f"{span(seconds)} ago"
