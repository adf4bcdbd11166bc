"""Alert rules: what is measured, and from where on it is bad."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from capsule_domain.models.alert import AlertSeverity, Timing
from capsule_domain.models.base import Model
from capsule_domain.models.stack import Name


class Quantity(StrEnum):
    """What a rule looks at. A fault is 1 while it is there and 0 while it is not."""

    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"
    INODES = "inodes"
    LOAD_PER_CORE = "load_per_core"
    FAILED_UNITS = "failed_units"
    TCP_FAULT = "tcp_fault"
    SSH_FAULT = "ssh_fault"
    PING_FAULT = "ping_fault"
    HTTP_FAULT = "http_fault"
    HOST_KEY_FAULT = "host_key_fault"
    CERTIFICATE_DAYS = "certificate_days"
    TTL_HOURS = "ttl_hours"
    BUDGET_PERCENT = "budget_percent"
    COLLECTOR_FAULT = "collector_fault"
    DISK_FULL_HOURS = "disk_full_hours"
    CPU_UNUSUAL = "cpu_unusual"
    MEMORY_UNUSUAL = "memory_unusual"

    @property
    def is_percentage(self) -> bool:
        """Whether it goes from 0 to 100 and no further."""
        return self in (self.CPU, self.MEMORY, self.DISK, self.INODES)

    @property
    def is_guess(self) -> bool:
        """Whether it says what may be, from the history, and not what is."""
        return self in (self.DISK_FULL_HOURS, self.CPU_UNUSUAL, self.MEMORY_UNUSUAL)


class Bound(Model):
    """Bad from `enter` on, and fine again only past `leave`: between them nothing changes.

    `leave` lies on the good side of `enter`, which also says where that is: below it
    where large is bad, above it where small is.
    """

    enter: float = Field(allow_inf_nan=False)
    leave: float = Field(allow_inf_nan=False)

    @property
    def small_is_bad(self) -> bool:
        return self.leave > self.enter

    def holds(self, value: float, *, held: bool) -> bool:
        """Whether `value` is bad; `held`: whether it was before."""
        edge = self.leave if held else self.enter
        if self.small_is_bad:
            return value < edge if held else value <= edge
        return value > edge if held else value >= edge


class AlertRule(Model):
    """One rule. With `tags` it is only for xNodes that have all of them.

    Raises on a warning that lies beyond the critical bound, and on percentages that
    cannot be.
    """

    name: Name
    quantity: Quantity
    summary: str = ""
    info: Bound | None = None
    warning: Bound | None = None
    critical: Bound | None = None
    timing: Timing = Timing()
    tags: tuple[str, ...] = ()
    enabled: bool = True

    @property
    def bounds(self) -> dict[AlertSeverity, Bound]:
        """The bounds there are, the mildest first."""
        found = {
            AlertSeverity.INFO: self.info,
            AlertSeverity.WARNING: self.warning,
            AlertSeverity.CRITICAL: self.critical,
        }
        return {severity: bound for severity, bound in found.items() if bound is not None}

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        bounds = self.bounds
        if not bounds:
            raise ValueError("a rule needs a bound: info, warning or critical")
        if self.quantity.is_guess and self.critical is not None:
            raise ValueError(f"{self.quantity} is a guess: info or warning, never critical")
        if len({bound.small_is_bad for bound in bounds.values()}) > 1:
            raise ValueError("the bounds of a rule all lie on the same side")
        last: tuple[AlertSeverity, float] | None = None
        for severity, bound in bounds.items():
            if self.quantity.is_percentage and not 0 <= bound.enter <= 100:
                raise ValueError(f"{severity} of {self.quantity} is a percentage, 0 to 100")
            if last and (bound.enter < last[1]) != bound.small_is_bad and bound.enter != last[1]:
                raise ValueError(f"{last[0]} lies beyond {severity}")
            last = (severity, bound.enter)
        return self
