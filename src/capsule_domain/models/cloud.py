"""Clouds, as far as they are known without asking them, and what opens them."""

from datetime import date

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.server import Account, Capabilities


class KeyPart(Model):
    """One part of what opens a cloud: its place in providers.yml, and in the environment."""

    field: str
    title: str
    variables: tuple[str, ...]
    """The preferred one first."""
    needed: bool = True
    secret: bool = True


class CloudFacts(Model):
    """A cloud's own facts. `ended`: the day its service ended, if it has."""

    name: str
    title: str
    capabilities: Capabilities
    ended: date | None = None


class CloudSummary(Model):
    """A cloud as `openmesh providers` lists it; `templates` and `regions` are counts."""

    name: str
    title: str
    configured: bool
    key_from: str | None
    """Where its key is: `environment`, `providers.yml`, `elsewhere` or `rehearsal`."""
    templates: int = Field(ge=0)
    regions: int = Field(ge=0)
    bills_when_stopped: bool
    ended: date | None
    variables: tuple[str, ...]
    """The variables that its key may be in."""
    capabilities: Capabilities


class ProviderConfigured(Model):
    """What came of configuring a cloud. `warning`: why its key is not known to be good."""

    provider: str
    saved: bool
    checked: bool
    account: Account | None = None
    warning: str | None = None
