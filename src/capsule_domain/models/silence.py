"""Silences: what need not be told for a while."""

from collections.abc import Collection
from typing import Self

from pydantic import model_validator

from capsule_domain.models.alert import Alert, AlertSeverity
from capsule_domain.models.base import Model, Moment


class Silence(Model):
    """Alerts that nobody is told of until it ends; they are kept and shown all the same.

    It is for alerts that match everything that is set; one with nothing set is for all.
    `xnode` is a name or an id.
    """

    id: str
    xnode: str | None = None
    rule: str | None = None
    tag: str | None = None
    severity: AlertSeverity | None = None
    starts_at: Moment
    ends_at: Moment
    created_by: str
    comment: str = ""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("a silence ends after it begins")
        return self

    def hushes(self, alert: Alert, tags: Collection[str], now: Moment) -> bool:
        """Whether nobody is told of `alert` now. `tags` are those of its xNode."""
        return (
            self.starts_at <= now < self.ends_at
            and self.xnode in (None, alert.xnode, alert.key.xnode_id)
            and self.rule in (None, alert.key.rule)
            and self.severity in (None, alert.severity)
            and (self.tag is None or self.tag in tags)
        )
