"""`python -m tests.switching.client SPEC ARGUMENT…`: the real `capsule`, struck at one call."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel

from capsule_cli import main, report
from capsule_cli.options import GlobalOptions
from capsule_cli.wiring import Wiring, wire
from capsule_domain.models.closure import ClosureDifference
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.generation import Generation
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.switch import SwitchOrder, SwitchReport
from capsule_domain.ports.nixos_hosts import Machine, NixosHost, NixosHosts
from capsule_domain.ports.system_builder import BuildOrder, Progress, StoreTrust
from tests.switching.wire import Wire

if TYPE_CHECKING:
    from capsule_domain.ports.system_builder import SystemBuilder

Answer = TypeVar("Answer")


class Strike(BaseModel):
    """What happens at the `nth` call: `kill` this process or `cut` the wire."""

    nth: int
    after: bool = False
    how: Literal["kill", "cut"] = "kill"
    outage_seconds: float = 0.0


class Spec(BaseModel):
    """`evaluated` is what every configuration says, `built` what comes of it."""

    evaluated: EvaluatedSystem
    built: str
    log: Path
    """Gets a line for each call of the machine."""
    strike: Strike | None = None
    wire: tuple[int, int] | None = None
    """From a port on loopback to another."""


@dataclass
class Struck:
    """Counts calls, and strikes."""

    spec: Spec
    wire: Wire | None
    count: int = 0

    def called(self, name: str, work: Callable[[], Answer]) -> Answer:
        """One call."""
        self.count += 1
        with self.spec.log.open("a") as log:
            log.write(f"{name}\n")
        self._strike(after=False)
        answer = work()
        self._strike(after=True)
        return answer

    def _strike(self, *, after: bool) -> None:
        strike = self.spec.strike
        if strike is None or strike.nth != self.count or strike.after is not after:
            return
        if strike.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            assert self.wire is not None
            self.wire.cut(strike.outage_seconds)


@dataclass(frozen=True)
class StruckHosts:
    """`NixosHosts` whose calls are counted."""

    inner: NixosHosts
    struck: Struck

    @contextmanager
    def enter(self, machine: Machine, *, timeout_seconds: float = 15.0) -> Iterator[NixosHost]:
        entering = self.inner.enter(machine, timeout_seconds=timeout_seconds)
        host = self.struck.called("enter", entering.__enter__)
        try:
            yield StruckHost(host, self.struck)
        finally:
            entering.__exit__(None, None, None)


@dataclass(frozen=True)
class StruckHost:
    """`NixosHost` whose calls are counted."""

    inner: NixosHost
    struck: Struck

    def look(self) -> LiveSystem:
        return self.struck.called("look", self.inner.look)

    def generations(self) -> Sequence[Generation]:
        return self.struck.called("generations", self.inner.generations)

    def begin(self, order: SwitchOrder) -> None:
        self.struck.called("begin", lambda: self.inner.begin(order))

    def follow(self, switch_id: str) -> SwitchReport:
        return self.struck.called("follow", lambda: self.inner.follow(switch_id))

    def confirm(self, switch_id: str) -> None:
        self.struck.called("confirm", lambda: self.inner.confirm(switch_id))

    def give_up(self, switch_id: str) -> None:
        self.struck.called("give_up", lambda: self.inner.give_up(switch_id))


@dataclass(frozen=True)
class BuiltAlready:
    """`SystemBuilder` of what is in the machine's store."""

    spec: Spec

    def describe(
        self,
        order: BuildOrder,
        machine: Machine,
        progress: Progress,
    ) -> EvaluatedSystem:
        return self.spec.evaluated

    def builds_here(self, system: str) -> bool:
        return True

    def build(
        self,
        order: BuildOrder,
        machine: Machine,
        progress: Progress,
    ) -> str:
        return self.spec.built

    def trust(self, machine: Machine, live: LiveSystem) -> StoreTrust:
        return StoreTrust.TRUSTED

    def signing_key(self) -> str:
        return ""

    def bring(
        self,
        order: BuildOrder,
        path: str,
        machine: Machine,
        progress: Progress,
    ) -> None:
        """It is there."""

    def compare(self, before: str, after: str, machine: Machine) -> ClosureDifference:
        return ClosureDifference(before=before, after=after)


def run(spec: Spec, arguments: Sequence[str]) -> int:
    """One command line; its exit code."""
    struck = Struck(spec, Wire(*spec.wire) if spec.wire else None)

    def wired(options: GlobalOptions) -> Wiring:
        real = wire(options, os.environ)
        builder: SystemBuilder = BuiltAlready(spec)
        hosts = StruckHosts(real.nixos_hosts(), struck)
        return replace(real, nixos_hosts=lambda: hosts, system_builder=lambda: builder)

    return main.run(arguments, wire=wired)


if __name__ == "__main__":
    # A process in the background of a shell ignores interrupts, and its children do.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(report.TERMINATED))
    sys.exit(run(Spec.model_validate_json(Path(sys.argv[1]).read_text()), sys.argv[2:]))
