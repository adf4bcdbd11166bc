"""What the collector says while it works."""

from enum import StrEnum

from capsule_domain.models.alert import Alert
from capsule_domain.models.base import Model, Moment
from capsule_domain.models.remediation import Remediation


class HeardKind(StrEnum):
    """STARTED, RELOADED, STOPPED: the collector itself. SWEPT: an interval is over.

    SKIPPED: turns were missed. CLOCK: time did not pass as it should, and what was waited for
    is waited for anew. TROUBLE: something of ours failed, and the work goes on. REMEDY: what is
    done about an alert by itself, what came of it, or why nothing is. The rest is what happened
    to an alert.
    """

    STARTED = "started"
    RELOADED = "reloaded"
    STOPPED = "stopped"
    SWEPT = "swept"
    SKIPPED = "skipped"
    CLOCK = "clock"
    TROUBLE = "trouble"
    REMEDY = "remedy"
    BEGAN = "began"
    FIRED = "fired"
    ESCALATED = "escalated"
    EASED = "eased"
    RESOLVED = "resolved"
    DROPPED = "dropped"


class Heard(Model):
    """One thing that the collector says: `alert` for what happened to one, `remediation` for
    what is done about one.
    """

    time: Moment
    kind: HeardKind
    message: str
    alert: Alert | None = None
    remediation: Remediation | None = None
