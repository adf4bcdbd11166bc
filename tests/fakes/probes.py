"""Probes that see what a test says, xNode by xNode and moment by moment."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from capsule_domain.models.health import Check, CheckKind, Fault, Health
from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Disk, Metrics, Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock


@dataclass(frozen=True)
class Scene:
    """How an xNode is from a moment on.

    `ssh_fault` None: it can be entered. `pings` False: nothing answers an echo, by a
    firewall if it can be entered. `figures` are fields of `Metrics`. `more` are checks
    beside ping and SSH, shown whatever the plan chooses.
    """

    ssh_fault: Fault | None = None
    pings: bool = True
    figures: Mapping[str, object] = field(default_factory=dict)
    more: tuple[Check, ...] = ()


WELL = Scene()
DOWN = Scene(ssh_fault=Fault.UNREACHABLE, pings=False)

_CALM: Mapping[str, object] = {
    "cpu_percent": 5.0,
    "cores": 2,
    "memory_percent": 25.0,
    "load_1": 0.1,
    "load_5": 0.1,
    "load_15": 0.1,
    "uptime_seconds": 3600.0,
}
_DISKS = (Disk(mount="/", used_percent=30.0, inodes_percent=10.0),)


class FakeProbes:
    """Implements `Probes`. Every xNode with an address is well until a scene says otherwise.

    `before` is called with each xNode right before it is looked at: a test moves its clock
    there, or raises. `looks` are the ids and plans in the order asked.
    """

    def __init__(self, clock: Clock, *, before: Callable[[XNode], None] | None = None) -> None:
        self._clock = clock
        self._before = before
        self._scenes: dict[str, list[tuple[datetime, Scene]]] = {}
        self.looks: list[tuple[tuple[str, ...], LookPlan]] = []
        self.closed = 0

    def play(self, xnode_id: str, scene: Scene, *, since: datetime | None = None) -> None:
        """From `since` on, or from now on, the xNode is so, until a later scene begins."""
        scenes = self._scenes.setdefault(xnode_id, [])
        scenes.append((self._clock.now() if since is None else since, scene))
        scenes.sort(key=_begins)

    def look(self, xnodes: Sequence[XNode], plan: LookPlan) -> Iterator[Observation]:
        wanted = {xnode.id: xnode for xnode in xnodes}
        self.looks.append((tuple(wanted), plan))
        for xnode in wanted.values():
            if self._before is not None:
                self._before(xnode)
            yield self._observe(xnode, plan)

    def close(self) -> None:
        self.closed += 1

    def _observe(self, xnode: XNode, plan: LookPlan) -> Observation:
        now = self._clock.now()
        if xnode.address is None:
            return Observation(xnode_id=xnode.id, health=Health.judged(xnode.name, (), now))
        scene = self._scene(xnode.id, now)
        choice = plan.choice(xnode.id)
        checks = [*([_ping(scene)] if choice.ping else []), *([_ssh(scene)] if choice.ssh else [])]
        health = Health.judged(xnode.name, (*checks, *scene.more), now)
        entered = choice.ssh and scene.ssh_fault is None
        metrics = _metrics(xnode, scene, plan, now) if entered else None
        return Observation(xnode_id=xnode.id, health=health, metrics=metrics)

    def _scene(self, xnode_id: str, now: datetime) -> Scene:
        scenes = self._scenes.get(xnode_id, [])
        reached = bisect_right(scenes, now, key=_begins)
        return scenes[reached - 1][1] if reached else WELL


def _begins(entry: tuple[datetime, Scene]) -> datetime:
    return entry[0]


def _ping(scene: Scene) -> Check:
    if scene.pings:
        return Check(kind=CheckKind.PING, ok=True, latency_ms=0.5, way="icmp")
    if scene.ssh_fault is None or scene.ssh_fault.something_answered:
        return Check(kind=CheckKind.PING, ok=True, way="icmp", note="ICMP filtered")
    return Check(
        kind=CheckKind.PING, ok=False, way="icmp", fault=Fault.UNREACHABLE, error="no answer"
    )


def _ssh(scene: Scene) -> Check:
    if scene.ssh_fault is None:
        return Check(kind=CheckKind.SSH, ok=True, latency_ms=1.5)
    return Check(kind=CheckKind.SSH, ok=False, fault=scene.ssh_fault, error=scene.ssh_fault.value)


def _metrics(xnode: XNode, scene: Scene, plan: LookPlan, now: datetime) -> Metrics:
    figures = {**_CALM, "disks": _DISKS, "failed_units": (), **scene.figures}
    asked = {"disks": plan.disks, "failed_units": plan.system}
    asked |= {"generation": plan.system, "gpus": plan.system}
    read = {name: value for name, value in figures.items() if asked.get(name, True)}
    return Metrics.model_validate({"xnode": xnode.name, "collected_at": now, **read})
