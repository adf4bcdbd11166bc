"""Where the fleet stands, in a few figures."""

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.money import Money


class Count(Model):
    """How many xNodes there are, all together and by their status."""

    total: int = Field(ge=0)
    by_status: dict[str, int]


class Rate(Model):
    """What is billed now in one currency."""

    currency: str
    hourly: Money
    monthly: Money


class Unfinished(Model):
    """A deployment where something may be billed that is not in use."""

    id: str
    name: str
    state: str
    provider: str


class Step(Model):
    """Something to do next, and why."""

    command: str
    why: str


class Dashboard(Model):
    """What `openmesh` alone shows. `configured` are names of clouds, `known` is how many there are.

    `next` is never empty: the most urgent comes first.
    """

    xnodes: Count
    stopped_and_billed: tuple[str, ...] = ()
    """Names of xNodes that are switched off and cost what they did, the first few."""
    stopped_and_billed_count: int = Field(default=0, ge=0)
    """How many there are of these."""
    configured: tuple[str, ...]
    known: int = Field(ge=0)
    rates: tuple[Rate, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()
    next: tuple[Step, ...] = ()
