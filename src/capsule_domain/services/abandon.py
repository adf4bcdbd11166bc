"""Undoing a deployment that was not finished: all that it made goes, the newest first."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound, ProviderError, ProviderUnavailable
from capsule_domain.models.deployment import Deployment, DeploymentState
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import KnownHosts
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider
from capsule_domain.services.diary import Diary
from capsule_domain.services.ending import end_server
from capsule_domain.services.leftovers import leftovers_after
from capsule_domain.services.look_for import LookFor
from capsule_domain.services.terminate import refuse_protected

_TO_UNDO = (DeploymentState.FAILED, DeploymentState.ABANDONED)
"""Nothing is billed, and yet a key or a volume may be left; abandoning twice is safe."""


@dataclass(frozen=True)
class Abandon:
    """Takes away what a deployment made. Killed in the middle it can be done again."""

    provider: Callable[[str], Provider]
    journal: Journal
    inventory: Inventory
    known_hosts: KnownHosts
    clock: Clock
    diary: Diary
    look_for: LookFor

    def find(self, name_or_id: str) -> Deployment:
        """One that can be undone. Raises NotFound, Conflict, and UnsafePlan when protected."""
        found = self.journal.get(name_or_id)
        if found.state is DeploymentState.READY:
            raise Conflict(
                f"{found.name} is in use",
                hint=f"end it: capsule openmesh xnode terminate {found.name}",
            )
        if not found.state.unfinished and found.state not in _TO_UNDO:
            raise Conflict(f"deployment {found.id} of '{found.name}' is over: it is {found.state}")
        xnode = self._known(found)
        if xnode is not None:
            refuse_protected(xnode)
        return found

    def run(self, deployment: Deployment) -> Deployment:
        """The deployment as it is then: abandoned.

        Raises Conflict when another Capsule works on it; ProviderUnavailable while nobody
        can know whether a server was rented; ProviderError: again is safe.
        """
        with self.journal.hold(deployment.id):
            self.undo(self.find(deployment.id))
        return self.journal.get(deployment.id)

    def undo(self, deployment: Deployment) -> None:
        """As `run`; whoever asks holds the deployment, and `find` found it."""
        cloud = self.provider(deployment.provider)
        for server_id in self._servers(cloud, deployment):
            end_server(
                cloud,
                server_id,
                self.clock,
                hint=f"capsule openmesh deploy --abandon {deployment.id}",
            )
            self.diary.note(deployment.id, "ended", f"server {server_id}")
        self._remove_leftovers(cloud, deployment)
        self._forget(deployment)
        self.diary.note(
            deployment.id, "abandoned", "nothing of it is left", state=DeploymentState.ABANDONED
        )

    def _servers(self, cloud: Provider, deployment: Deployment) -> list[str]:
        """The ids of all that it rented, each once."""
        if deployment.state is DeploymentState.INTENDED:
            found = self.look_for.run(cloud, deployment)
        else:
            found = list(cloud.servers(deployment=deployment.id))
        recorded = [deployment.server_id] if deployment.server_id else []
        return list(dict.fromkeys([*recorded, *(server.server_id for server in found)]))

    def _remove_leftovers(self, cloud: Provider, deployment: Deployment) -> None:
        """What was only its own; and what all share, when no other needs that any more."""
        try:
            for leftover in leftovers_after(
                cloud, deployment, journal=self.journal, inventory=self.inventory
            ):
                cloud.remove_leftover(leftover)
                self.diary.note(deployment.id, "removed", leftover.title)
        except ProviderUnavailable:
            raise
        except ProviderError as error:
            # A key of ours may lack the right even to look: nothing is billed by the hour.
            self.diary.note(deployment.id, "left", error.message)

    def _forget(self, deployment: Deployment) -> None:
        self.known_hosts.forget(deployment.id)
        xnode = self._known(deployment)
        if xnode is not None and xnode.status is not ServerStatus.GONE:
            self.inventory.update(
                xnode.model_copy(
                    update={"status": ServerStatus.GONE, "terminated_at": self.clock.now()}
                )
            )

    def _known(self, deployment: Deployment) -> XNode | None:
        with suppress(NotFound):
            return self.inventory.get(deployment.id, exact=True)
        return None
