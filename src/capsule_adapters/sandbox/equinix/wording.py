"""How Equinix Metal put things: links, pages, errors, times."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request

PREFIX = "/metal/v1"
_DEFAULT_PAGE_SIZE = 10
_MOST_PER_PAGE = 100
_LARGEST_NUMBER = 100_000

_MESSAGES = {
    400: "Bad request",
    401: "Invalid authentication token",
    403: "You are not authorized to view this resource",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    422: "The request could not be processed",
    429: "Too many requests",
    500: "Oh snap, something went wrong!",
    503: "Service unavailable",
}


class Refusal(Exception):
    """The cloud says no."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error(status: int, message: str = "") -> Answer:
    """An error answer, in whichever of the two forms it takes; "" takes the usual message."""
    told = message or _MESSAGES.get(status, "An error occurred")
    body = {"error": told} if status in (401, 429) else {"errors": [told]}
    return Answer(status, None if 300 <= status < 400 else body)


def link(path: str) -> dict[str, str]:
    """What stands for a thing that was not asked for."""
    return {"href": f"{PREFIX}{path}"}


def page(request: Request, key: str, items: Sequence[Any], *, most_per_page: int) -> Answer:
    """One page of `items` under `key`. Raises Refusal."""
    wanted = _number(request.query, "per_page", _DEFAULT_PAGE_SIZE)
    size = min(wanted, most_per_page, _MOST_PER_PAGE)
    number = _number(request.query, "page", 1)
    last = max(1, -(-len(items) // size))

    def to(page_number: int) -> dict[str, str] | None:
        if not 1 <= page_number <= last:
            return None
        query = urlencode({**request.query, "page": page_number})
        return {"href": f"{request.path}?{query}"}

    meta = {
        "first": to(1),
        "previous": to(number - 1),
        "self": to(min(number, last)),
        "next": to(number + 1),
        "last": to(last),
        "current_page": number,
        "last_page": last,
        "total": len(items),
    }
    return Answer(200, {key: list(items[(number - 1) * size : number * size]), "meta": meta})


def time(seconds: float) -> str:
    """A Unix time as the API wrote it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    fits = text.isdecimal() and text.isascii() and len(text) < 9
    if not fits or not 1 <= int(text) <= _LARGEST_NUMBER:
        raise Refusal(422, f"{name} is not valid")
    return int(text)
