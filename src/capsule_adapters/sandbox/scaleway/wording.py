"""How Scaleway puts things: pages of two kinds, errors with a type, times."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request

_DEFAULT_PER_PAGE = 50

_USUAL = {
    400: ("invalid_arguments", "invalid argument(s)"),
    401: ("denied_authentication", "authentication is denied"),
    403: ("permissions_denied", "insufficient permissions"),
    404: ("not_found", "resource is not found"),
    405: ("invalid_request_error", "method not allowed"),
    409: ("already_exists", "resource already exists"),
    410: ("resource_expired", "resource is expired"),
    412: ("precondition_failed", "precondition is not respected"),
    429: ("too_many_requests", "quota(s) exceeded for this resource"),
}


class Refusal(Exception):
    """The cloud says no. `type` empty: the usual one of `status`. `more`: the type's own fields."""

    def __init__(self, status: int, type_: str = "", message: str = "", **more: Any) -> None:
        super().__init__(message or type_)
        self.status = status
        self.type = type_
        self.message = message
        self.more = more


def refused(refusal: Refusal) -> Answer:
    """What a refusal is on the wire."""
    return error(refusal.status, refusal.type, refusal.message, **refusal.more)


def error(status: int, type_: str = "", message: str = "", **more: Any) -> Answer:
    """An error answer; what is empty takes the usual one."""
    usual_type, usual_message = _USUAL.get(status, ("internal_error", "internal error"))
    if 300 <= status < 400:
        return Answer(status)
    return Answer(
        status, {"type": type_ or usual_type, "message": message or usual_message, **more}
    )


def not_found(resource: str, resource_id: str) -> Refusal:
    return Refusal(404, resource=resource, resource_id=resource_id)


def invalid(argument: str, help_message: str, reason: str = "constraint") -> Refusal:
    """An argument is at fault."""
    told = {"argument_name": argument, "reason": reason, "help_message": help_message}
    return Refusal(400, details=[told])


def instance_page(
    request: Request, items: Sequence[Any], *, most_per_page: int
) -> tuple[list[Any], dict[str, str]]:
    """A page of the Instance API: the count is in a header, and so are links."""
    page, size = _asked(request, "per_page", most_per_page)
    pages = max(1, -(-len(items) // size))
    links = {"first": 1, "previous": page - 1, "next": page + 1, "last": pages}
    told = ",".join(
        f'<{request.path.rpartition("/")[2]}?page={number}&per_page={size}>; rel="{rel}"'
        for rel, number in links.items()
        if 1 <= number <= pages
    )
    headers = {"X-Total-Count": str(len(items)), "Link": told}
    return list(items[(page - 1) * size : page * size]), headers


def page(request: Request, key: str, items: Sequence[Any], *, most_per_page: int) -> Answer:
    """A page of any other API: the count is in the body."""
    number, size = _asked(request, "page_size", most_per_page)
    shown = list(items[(number - 1) * size : number * size])
    return Answer(200, {key: shown, "total_count": len(items)})


def time(seconds: float) -> str:
    """A Unix time as the API writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def _asked(request: Request, size_name: str, most: int) -> tuple[int, int]:
    size = _number(request.query, size_name, min(_DEFAULT_PER_PAGE, most))
    return _number(request.query, "page", 1), min(size, most)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise invalid(name, "must be a positive integer", "format")
    return int(text)
