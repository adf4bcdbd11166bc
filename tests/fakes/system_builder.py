"""What evaluates, builds and copies systems, in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from capsule_domain.errors import CapsuleError, NotFound
from capsule_domain.models.closure import ClosureDifference, PackageChange
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.ports.nixos_hosts import Machine
from capsule_domain.ports.system_builder import BuildOrder, Progress, StoreTrust
from tests.fakes.nixos_machine import Behaviour, FakeNixosMachine

Closure = Mapping[str, str]
"""The packages of a system with their versions."""


@dataclass
class FakeSystemBuilder:
    """Implements `SystemBuilder`. `described` are the hosts of every configuration, `built` what
    comes of each, and what is built is in no machine's store until it was brought there.

    `machine_of` finds the fake machine, whose store is its `systems`. An error in `fails`, by
    the name of a method, is raised there; `calls` has what was asked, in order.
    """

    machine_of: Callable[[Machine], FakeNixosMachine]
    described: dict[str, EvaluatedSystem] = field(default_factory=dict)
    built: dict[str, str] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    """What each store path does on a machine."""
    closures: dict[str, Closure] = field(default_factory=dict)
    systems_here: frozenset[str] = frozenset(["x86_64-linux"])
    trusts: StoreTrust = StoreTrust.TRUSTED
    fails: dict[str, CapsuleError] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    orders: list[BuildOrder] = field(default_factory=list)
    """What was ordered to be built."""

    def describe(self, order: BuildOrder, machine: Machine, progress: Progress) -> EvaluatedSystem:
        self._called("describe", order.host)
        progress(0.0, f"evaluating {order.host}")
        try:
            return self.described[order.host]
        except KeyError as error:
            raise NotFound("host", order.host, known=self.described) from error

    def builds_here(self, system: str) -> bool:
        self._called("builds_here", system)
        return system in self.systems_here

    def build(self, order: BuildOrder, machine: Machine, progress: Progress) -> str:
        self._called("build", order.host)
        progress(0.0, f"building {order.host}")
        if order.host not in self.built:
            raise NotFound("host", order.host, known=self.built)
        self.orders.append(order)
        path = self.built[order.host]
        if order.on_machine:
            self._put(path, machine)
        return path

    def trust(self, machine: Machine, live: LiveSystem) -> StoreTrust:
        self._called("trust", live.hostname)
        return self.trusts

    def signing_key(self) -> str:
        self._called("signing_key", "")
        return "capsule-1:AAAAC3NzaC1lZDI1NTE5AAAAIDEyMzQ1Njc4OTA="

    def bring(self, order: BuildOrder, path: str, machine: Machine, progress: Progress) -> None:
        self._called("bring", path)
        progress(0.0, f"copying {path}")
        self._put(path, machine)

    def compare(self, before: str, after: str, machine: Machine) -> ClosureDifference:
        self._called("compare", f"{before} {after}")
        store = self.machine_of(machine).systems
        for path in (before, after):
            if path not in store:
                raise NotFound("system", path)
        was, now = self.closures.get(before, {}), self.closures.get(after, {})
        names = sorted(name for name in {*was, *now} if was.get(name) != now.get(name))
        return ClosureDifference(
            before=before,
            after=after,
            changes=tuple(
                PackageChange(
                    name=name,
                    before=(was[name],) if name in was else (),
                    after=(now[name],) if name in now else (),
                )
                for name in names
            ),
            kernel=_kernels(was, now),
            postgresql=_databases(was, now),
        )

    def _called(self, name: str, about: str) -> None:
        self.calls.append((name, about))
        if name in self.fails:
            raise self.fails[name]

    def _put(self, path: str, machine: Machine) -> None:
        self.machine_of(machine).systems.setdefault(path, self.behaviours.get(path, Behaviour()))


def _kernels(was: Closure, now: Closure) -> tuple[str, str] | None:
    both = was.get("linux"), now.get("linux")
    return (both[0], both[1]) if both[0] and both[1] and both[0] != both[1] else None


def _databases(was: Closure, now: Closure) -> tuple[int, int] | None:
    majors = [int(one["postgresql"].partition(".")[0]) for one in (was, now) if "postgresql" in one]
    return (majors[0], majors[1]) if len(set(majors)) == 2 else None
