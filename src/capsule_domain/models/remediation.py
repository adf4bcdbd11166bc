"""Remedies: what is done by itself about an alert, within which limits, and what came of it."""

import re
import shlex
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.stack import Name

_UNIT = re.compile(
    r"[A-Za-z0-9_.:\\@][A-Za-z0-9_.:\\@-]{0,240}"
    r"\.(service|socket|timer|mount|automount|swap|path|slice|scope|target)",
    re.ASCII,
)
_MOST_ARGUMENT_CHARS = 4096


def _unit(text: str) -> str:
    if not _UNIT.fullmatch(text):
        raise ValueError("the whole name of a unit of systemd, such as nginx.service")
    return text


def _argument(text: str) -> str:
    if "\0" in text:
        raise ValueError("an argument holds no NUL")
    return text


UnitName = Annotated[str, AfterValidator(_unit)]
Argument = Annotated[str, AfterValidator(_argument)]


class Remedy(Model):
    """What is done when an alert of `rule` begins to fire: one of the three.

    `restart_unit` and `run` are done on the xNode over SSH, `reboot` by its cloud. `run` is
    a program and its arguments, each of which arrives as it stands here; no shell reads them.
    `instance`: only for alerts of it, such as a mount or a failed unit.
    """

    rule: Name
    instance: str | None = None
    restart_unit: UnitName | None = None
    reboot: bool = False
    run: tuple[Argument, ...] = Field(default=(), max_length=64)
    deadline_seconds: float = Field(default=60.0, ge=1, le=3600)
    """How long the unit, or the command, may take. A cloud has its own time for a reboot."""

    @property
    def words(self) -> str:
        """`restart nginx.service`, `reboot`, `run journalctl --vacuum-size=200M`: for people."""
        if self.restart_unit is not None:
            return f"restart {self.restart_unit}"
        if self.reboot:
            return "reboot"
        line = shlex.join(self.run)
        return f"run {''.join(c if c.isprintable() else ' ' for c in line)}"

    @field_validator("run", mode="before")
    @classmethod
    def _is_a_list(cls, value: object) -> object:
        """A line of shell would be taken apart by nobody."""
        if isinstance(value, str):  # pydantic hands on a ValueError only
            raise ValueError("run is a list: the program, then each argument")  # noqa: TRY004
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.restart_unit is not None) + self.reboot + bool(self.run) != 1:
            raise ValueError("a remedy is one of restart_unit, reboot and run")
        if self.run and not self.run[0]:
            raise ValueError("run begins with a program")
        if sum(map(len, self.run)) > _MOST_ARGUMENT_CHARS:
            raise ValueError(f"run is longer than {_MOST_ARGUMENT_CHARS} characters")
        return self


class RemediationSettings(Model):
    """Whether anything is done by itself, what, and how often at most. Off unless switched on.

    `dry_run`: everything is decided and told, and nothing done. Of several remedies of one
    alert the first is taken.
    """

    enabled: bool = False
    dry_run: bool = False
    remedies: tuple[Remedy, ...] = ()
    hourly_per_xnode: int = Field(default=2, ge=1, le=60)
    hourly_in_fleet: int = Field(default=6, ge=1, le=1000)
    cooldown_seconds: float = Field(default=1800.0, ge=0, le=86_400)
    """How long after a remedy the same rule brings about none on the same xNode."""
    breaker_percent: float = Field(default=20.0, gt=0, le=100)
    """Of how much of the fleet a rule, or any, may hold before nothing is done at all."""
    spared_tags: tuple[str, ...] = ("maintenance",)
    """xNodes with any of these tags are left alone."""

    def remedy_for(self, rule: str, instance: str) -> Remedy | None:
        """The remedy of an alert; None where there is none."""
        if not self.enabled:
            return None
        return next(
            (r for r in self.remedies if r.rule == rule and r.instance in (None, instance)), None
        )

    @model_validator(mode="after")
    def _has_remedies_when_enabled(self) -> Self:
        if self.enabled and not self.remedies:
            raise ValueError("it is enabled, and there are no remedies")
        return self


class RemediationState(StrEnum):
    """PLANNED: its turn has not come. BEGUN: under way. DONE, FAILED: how it ended. UNKNOWN: it
    was begun, and nobody knows whether it was done. REFUSED: not done, and why. DRY: it would
    have been done. HELD: too much of the fleet is in trouble, and nothing is done about a rule.
    """

    PLANNED = "planned"
    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    DRY = "dry"
    HELD = "held"

    @property
    def is_act(self) -> bool:
        """Whether something was done, or may have been, or is about to be."""
        return self not in (self.REFUSED, self.DRY, self.HELD)

    @property
    def is_open(self) -> bool:
        """Whether it has not come to its end yet."""
        return self in (self.PLANNED, self.BEGUN)


class Remediation(Model):
    """One decision about an alert, and what came of it.

    `detail` says why, or what went wrong. HELD ones are of no alert and no xNode.
    """

    id: str
    time: Moment
    alert_id: str | None = None
    xnode: str = ""
    xnode_id: str = ""
    rule: str
    instance: str = ""
    remedy: str = ""
    state: RemediationState
    detail: str = ""
    begun_at: Moment | None = None
    ended_at: Moment | None = None

    @property
    def words(self) -> str:
        """`web-1: restart nginx.service: failed, …`."""
        what = ": ".join(part for part in (self.xnode, self.remedy or self.rule) if part)
        return f"{what}: {self.state}{f', {self.detail}' if self.detail else ''}"


class RemediationFilter(Model):
    """Which of them: all that match everything that is set. `limit`: the newest so many."""

    since: Moment | None = None
    xnode_ids: tuple[str, ...] = ()
    limit: int | None = Field(default=None, gt=0)
