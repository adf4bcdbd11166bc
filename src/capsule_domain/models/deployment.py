"""Deployments: the journal of renting, written before the money is spent."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NewType

from pydantic import Field

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.money import Money
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.template import Offer
from capsule_domain.models.time_to_live import expiry_tag

DeploymentId = NewType("DeploymentId", str)

TAG_PREFIX = "capsule-"
_TAG = re.compile(rf"{TAG_PREFIX}([0-9a-f]{{10}})", re.ASCII)


def deployment_in(tags: Iterable[str]) -> DeploymentId | None:
    """Whose server it is that bears these tags; None: none that a Capsule rented.

    Only what is whole a tag of ours counts: `capsule-web` is somebody's own word.
    """
    found = (match for tag in tags if (match := _TAG.fullmatch(tag)))
    return next((DeploymentId(match[1]) for match in found), None)


class DeploymentState(StrEnum):
    """How far a deployment came.

    INTENDED: journalled; whether the cloud got the request is not known.
    RENTED: the cloud gave a server id; it is billed. BOOTED: active with an address.
    READY: reached over SSH with its verified host key. FAILED: the cloud refused;
    nothing is billed. ABANDONED: undone on request. TERMINATED: ended after use.
    """

    INTENDED = "intended"
    RENTED = "rented"
    BOOTED = "booted"
    READY = "ready"
    FAILED = "failed"
    ABANDONED = "abandoned"
    TERMINATED = "terminated"

    @property
    def unfinished(self) -> bool:
        """Whether something may be billed that is not in use yet."""
        return self in (self.INTENDED, self.RENTED, self.BOOTED)


class DeploymentEvent(Model):
    """One thing that happened."""

    time: Moment
    step: str
    detail: str = ""


class Deployment(Model):
    """One renting, from intent to end. `tag` is on the server, so that it can be found."""

    id: DeploymentId
    name: str
    state: DeploymentState
    provider: str
    region: str
    slug: str
    server_id: str | None = None
    plan: "DeployPlan | None" = None
    """What was confirmed, so that it can be gone on with; None from before it was kept."""
    started_at: Moment
    events: tuple[DeploymentEvent, ...] = ()

    @property
    def tag(self) -> str:
        return f"{TAG_PREFIX}{self.id}"


class RejectedOffer(Model):
    """An offer that was not chosen, and why."""

    offer: Offer
    reason: str


class DeployPlan(Model):
    """What a deploy will do: shown, confirmed, then done exactly so."""

    name: str
    offer: Offer
    fallbacks: tuple[Offer, ...] = ()
    """What is tried next, in this order, when the cloud has none left or refuses one more."""
    runners_up: tuple[Offer, ...] = ()
    """The next best templates, to compare."""
    rejected: tuple[RejectedOffer, ...] = ()
    refused: tuple[RejectedOffer, ...] = ()
    """What a cloud refused before it came to `offer`, each with the cloud's words."""
    image: str | None = None
    os: OperatingSystem = OperatingSystem.STOCK
    profile: str | None = None
    tags: tuple[str, ...] = ()
    expires_at: Moment | None = None
    """When it may be reaped; None lets it live."""
    ssh_key: str | None = None
    """The key file that was named for it; None: openmesh.yml's, else Capsule's own."""
    over_budget: str | None = None
    """Why it may go beyond a budget; None where it keeps to all of them."""
    price_per_hour: Money
    price_per_month: Money
    seen: int = Field(ge=0)
    """How many offers were looked at."""

    @property
    def cloud_tags(self) -> tuple[str, ...]:
        """The tags that the server bears beside its deployment's own."""
        expires = () if self.expires_at is None else (expiry_tag(self.expires_at),)
        return (*self.tags, *expires)

    def at(self, offer: Offer) -> "DeployPlan":
        """The same at another offer, at its price."""
        return self.model_copy(
            update={
                "offer": offer,
                "price_per_hour": offer.price_per_hour,
                "price_per_month": offer.price_per_month,
            }
        )
