"""All that is known of one xNode."""

from capsule_domain.models.deployment import DeploymentState
from capsule_domain.models.health import Health
from capsule_domain.models.metric import Metrics
from capsule_domain.models.money import Money
from capsule_domain.models.xnode import XNode


class XNodeDetails(XNode):
    """An xNode, and what is known of it elsewhere; what was never looked at is None."""

    age_seconds: float
    """Since it was rented; until its end, where that has come."""
    expires_in_seconds: float | None = None
    """Less than zero when it is overdue."""
    spent_this_month: tuple[Money, ...] = ()
    spent_ever: tuple[Money, ...] = ()
    """Since it was rented; as the one before in each currency that it was ever billed in."""
    bills_when_stopped: bool | None = None
    """None for what is at no cloud that Capsule knows."""
    host_keys: tuple[str, ...] = ()
    """The fingerprints by which it is known."""
    deployment_state: DeploymentState | None = None
    health: Health | None = None
    metrics: Metrics | None = None
