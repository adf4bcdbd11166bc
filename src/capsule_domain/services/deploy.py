"""Deploying: a server rented, waited for, and entered with the key we gave it."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.errors import CapsuleError
from capsule_domain.models.deployment import DeploymentId, DeploymentState, DeployPlan
from capsule_domain.models.xnode import FirstContact, XNode
from capsule_domain.ports.provider import Provider
from capsule_domain.services.diary import Diary
from capsule_domain.services.fall_over import Agree, rent_somewhere
from capsule_domain.services.first_come import FirstCome
from capsule_domain.services.ready import Ready
from capsule_domain.services.rent import Rent


def _to_nothing_else(_confirmed: DeployPlan, _instead: DeployPlan) -> bool:
    return False


@dataclass(frozen=True)
class Deploy:
    """Carries a plan out, from the intent to an xNode that can be used."""

    provider: Callable[[str], Provider]
    rent: Rent
    ready: Ready
    diary: Diary
    first_come: FirstCome

    def run(
        self, plan: DeployPlan, *, ssh_key: str | None = None, agree: Agree = _to_nothing_else
    ) -> XNode:
        """Rent, wait until it answers over SSH with the key we gave it, and record.

        `agree` says whether a fallback of the plan may be rented in its stead. Raises what
        `Rent.run` raises; Conflict when another Capsule rented that name first; HostError
        when the server is rented and billed but cannot be entered.
        """
        return self.finish(rent_somewhere(self.rent, plan, ssh_key=ssh_key, agree=agree))

    def finish(self, xnode: XNode) -> XNode:
        """Wait for a rented xNode until it is ready.

        Raises HostError, ProviderError; Conflict when another Capsule does the same.
        """
        deployment = DeploymentId(xnode.deployment or xnode.id)
        with self.diary.journal.hold(deployment):
            return self._finish(xnode, deployment)

    def _finish(self, xnode: XNode, deployment: DeploymentId) -> XNode:
        report = self.diary.reporter(deployment)
        cloud = self.provider(xnode.provider)
        self.first_come.run(cloud, xnode)
        try:
            xnode = self.ready.wait_for_address(cloud, xnode, report)
            self.diary.note(
                deployment, "booted", f"at {xnode.address}", state=DeploymentState.BOOTED
            )
            xnode = self.ready.wait_for_ssh(xnode, report)
            xnode = self.ready.settle(cloud, xnode, report)
        except CapsuleError as error:
            self.diary.note(deployment, "not ready", error.message)
            raise
        self.first_come.run(cloud, xnode)  # a list that was late then is complete by now
        self.diary.note(deployment, "ready", _verified(xnode), state=DeploymentState.READY)
        return xnode


def _verified(xnode: XNode) -> str:
    """In what sense we know whose machine it is."""
    if xnode.first_contact is FirstContact.LEARNT:
        return "SSH, by the host key that it showed first"
    return "SSH, host key verified"
