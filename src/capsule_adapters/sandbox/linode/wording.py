"""How Linode puts things: pages, errors, times."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request

_DEFAULT_PAGE_SIZE = 100
_PAGE_SIZES = range(25, 501)

_REASONS = {
    400: "The request could not be understood.",
    401: "Invalid Token",
    403: "Unauthorized",
    404: "Not found",
    405: "Method Not Allowed",
    408: "Request timed out",
    429: "Too many requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Refusal(Exception):
    """The cloud says no. `field`: which part of the request is at fault, if one is."""

    def __init__(self, status: int, reason: str = "", field: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.field = field


def error(status: int, reason: str = "", field: str = "") -> Answer:
    """An error answer; an empty `reason` takes the usual one."""
    told = {"reason": reason or _REASONS.get(status, "An error occurred.")}
    body = {"errors": [{**told, "field": field} if field else told]}
    return Answer(status, None if 300 <= status < 400 else body)


def page(request: Request, items: Sequence[Any], *, most_per_page: int) -> Answer:
    """One page of `items`. Raises Refusal for a page that is not there."""
    size = _number(request.query, "page_size", _DEFAULT_PAGE_SIZE)
    if size not in _PAGE_SIZES:
        raise Refusal(400, "Must be 25-500", "page_size")
    size = min(size, most_per_page)
    number = _number(request.query, "page", 1)
    pages = max(1, -(-len(items) // size))
    if not 1 <= number <= pages:
        raise Refusal(404)
    shown = list(items[(number - 1) * size : number * size])
    return Answer(200, {"data": shown, "page": number, "pages": pages, "results": len(items)})


def time(seconds: float) -> str:
    """A Unix time as the API writes it: UTC, and without saying so."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or not text.isascii() or len(text) > 9:
        raise Refusal(400, "Must be an integer", name)
    return int(text)
