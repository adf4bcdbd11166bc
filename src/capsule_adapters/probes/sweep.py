"""One look at many xNodes, on one event loop."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from capsule_adapters.probes.entry import Entry
from capsule_adapters.probes.icmp import Echo
from capsule_adapters.probes.knocks import knock_check, tcp_check
from capsule_adapters.probes.ping import Pings, Way
from capsule_adapters.probes.tries import Trial, Tries
from capsule_adapters.ssh.kept import KeptLoops
from capsule_domain.models.health import Check, CheckKind, Fault, Health
from capsule_domain.models.look import HttpCheck, LookPlan
from capsule_domain.models.metric import Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Target

if TYPE_CHECKING:
    import ssl

    from capsule_adapters.probes.http import HttpProbe

FILTERED = "ICMP filtered"
BY_SSH = "SSH answers"
IDLE_SECONDS = 1800.0
"""What nobody looked at for so long is let go: its connection, its counters."""

Seen = Callable[[Observation], None]


class Sweeps:
    """Looks at machines, with what is kept of them between two looks."""

    def __init__(
        self,
        loops: KeptLoops,
        pings: Pings,
        clock: Clock,
        *,
        ssh_config: Path | None = None,
        tls: "ssl.SSLContext | None" = None,
    ) -> None:
        self._loops = loops
        self._ssh_config = ssh_config
        self._pings = pings
        self._tls = tls
        self._http: HttpProbe | None = None
        self._clock = clock
        self._entry = Entry(loops, clock)
        self._tries = Tries(clock)
        self._looked_at: dict[str, float] = {}

    async def look(self, xnodes: Sequence[XNode], plan: LookPlan, seen: Seen) -> None:
        """Look at all of them; `seen` is given each observation as it comes."""
        self._loops.refresh()
        self._forget_idle([xnode.id for xnode in xnodes])
        asked = {xnode.address for xnode in xnodes if xnode.address and plan.choice(xnode.id).ping}
        echoes = self._pings.ask(sorted(asked), plan.ping_seconds)
        async with asyncio.TaskGroup() as tasks:
            for xnode in xnodes:
                tasks.create_task(self._one(xnode, plan, echoes, seen))

    async def close(self) -> None:
        """Let go of every connection."""
        await self._loops.close()
        if self._http is not None:
            await self._http.close()

    async def _one(
        self, xnode: XNode, plan: LookPlan, echoes: Mapping[str, Echo], seen: Seen
    ) -> None:
        checks: tuple[Check, ...] = ()
        if xnode.address is not None:
            checks = await self._checks(xnode, xnode.address, plan, echoes.get(xnode.address))
        health = Health.judged(xnode.name, checks, self._clock.now())
        told = self._entry.told.pop(xnode.id, None)
        seen(Observation(xnode_id=xnode.id, health=health, metrics=told))

    async def _checks(
        self, xnode: XNode, address: str, plan: LookPlan, echo: Echo | None
    ) -> tuple[Check, ...]:
        """Ping, SSH, then the others, which run beside those two."""
        others = list(self._others(xnode, address, plan))
        if not others:
            return await self._ping_and_ssh(xnode, address, plan, echo)
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(
                    self._tries.check((xnode.id, trial.kind, trial.instance), trial, plan)
                )
                for trial in others
            ]
            first = await self._ping_and_ssh(xnode, address, plan, echo)
        return (*first, *(task.result() for task in beside))

    async def _ping_and_ssh(
        self, xnode: XNode, address: str, plan: LookPlan, echo: Echo | None
    ) -> tuple[Check, ...]:
        choice = plan.choice(xnode.id)
        target = _target(xnode, address)
        ssh = await self._ssh(xnode, target, plan, echo) if choice.ssh else None
        ping = await self._ping(target, plan, echo, ssh) if choice.ping else None
        return tuple(check for check in (ping, ssh) if check is not None)

    async def _ssh(self, xnode: XNode, target: Target, plan: LookPlan, echo: Echo | None) -> Check:
        key = (xnode.id, CheckKind.SSH)
        # One that is back shows it by an echo: then it is tried at once.
        if self._tries.is_spared(key) and (echo is None or await echo is None):
            return self._tries.spared(key)
        once = partial(self._entry.check, xnode, target, plan)
        # Its own steps are timed one by one, for it may have to wait for its turn between them.
        trial = Trial(CheckKind.SSH, "", plan.deadline_seconds, once)
        return await self._tries.check(key, trial, plan)

    async def _ping(
        self, target: Target, plan: LookPlan, echo: Echo | None, ssh: Check | None
    ) -> Check:
        """What SSH has met needs no echo: then a firewall swallows it, or nobody may ask."""
        milliseconds = None if echo is None else await echo
        way = self._pings.way
        if milliseconds is not None:
            return Check(kind=CheckKind.PING, ok=True, latency_ms=milliseconds, way=way)
        if ssh is not None and (ssh.ok or (ssh.fault and ssh.fault.something_answered)):
            note = BY_SSH if way is Way.TCP else FILTERED
            return Check(kind=CheckKind.PING, ok=True, way=way, note=note)
        if way is Way.TCP:
            return await knock_check(target, self._ssh_config, plan.ping_seconds)
        error = f"no echo within {plan.ping_seconds:g} s"
        return Check(kind=CheckKind.PING, ok=False, way=way, fault=Fault.UNREACHABLE, error=error)

    def _others(self, xnode: XNode, address: str, plan: LookPlan) -> Iterator[Trial]:
        choice = plan.choice(xnode.id)
        for port in dict.fromkeys(choice.tcp_ports):
            once = partial(tcp_check, address, port)
            yield Trial(CheckKind.TCP, str(port), plan.ssh_seconds, once)
        for wanted in dict.fromkeys(choice.http):
            yield self._http_trial(wanted, xnode.name, address, plan)

    def _http_trial(self, wanted: HttpCheck, name: str, address: str, plan: LookPlan) -> Trial:
        # httpx takes 10 MiB, and most fleets are watched without it.
        from capsule_adapters.probes.http import HttpProbe, shown

        if self._http is None:
            self._http = HttpProbe(self._tls)
        asks = partial(self._http.check, wanted, address, name, plan.http_seconds)
        return Trial(CheckKind.HTTP, shown(wanted.url), plan.http_seconds, asks)

    def _forget_idle(self, looked_at_now: Sequence[str]) -> None:
        now = self._clock.monotonic()
        self._looked_at.update(dict.fromkeys(looked_at_now, now))
        idle = [one for one, at in self._looked_at.items() if now - at > IDLE_SECONDS]
        for xnode_id in idle:
            del self._looked_at[xnode_id]
            self._loops.drop(xnode_id)
            self._entry.forget(xnode_id)
            self._tries.forget(xnode_id)


def _target(xnode: XNode, address: str) -> Target:
    return Target(
        address=address,
        port=xnode.ssh_port,
        user=xnode.ssh_user,
        key_alias=xnode.id,
        private_key=xnode.ssh_key,
    )
