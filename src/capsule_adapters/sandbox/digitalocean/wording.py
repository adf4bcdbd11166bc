"""How DigitalOcean puts things: pages, errors, times."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request

_PUBLIC_URL = "https://api.digitalocean.com"
_DEFAULT_PER_PAGE = 20

ERROR_IDS = {
    400: ("bad_request", "The request could not be understood."),
    401: ("Unauthorized", "Unable to authenticate you"),
    403: ("forbidden", "You are not authorized to perform this operation"),
    404: ("not_found", "The resource you were accessing could not be found."),
    405: ("method_not_allowed", "The method is not allowed."),
    409: ("conflict", "The resource is in conflict with its current state."),
    422: ("unprocessable_entity", "The request cannot be processed."),
    429: ("too_many_requests", "API Rate limit exceeded."),
    500: ("server_error", "Unexpected server-side error"),
    503: ("service_unavailable", "The service is not available at the moment."),
}


class Refusal(Exception):
    """The cloud says no."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error(status: int, message: str, request_id: str) -> Answer:
    """An error answer; an empty `message` takes the usual one."""
    id_, usual = ERROR_IDS.get(status, ("error", "An error occurred."))
    body = {"id": id_, "message": message or usual, "request_id": request_id}
    return Answer(status, None if 300 <= status < 400 else body)


def page(request: Request, key: str, items: Sequence[Any], *, most_per_page: int) -> Answer:
    """One page of `items`. Links name the public host whatever host was asked."""
    per_page = min(_number(request.query, "per_page", _DEFAULT_PER_PAGE), 200, most_per_page)
    number = _number(request.query, "page", 1)
    last = max(1, -(-len(items) // per_page))
    shown = list(items[(number - 1) * per_page : number * per_page])
    pages: dict[str, str] = {}
    if number > 1:
        pages["first"] = _link(request, 1, per_page)
        pages["prev"] = _link(request, number - 1, per_page)
    if number < last:
        pages["next"] = _link(request, number + 1, per_page)
        pages["last"] = _link(request, last, per_page)
    links = {"pages": pages} if pages else {}
    return Answer(200, {key: shown, "links": links, "meta": {"total": len(items)}})


def time(seconds: float) -> str:
    """A Unix time as the API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    return int(text) if text.isdecimal() and 0 < int(text) < 10**9 else default


def _link(request: Request, number: int, per_page: int) -> str:
    kept = {k: v for k, v in request.query.items() if k not in ("page", "per_page")}
    query = {**kept, "page": str(number), "per_page": str(per_page)}
    return f"{_PUBLIC_URL}{request.path}?" + "&".join(f"{k}={v}" for k, v in query.items())
