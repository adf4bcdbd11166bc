"""The journal of deployments."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from capsule_domain.models.deployment import (
    Deployment,
    DeploymentEvent,
    DeploymentId,
    DeploymentState,
)


class Journal(Protocol):
    """The journal of deployments, durable (fsync) before a method returns.

    Every implementation passes tests/contracts/test_journal.py and fails only with
    NotFound, Conflict or StoreError.
    """

    def begin(self, deployment: Deployment) -> None:
        """Write the intent. Raises Conflict when an unfinished deployment has the same name."""

    def hold(self, deployment: DeploymentId) -> AbstractContextManager[None]:
        """While it is held nobody else works on that deployment.

        Whoever dies lets go. Raises Conflict at once when it is held; it need not be begun.
        """

    def record(
        self,
        deployment: DeploymentId,
        event: DeploymentEvent,
        *,
        state: DeploymentState | None = None,
        server_id: str | None = None,
    ) -> Deployment:
        """Add what happened; None leaves `state` and `server_id` as they are."""

    def get(self, name_or_id: str) -> Deployment:
        """The newest deployment of that name, or the one of that id or unique id prefix."""

    def list(self, *, unfinished: bool = False) -> Sequence[Deployment]:
        """All, newest first; or only those where something may be billed and not in use."""
