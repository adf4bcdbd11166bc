"""Reading a cloud's JSON into our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from capsule_domain.errors import ProviderError


class Wire(BaseModel):
    """What a cloud writes. Fields that we do not know are ignored; those we name are needed."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


@dataclass(frozen=True)
class Reading:
    """Whose answer is read, and when it was asked for."""

    provider: str
    at: datetime


@contextmanager
def understood(provider: str, what: str, request_id: str | None = None) -> Iterator[None]:
    """Turn a value that does not fit into a ProviderError that names the field."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in (what, *first["loc"]) if part != "") or "body"
        unread = f"'s {field} cannot be read: {first['msg'][:1].lower()}{first['msg'][1:]}"
        cause = f" lacks {field}" if first["type"] == "missing" else unread
        raise ProviderError(provider, f"the answer{cause}", request_id=request_id) from error
