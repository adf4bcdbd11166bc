"""How Vultr puts things: pages, errors, times."""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request

_DEFAULT_PER_PAGE = 100
_MOST_PER_PAGE = 500
_USUAL = {
    400: "Bad request.",
    401: "Invalid API token.",
    403: "You are not allowed to perform that action.",
    404: "Not found.",
    405: "Method not allowed.",
    429: "Rate limit exceeded.",
    500: "Internal server error.",
    503: "Service unavailable.",
}


class Refusal(Exception):
    """The cloud says no."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error(status: int, message: str) -> Answer:
    """An error answer; an empty `message` takes the usual one."""
    if 300 <= status < 400:
        return Answer(status)
    said = message or _USUAL.get(status, "An error occurred.")
    return Answer(status, {"error": said, "status": status})


def page(request: Request, key: str, items: Sequence[Any], *, most_per_page: int) -> Answer:
    """One page of `items`. A cursor is opaque: no number, no URL."""
    per_page = min(_per_page(request), most_per_page)
    start = _offset(request.query.get("cursor", ""))
    following, previous = start + per_page, max(0, start - per_page)
    links = {
        "next": _cursor(following) if following < len(items) else "",
        "prev": _cursor(previous) if start > 0 else "",
    }
    meta = {"total": len(items), "links": links}
    return Answer(200, {key: list(items[start:following]), "meta": meta})


def time(seconds: float) -> str:
    """A Unix time as the API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _per_page(request: Request) -> int:
    text = request.query.get("per_page", str(_DEFAULT_PER_PAGE))
    if not re.fullmatch("[1-9][0-9]{0,8}", text, re.ASCII):
        raise Refusal(400, "Invalid per_page.")
    return min(int(text), _MOST_PER_PAGE)


def _cursor(offset: int) -> str:
    return base64.b64encode(f"next__{offset}".encode()).decode()


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        text = base64.b64decode(cursor, validate=True).decode()
    except (binascii.Error, ValueError) as junk:
        raise Refusal(400, "Invalid cursor.") from junk
    found = re.fullmatch("next__([0-9]{1,9})", text, re.ASCII)
    if found is None:
        raise Refusal(400, "Invalid cursor.")
    return int(found[1])
