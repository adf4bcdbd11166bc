"""What may become of an xNode, by its history."""

from capsule_domain.models.alert import AlertSeverity
from capsule_domain.models.base import Model


class Guess(Model):
    """One guess, by the rule of that name; `instance` is a disk's mount.

    `value` is what the rule judges: in how many hours a disk is full, or how many spreads a
    figure lies above what is usual. With 95 % confidence it lies from `low` to `high`, where
    these are known. `message` says it in words.
    """

    rule: str
    instance: str = ""
    severity: AlertSeverity
    value: float
    low: float | None = None
    high: float | None = None
    message: str
