"""monitoring.yml: how the fleet is watched, and on which channels people are told."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, field_validator, model_validator

from capsule_domain.models.base import Model
from capsule_domain.models.channels import ChannelName, EmailChannel
from capsule_domain.models.heartbeat import HeartbeatSettings
from capsule_domain.models.look import CheckChoice
from capsule_domain.models.notification import Grouping
from capsule_domain.models.remediation import RemediationSettings
from capsule_domain.models.rule import AlertRule
from capsule_domain.models.watch_plan import Percent, WatchPlan

_PLAN = WatchPlan()


class Thresholds(Model):
    """From which percentages on a figure is bad. A warning never lies above critical."""

    warning: Percent
    critical: Percent

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        if self.warning > self.critical:
            raise ValueError(
                f"warning, {self.warning:g} %, lies above critical, {self.critical:g} %"
            )
        return self


class MonitoringSettings(Model):
    """monitoring.yml. Nothing in it is a secret: those are in channels.yml."""

    version: int = Field(default=1, ge=1, le=1)
    check_interval_seconds: float = Field(default=_PLAN.interval_seconds, ge=5, le=86_400)
    ping_timeout_seconds: float = Field(default=5.0, gt=0, le=300)
    ssh_timeout_seconds: float = Field(default=10.0, gt=0, le=300)
    http_timeout_seconds: float = Field(default=10.0, gt=0, le=300)
    cpu: Thresholds = Thresholds(warning=75, critical=90)
    memory: Thresholds = Thresholds(warning=80, critical=95)
    disk: Thresholds = Thresholds(warning=85, critical=95)
    rules: tuple[AlertRule, ...] = ()
    """Own rules; one with the name of a rule that is there replaces it."""
    checks: CheckChoice = CheckChoice()
    checks_of: Mapping[str, CheckChoice] = Field(default_factory=dict)
    """By an xNode's name or id, in the place of `checks`."""
    grouping: Grouping = Grouping()
    isolated_percent: Percent = _PLAN.isolated_percent
    anchors: tuple[str, ...] = _PLAN.anchors
    console: bool = True
    email: EmailChannel = EmailChannel()
    webhook: bool = False
    slack: bool = False
    apprise: bool = False
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    remediation: RemediationSettings = RemediationSettings()

    @field_validator("rules")
    @classmethod
    def _each_once(cls, rules: tuple[AlertRule, ...]) -> tuple[AlertRule, ...]:
        names = [rule.name for rule in rules]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"there are two rules named {name}")
        return rules

    @property
    def channels(self) -> tuple[ChannelName, ...]:
        """Those that are enabled."""
        enabled = {
            ChannelName.CONSOLE: self.console,
            ChannelName.EMAIL: self.email.enabled,
            ChannelName.WEBHOOK: self.webhook,
            ChannelName.SLACK: self.slack,
            ChannelName.APPRISE: self.apprise,
        }
        return tuple(name for name, on in enabled.items() if on)


class TakenOver(Model):
    """A monitoring.yml of the original's form that became ours.

    `kept_as`: where it is now. `left_out`: what Capsule has no place for, or does not dare.
    """

    kept_as: str
    left_out: tuple[str, ...] = ()
