"""Every cloud that can be rehearsed, for suites that hold for all of them.

A cloud that comes into the sandbox's table is in these suites without a line more.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any, Final

from pydantic import SecretStr

from capsule_adapters.rest.patience import Patience
from capsule_adapters.sandbox.api import CloudApi, Exchange
from capsule_adapters.sandbox.clouds import rehearsed
from capsule_adapters.sandbox.faults import Fault
from capsule_domain.models.deployment import TAG_PREFIX, DeploymentId
from capsule_domain.models.server import ServerRequest, ServerStatus
from capsule_domain.models.template import Stock
from capsule_domain.ports.provider import Provider
from tests.fakes.clock import FakeClock

NAMES: Final = tuple(sorted(rehearsed()))
KEY: Final = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
)
_FIRST: Final = DeploymentId("t00001")
TWICE: Final = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=2)
ONCE: Final = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=1)

# All of AWS is a POST: there the name of the operation tells.
_CHANGING_METHOD = "(?!GET$).*"
_CHANGING_PATH = "(?!.*/(?:Describe|Get)[A-Z][A-Za-z]*$).*"


@dataclass
class Cloud:
    """A rehearsal cloud that has a server already, and the true adapter to it."""

    name: str
    simulator: CloudApi
    provider: Provider
    clock: FakeClock
    wanted: ServerRequest
    """Of a deployment that nothing is rented for yet."""
    resident: str
    """A server of somebody else's, which nothing may ever harm."""
    deployment: DeploymentId = _FIRST

    def fail(self, fault: Fault, *, times: int = 1) -> None:
        """Let the next requests fail, whatever they are."""
        self.simulator.faults.add(fault, times=times)

    def fail_change(self, fault: Fault, *, after: int = 0, times: int = 1) -> None:
        """Let those that change something fail, after so many that pass."""
        self.simulator.faults.add(
            fault, method=_CHANGING_METHOD, path=_CHANGING_PATH, after=after, times=times
        )

    def changes(self) -> list[Exchange]:
        """The requests so far that would change something."""
        return [e for e in self.simulator.exchanges if _changes(e)]

    def adapter(self, *, patience: Patience, clock: Any = None, token: str | None = None) -> Any:
        """Another client of the same account."""
        options: dict[str, Any] = {} if token is None else {"token": token}
        make = _module(self.name).adapter
        return make(self.simulator, clock or self.clock, patience=patience, **options)

    @cached_property
    def impatient(self) -> Any:
        """Another client, which asks once."""
        return self.adapter(patience=ONCE)

    def boot(self) -> str:
        """A server that runs; its id."""
        server_id = self.provider.create(self.wanted).server_id
        for _ in range(30):
            if self.provider.server(server_id).status is ServerStatus.RUNNING:
                return server_id
            self.clock.sleep(1.0)
        raise AssertionError("the server never came up")

    def there(self) -> list[str]:
        """The ids of all servers but the resident."""
        return [s.server_id for s in self.provider.servers() if s.server_id != self.resident]

    def clean(self) -> None:
        """No trouble, no server, and another deployment: AWS never forgets one."""
        self.simulator.faults.clear()
        for server_id in self.there():
            self.provider.destroy(server_id)
        self.clock.advance(self.provider.capabilities.settling_seconds)
        assert self.provider.server(self.resident).status is ServerStatus.RUNNING
        self.simulator.exchanges.clear()
        self.deployment = DeploymentId(f"t{int(self.deployment[1:]) + 1:05}")
        self.wanted = self.wanted.model_copy(update={"tags": (_tag(self.deployment),)})


@contextmanager
def opened(name: str, *, patience: Patience = TWICE) -> Iterator[Cloud]:
    """The cloud of that name, whose lists have one item a page. Its exchanges are not judged."""
    with _module(name).rehearsal(judged=False, patience=patience) as rehearsal:
        provider, wanted = rehearsal.provider, _wanted(rehearsal.provider)
        others = wanted.model_copy(update={"name": "other", "tags": ("other",)})
        cloud = Cloud(
            name=name,
            simulator=rehearsal.simulator,
            provider=provider,
            clock=rehearsal.clock,
            wanted=wanted,
            # With it our key, and whatever else the cloud wants once, is there already.
            resident=provider.create(others).server_id,
        )
        yield cloud
        cloud.impatient.close()


def open_clouds() -> Iterator[Callable[[str], Cloud]]:
    """A fixture: each cloud by its name, opened when it is first asked for."""
    with ExitStack() as stack:
        yield cache(lambda name: stack.enter_context(opened(name)))


def description_of(name: str) -> Any:
    """The cloud's Dialect; None where it has none."""
    return getattr(_module(name), "DIALECT", None)


def _module(name: str) -> Any:
    return import_module(f"tests.simulators.{name}")


def _wanted(provider: Provider) -> ServerRequest:
    """The cheapest that is to be had."""
    sold = [o for o in provider.offers() if o.stock is not Stock.NONE and o.gpu is None]
    offer = min(sold, key=lambda o: (o.price_per_hour.amount, o.region, o.slug))
    return ServerRequest(
        name="web-1",
        region=offer.region,
        slug=offer.slug,
        ssh_public_key=KEY,
        user_data=SecretStr("#cloud-config\n"),
        tags=(_tag(_FIRST),),
    )


def _tag(deployment: DeploymentId) -> str:
    return f"{TAG_PREFIX}{deployment}"


def _changes(exchange: Exchange) -> bool:
    request = exchange.request
    return all(
        re.fullmatch(pattern, text)
        for pattern, text in ((_CHANGING_METHOD, request.method), (_CHANGING_PATH, request.path))
    )
