"""Finding what a deployment rented, when nobody knows whether it did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from capsule_domain.errors import ProviderUnavailable
from capsule_domain.models.deployment import Deployment
from capsule_domain.models.server import Server
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider
from capsule_domain.services.diary import Diary

LOOKING = "looking"
SENDING = ("intended", "intended again")
"""The steps after which a request may be on its way."""
POLL_SECONDS = 5.0
PATIENCE_SECONDS = 180.0


@dataclass(frozen=True)
class LookFor:
    """Looks for a deployment's tag, and believes only after a while that it is nowhere.

    A cloud may list a new server late. So that it is absent is believed when a whole
    settling time has passed since the first look at which surely no request was under way
    any more; that look is journalled, and counts for whoever looks next.
    """

    journal: Journal
    diary: Diary
    clock: Clock
    patience_seconds: float = PATIENCE_SECONDS

    def run(self, cloud: Provider, deployment: Deployment) -> Sequence[Server]:
        """Those with its tag; none only where there is none and none will come to light.

        Whoever asks holds the deployment. Raises ProviderUnavailable while nobody can know
        and that would take longer than is waited; ProviderError.
        """
        believed_at = self._since(deployment) + _settling(cloud)
        while not (found := list(cloud.servers(deployment=deployment.id))):
            left_seconds = (believed_at - self.clock.now()).total_seconds()
            if left_seconds <= 0:
                return ()
            if left_seconds > self.patience_seconds:
                raise _too_early(cloud, deployment, believed_at)
            self.clock.sleep(min(left_seconds, POLL_SECONDS))
        return found

    def _since(self, deployment: Deployment) -> datetime:
        """When it was first looked for after the last request."""
        looked: datetime | None = None
        for event in reversed(self.journal.get(deployment.id).events):
            if event.step in SENDING:
                break
            if event.step == LOOKING:
                looked = event.time
        if looked is None:
            looked = self.clock.now()
            self.diary.note(deployment.id, LOOKING, f"for the tag {deployment.tag}")
        return looked


def _settling(cloud: Provider) -> timedelta:
    return timedelta(seconds=cloud.capabilities.settling_seconds)


def _too_early(cloud: Provider, deployment: Deployment, until: datetime) -> ProviderUnavailable:
    return ProviderUnavailable(
        cloud.name,
        f"no server with the tag {deployment.tag} is listed, which says nothing before "
        f"{until:%Y-%m-%d %H:%M} UTC: a new one may come to light until then",
        hint=f"then again; or look: capsule openmesh deployments {deployment.id}",
    )
