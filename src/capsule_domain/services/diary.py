"""The diary of a deployment: what happens is journalled first, and then told."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.models.deployment import DeploymentEvent, DeploymentId, DeploymentState
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.journal import Journal

Report = Callable[[str, str], None]
"""Told a step and its detail."""


@dataclass(frozen=True)
class Diary:
    """Writes events into the journal; `progress` hears of each once it is durable."""

    journal: Journal
    clock: Clock
    progress: Callable[[DeploymentEvent], None]

    def note(
        self,
        deployment: DeploymentId,
        step: str,
        detail: str = "",
        *,
        state: DeploymentState | None = None,
        server_id: str | None = None,
    ) -> None:
        """Add an event; None leaves `state` and `server_id` as they are. Raises StoreError."""
        event = DeploymentEvent(time=self.clock.now(), step=step, detail=detail)
        self.journal.record(deployment, event, state=state, server_id=server_id)
        self.progress(event)

    def reporter(self, deployment: DeploymentId) -> Report:
        """A way to note steps of one deployment."""
        return lambda step, detail: self.note(deployment, step, detail)
