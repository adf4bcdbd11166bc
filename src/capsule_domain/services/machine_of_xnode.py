"""What the inventory, and the machines themselves, tell of xNodes that NixOS is for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from capsule_domain.errors import HostError, HostUnreachable
from capsule_domain.models.hardware import Hardware
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.hardware_survey import HardwareSurvey
from capsule_domain.ports.host import Keys, KnownHosts, Target
from capsule_domain.ports.inventory import Inventory
from capsule_domain.services.cloud_hardware import cloud_hardware
from capsule_domain.services.ready import target_of

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Machine:
    """An xNode as a machine for NixOS. `public_key` opens it; `host_key` is its own, as it
    was pinned before the first contact. `remark` says why its hardware is not certain.
    """

    xnode: XNode
    public_key: str
    hardware: Hardware | None
    host_key: str | None = None
    remark: str | None = None


@dataclass(frozen=True)
class MachinesOfXNodes:
    """Looks at each machine that can be reached; for the rest there is what is known of its
    cloud. Nothing is changed anywhere.
    """

    inventory: Inventory
    keys: Keys
    survey: HardwareSurvey
    known_hosts: KnownHosts

    def one(self, name: str) -> Machine:
        """Raises NotFound, and Conflict for a prefix that several have."""
        return self._machines([self.inventory.get(name)], lambda _: None)[0]

    def all(self, progress: Progress) -> Sequence[Machine]:
        """Every living xNode, by name."""
        return self._machines(self.inventory.list(), progress)

    def _machines(self, xnodes: Sequence[XNode], progress: Progress) -> Sequence[Machine]:
        told = self._told(xnodes, progress)
        opened: dict[str | None, str] = {}
        for xnode in xnodes:
            if xnode.ssh_key not in opened:
                opened[xnode.ssh_key] = self.keys.deploy_key(xnode.ssh_key).public_openssh
        return [
            _machine(
                xnode, opened[xnode.ssh_key], told[xnode.name], self.known_hosts.pinned(xnode.id)
            )
            for xnode in xnodes
        ]

    def _told(
        self, xnodes: Sequence[XNode], progress: Progress
    ) -> Mapping[str, Hardware | HostError]:
        targets: dict[str, Target] = {}
        told: dict[str, Hardware | HostError] = {}
        for xnode in xnodes:
            try:
                targets[xnode.name] = target_of(xnode)
            except HostUnreachable as error:
                told[xnode.name] = error
        for name, answer in self.survey.look(targets):
            told[name] = answer
            progress(f"{len(told)} of {len(xnodes)} machines asked, {name} last")
        return told


def _machine(
    xnode: XNode, public_key: str, told: Hardware | HostError, pinned: Sequence[str]
) -> Machine:
    host_key = pinned[0] if pinned else None
    if isinstance(told, Hardware):
        return Machine(xnode, public_key, told, host_key)
    known = cloud_hardware(xnode.provider)
    instead = known.origin if known else "a placeholder"
    remark = f"{xnode.name} did not tell of its hardware ({told.message}): {instead}"
    return Machine(xnode, public_key, known, host_key, remark)
