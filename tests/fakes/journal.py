"""The journal of deployments, in memory."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.deployment import (
    Deployment,
    DeploymentEvent,
    DeploymentId,
    DeploymentState,
)


class FakeJournal:
    """Deployments without a disk. `full_disk` makes every writing fail; nothing changes then."""

    def __init__(self, deployments: Iterable[Deployment] = ()) -> None:
        self.full_disk = False
        self._by_id: dict[str, Deployment] = {}
        self._held: set[str] = set()
        for deployment in deployments:
            self.begin(deployment)

    def begin(self, deployment: Deployment) -> None:
        self._refuse_when_full()
        if deployment.id in self._by_id:
            raise Conflict(f"a deployment with the id '{deployment.id}' exists already")
        self._refuse_second(deployment)
        self._by_id[deployment.id] = deployment

    @contextmanager
    def hold(self, deployment: DeploymentId) -> Iterator[None]:
        if deployment in self._held:
            raise Conflict(f"another Capsule works on deployment {deployment} at this moment")
        self._held.add(deployment)
        try:
            yield
        finally:
            self._held.discard(deployment)

    def record(
        self,
        deployment: DeploymentId,
        event: DeploymentEvent,
        *,
        state: DeploymentState | None = None,
        server_id: str | None = None,
    ) -> Deployment:
        self._refuse_when_full()
        if deployment not in self._by_id:
            raise NotFound("deployment", deployment)
        before = self._by_id[deployment]
        changes: dict[str, object] = {"events": (*before.events, event)}
        if state is not None:
            changes["state"] = state
        if server_id is not None:
            changes["server_id"] = server_id
        after = before.model_copy(update=changes)
        self._refuse_second(after)
        self._by_id[deployment] = after
        return after

    def get(self, name_or_id: str) -> Deployment:
        if name_or_id in self._by_id:
            return self._by_id[name_or_id]
        newest_first = self.list()
        for deployment in newest_first:
            if deployment.name == name_or_id:
                return deployment
        found = [d for d in newest_first if name_or_id and d.id.startswith(name_or_id)]
        if len(found) > 1:
            raise Conflict(f"'{name_or_id}' fits several deployments")
        if not found:
            known = [d.name for d in newest_first]
            raise NotFound(
                "deployment", name_or_id, known=known, hint="capsule openmesh deployments"
            )
        return found[0]

    def list(self, *, unfinished: bool = False) -> Sequence[Deployment]:
        newest_first = list(self._by_id.values())[::-1]
        return [d for d in newest_first if d.state.unfinished or not unfinished]

    def _refuse_second(self, deployment: Deployment) -> None:
        for other in self._by_id.values():
            same = other.name == deployment.name and other.id != deployment.id
            if same and other.state.unfinished and deployment.state.unfinished:
                raise Conflict(f"a deployment of '{other.name}' is unfinished: {other.id}")

    def _refuse_when_full(self) -> None:
        if self.full_disk:
            raise StoreError("cannot write state.db: the disk is full", hint="df -h")
