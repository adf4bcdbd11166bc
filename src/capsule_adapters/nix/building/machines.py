"""Machines with a Nix of their own, entered one after the other; this one is one of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from capsule_adapters.installers.this_machine import ThisMachine
from capsule_adapters.nix.building.stores import Closure, StoreFacts, closures, look
from capsule_domain.errors import NotFound
from capsule_domain.ports.host import Host, Hosts
from capsule_domain.ports.nixos_hosts import Machine

HERE = "this machine"


def place_of(machine: Machine) -> str:
    """A machine, for people."""
    return HERE if machine is None else machine.label


@dataclass(frozen=True)
class Machines:
    """The ways into them. `environment` is what runs on this one with."""

    hosts: Callable[[], Hosts]
    environment: Mapping[str, str]

    @contextmanager
    def entered(self, machine: Machine) -> Iterator[Host]:
        """A fresh connection: work in between may take hours, and no connection lasts as long."""
        if machine is None:
            yield ThisMachine(self.environment)
            return
        with self.hosts().connect(machine) as host:
            yield host

    def look(self, machine: Machine, paths: Sequence[str] = ()) -> StoreFacts:
        """What its Nix is, and which of `paths` it lacks."""
        with self.entered(machine) as host:
            return look(host, place_of(machine), paths)

    def closures(self, machine: Machine, *systems: str) -> list[Closure]:
        """All that each system needs. Raises NotFound for one that is not there."""
        with self.entered(machine) as host:
            found = closures(host, place_of(machine), *systems)
        for system, closure in zip(systems, found, strict=True):
            if closure is None:
                name = PurePosixPath(system).name  # whole paths are too long for a message
                raise NotFound("system", name, hint="capsule nixos list-generations")
        return [closure for closure in found if closure is not None]
