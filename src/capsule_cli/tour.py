"""The tour: the whole road, each step on real input, in the rehearsal cloud."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel

from capsule_cli.money import cents, rate
from capsule_domain.errors import CapsuleError, CheckFailed
from capsule_domain.models.finding import Level
from capsule_domain.models.requirements import Requirements
from capsule_domain.services.market import offers_heard
from capsule_domain.services.nixos_wish import Wish
from capsule_domain.services.place import rank
from capsule_domain.services.plan import plan_deploy
from capsule_domain.services.ready import target_of

if TYPE_CHECKING:
    from capsule_cli.wiring import Wiring
    from capsule_domain.models.deployment import DeploymentEvent
    from capsule_domain.models.xnode import XNode

PROFILE = "prod"
NAME = "demo-1"
CLOUD = "digitalocean"


class Step(BaseModel):
    """One step of the tour."""

    name: str
    ok: bool
    seconds: float
    detail: str


class Demo(BaseModel):
    """The tour as it went."""

    steps: list[Step]

    @property
    def ok(self) -> bool:
        return all(step.ok for step in self.steps)


@dataclass
class Tour:
    """Walks the road once over `wiring`, which must be a sandbox's."""

    wiring: "Wiring"
    progress: "Callable[[DeploymentEvent], None]"
    error: CapsuleError | None = field(default=None, init=False)
    _xnode: "XNode | None" = field(default=None, init=False)

    def walk(self) -> Iterator[Step]:
        """Each step as it ends. After a failure only the cleaning up is done."""
        for name, action in self._road():
            if self.error is None:
                yield self._step(name, action)
        for name, action in self._way_back():
            yield self._step(name, action)

    def _road(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("resolve a profile", self._resolve),
            ("generate NixOS", self._generate),
            ("parse it with Nix", self._parse),
            ("rank templates", self._rank),
            ("start the sandbox", self._start),
            ("rent a server", self._rent),
            ("look it up", self._look_up),
            ("enter over SSH", self._enter),
            ("check its health", self._health),
            ("read its metrics", self._metrics),
            ("report the cost", self._cost),
        ]

    def _way_back(self) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("terminate it", self._terminate),
            ("see the account empty", self._see_empty),
            ("stop the sandbox", self._stop),
        ]

    def _step(self, name: str, action: Callable[[], str]) -> Step:
        clock = self.wiring.clock()
        start = clock.monotonic()
        try:
            detail, ok = action(), True
        except CapsuleError as error:
            self.error = self.error or error
            detail, ok = error.message, False
        return Step(name=name, ok=ok, seconds=round(clock.monotonic() - start, 2), detail=detail)

    def _resolve(self) -> str:
        environment = self.wiring.manage_profile().show(PROFILE)
        names = ", ".join(resolved.stack.name for resolved in environment.stacks)
        return f"{PROFILE} = {names}"

    def _generate(self) -> str:
        key = self.wiring.keys().deploy_key().public_openssh
        wish = Wish(profile=PROFILE, hostname=NAME, authorized_keys=[key])
        done = self.wiring.generate().run(wish)
        return f"{len(done.files)} files for NixOS {done.release}"

    def _parse(self) -> str:
        level = Level.SYNTAX if self.wiring.nix().version() else None
        result = self.wiring.validate().run(None, level=level)
        if not result.ok:
            worst = result.findings[0]
            raise CheckFailed(f"{worst.file}:{worst.line}: {worst.message}")
        if result.level is None:
            return f"skipped: {result.why}"
        return f"Nix {self.wiring.nix().version()} accepts all {len(result.files)} files"

    def _rank(self) -> str:
        ranked = rank(self.wiring.catalogue().templates(), Requirements(), self.wiring.rates())
        best = ranked.fitting[0]
        return f"{len(ranked.fitting)}, cheapest {best.template} at {rate(best.price_per_hour)}/hr"

    def _start(self) -> str:
        status = self.wiring.sandbox().up()
        url = status.endpoints[CLOUD].removeprefix("http://")
        return f"{url}, kept apart by {status.isolation}"

    def _rent(self) -> str:
        wiring = self.wiring
        wanted = Requirements(provider=CLOUD)
        [heard] = wiring.market(CLOUD).ask()
        if heard.error:
            raise heard.error
        plan = plan_deploy(NAME, offers_heard([heard]), wanted, wiring.rates(), profile=PROFILE)
        self._xnode = wiring.deploy(self.progress).run(plan)
        return f"{plan.offer.template} in {plan.offer.region} at {self._xnode.address}"

    def _look_up(self) -> str:
        found = self.wiring.inventory().get(NAME, exact=True)
        self._xnode = found
        return f"server {found.server_id} at {found.provider}, {found.status}"

    def _enter(self) -> str:
        with self.wiring.hosts().connect(target_of(self._rented())) as host:
            said = host.run("id -un; uname -sm", check=True).stdout.split("\n")
        return f"{' on '.join(word for word in said if word)}, host key verified"

    def _health(self) -> str:
        health = self.wiring.watch().health(NAME, fresh=True)
        checks = ", ".join(f"{check.kind} {'✓' if check.ok else '✗'}" for check in health.checks)
        if health.status != "healthy":
            raise CheckFailed(f"{health.status}: {checks}")
        return f"{health.status}: {checks}"

    def _metrics(self) -> str:
        found = self.wiring.watch().metrics(NAME, fresh=True)
        if found.cpu_percent is None or found.memory_percent is None:
            raise CheckFailed("the machine told neither CPU nor memory")
        return (
            f"CPU {found.cpu_percent:.0f} %, memory {found.memory_percent:.0f} %, "
            f"load {found.load_1}"
        )

    def _cost(self) -> str:
        [costs] = self.wiring.cost_report("provider").currencies
        return f"{rate(costs.hourly)} an hour, {cents(costs.monthly)} a month"

    def _terminate(self) -> str:
        if self._xnode is None:
            self._xnode = self.wiring.inventory().living([NAME]).get(NAME)
            if self._xnode is None:
                return "nothing was rented"
        gone = self.wiring.terminate().run(self._xnode)
        return f"{gone.name} is {gone.status}"

    def _see_empty(self) -> str:
        if not self.wiring.sandbox().status().running:
            return "it was never started"
        left = list(self.wiring.provider(CLOUD).servers())
        if left:
            raise CheckFailed(f"{len(left)} servers are left in the account")
        return "no server is left"

    def _stop(self) -> str:
        self.wiring.close()
        self.wiring.sandbox().down()
        return "no process is left"

    def _rented(self) -> "XNode":
        if self._xnode is None:
            raise CheckFailed("nothing was rented")
        return self._xnode
