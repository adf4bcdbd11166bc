"""The rehearsal cloud, from outside."""

from typing import Protocol

from pydantic import Field

from capsule_domain.models.base import Model


class SandboxStatus(Model):
    """Whether the rehearsal cloud runs, and what it holds."""

    running: bool
    home: str
    pid: int | None = None
    endpoints: dict[str, str] = Field(default_factory=dict)
    servers: int = 0
    isolation: str | None = None
    """How its machines are kept apart: `bubblewrap`, or `folders` where there is none."""


class Sandbox(Protocol):
    """The rehearsal cloud: loopback APIs and SSH hosts that the true adapters talk to.

    Raises StoreError, and ConfigurationError when it does not come up.
    """

    def up(self) -> SandboxStatus:
        """Start it in the background, or find it running."""

    def down(self) -> SandboxStatus:
        """End it. Not running is a success. What it holds stays for the next `up`."""

    def status(self) -> SandboxStatus:
        """As it is now."""
