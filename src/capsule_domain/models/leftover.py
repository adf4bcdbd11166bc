"""What Capsule made at a cloud beside servers, and what can outlive them."""

from enum import StrEnum

from capsule_domain.models.base import Model
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.money import Money


class LeftoverKind(StrEnum):
    """What it is, in the order in which things are taken away: what costs goes first.

    At none of the clouds does Capsule reserve an address or keep a startup script.
    """

    VOLUME = "volume"
    KEY = "key"
    GROUP = "group"


class Leftover(Model):
    """One such thing that no server holds. `id` is the cloud's, as `remove_leftover` takes it.

    `deployment`: whose alone it was; None for what all servers of an account share.
    """

    provider: str
    kind: LeftoverKind
    id: str
    name: str
    deployment: DeploymentId | None = None
    price_per_month: Money | None = None
    """None for what costs nothing, and where the cloud does not say."""

    @property
    def title(self) -> str:
        """Such as `key capsule-0f3a`."""
        return f"{self.kind} {self.name}"
