"""What every value of the domain is."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Model(BaseModel):
    """A value: frozen, and loud about fields it does not know.

    What did not fit is not repeated in the error: it may be a secret in the wrong place.
    A model that a run never makes is never built: most runs make few of them.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )


def _as_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_as_utc)]
"""A point in time, always in UTC."""

Wait = Annotated[float, Field(ge=0, le=366 * 86_400)]
"""Seconds that something is waited for: a year at most, for a date has bounds."""
