"""How the collector goes about it."""

from typing import Annotated

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.heartbeat import HeartbeatSettings
from capsule_domain.models.look import LookPlan
from capsule_domain.models.notification import Grouping
from capsule_domain.models.remediation import RemediationSettings
from capsule_domain.models.rule import AlertRule, Quantity

STALE_INTERVALS = 2.5
"""After how many intervals without a look nobody knows how an xNode is."""

OUTLOOK_SECONDS = 1800.0
"""How often is guessed, from the history, what may become of an xNode."""
SPENDING_SECONDS = 300.0
"""How often is worked out what of the budgets is spent."""

Percent = Annotated[float, Field(gt=0, le=100)]


class WatchPlan(Model):
    """What the collector looks at, how often, by which rules, and on which channels it tells.

    Nothing here is a secret: channels are names.
    """

    interval_seconds: float = Field(default=60.0, ge=5, le=86_400)
    disks_every_seconds: float = Field(default=300.0, gt=0)
    """How often df is asked, which a machine feels more than the rest."""
    system_every_seconds: float = Field(default=300.0, gt=0)
    """How often failed units, the generation and graphics processors are read."""
    look: LookPlan = LookPlan()
    rules: tuple[AlertRule, ...] = ()
    grouping: Grouping = Grouping()
    channels: tuple[str, ...] = ("console",)
    isolated_percent: Percent = 50.0
    """Of how many xNodes at once nothing may answer before the collector doubts itself."""
    anchors: tuple[str, ...] = ("1.1.1.1:443", "9.9.9.9:443")
    """Whom it asks then, as `host:port`: when none of them answers either, it is cut off."""
    remediation: RemediationSettings = RemediationSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()

    @property
    def stale_seconds(self) -> float:
        """After how long without a look nobody knows how an xNode is."""
        return STALE_INTERVALS * self.interval_seconds

    def stale_seconds_of(self, quantity: Quantity) -> float:
        """The same for what is not measured at every look."""
        seldom = {
            Quantity.DISK: self.disks_every_seconds,
            Quantity.INODES: self.disks_every_seconds,
            Quantity.FAILED_UNITS: self.system_every_seconds,
            Quantity.BUDGET_PERCENT: SPENDING_SECONDS,
        }
        every = OUTLOOK_SECONDS if quantity.is_guess else seldom.get(quantity, 0.0)
        return STALE_INTERVALS * max(self.interval_seconds, every)
