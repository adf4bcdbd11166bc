"""What a cloud answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn


@dataclass(frozen=True)
class Answer:
    """A success. `body` is its JSON, or None without one; header names are in lower case.

    Numbers with a fraction are Decimal: a price is the digits that the cloud wrote.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    request_id: str | None


def parse(content: bytes) -> Any:
    """The JSON in `content`. Raises ValueError, which says in few words what it is instead."""
    if not content.strip():
        raise ValueError("nothing")
    if content.lstrip()[:1] == b"<":
        raise ValueError("a web page")
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError("something that is not whole JSON") from error


def pluck(body: Any, *path: str) -> Any:
    """What lies at `path` in nested objects; None when any part is missing."""
    for key in path:
        if not isinstance(body, dict):
            return None
        body = body.get(key)
    return body


def within(body: Any, key: str) -> Any:
    """What `key` of the body is, or None; the body itself where `key` is empty."""
    return pluck(body, key) if key else body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
