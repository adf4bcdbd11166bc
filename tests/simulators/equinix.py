"""The true Equinix adapter over the rehearsal cloud, and Equinix's own description as its judge."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import SecretStr

from capsule_adapters.providers.equinix import DIALECT
from capsule_adapters.providers.equinix.provider import EquinixProvider
from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.equinix import EquinixSimulator, Temper
from capsule_adapters.sandbox.equinix.state import HOME_PROJECT
from capsule_adapters.sandbox.equinix.wording import PREFIX
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machines import NoMachines
from capsule_domain.models.server import ServerRequest
from tests.fakes.clock import FakeClock
from tests.simulators.openapi import Oracle
from tests.tools import shared_file

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
IMPATIENT = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=3)
PROJECT = f"{PREFIX}/projects/{HOME_PROJECT}"
DEVICES = f"{PROJECT}/devices"
KEYS = f"{PROJECT}/ssh-keys"


@dataclass
class Rehearsal:
    """A simulator, a clock that both sides share, and the adapter that talks to it."""

    simulator: EquinixSimulator
    clock: FakeClock
    provider: EquinixProvider

    def sent(self, method: str, path: str = ".*") -> list[Request]:
        """The requests of that method whose whole path matches, oldest first."""
        asked = [exchange.request for exchange in self.simulator.exchanges]
        return [r for r in asked if r.method == method and re.fullmatch(path, r.path)]

    def boot(self, **changes: object) -> str:
        """The id of a device that is active."""
        server_id = self.provider.create(rental(**changes)).server_id
        self.clock.advance(5)
        return server_id


def rental(**changes: object) -> ServerRequest:
    """What to rent, with some of it changed."""
    request = ServerRequest(
        name="web",
        region="da",
        slug="c3.small.x86",
        ssh_public_key=KEY,
        user_data=SecretStr("#cloud-config\n"),
        tags=("capsule-1",),
    )
    return request.model_copy(update=changes)


def adapter(
    simulator: EquinixSimulator,
    clock: FakeClock,
    *,
    patience: Patience = IMPATIENT,
    token: str | None = None,
    project_id: str | None = None,
) -> EquinixProvider:
    """The true adapter; its clock is the test's, and its retries never need luck."""
    api = JsonApi(
        DIALECT.name,
        simulator.endpoint,
        auth_headers=DIALECT.auth_headers(SecretStr(token or simulator.token)),
        clock=clock,
        pacing=DIALECT.pacing,
        refusals=DIALECT.refusals,
        patience=patience,
        randomness=lambda: 0.5,
    )
    return EquinixProvider(DIALECT, api, clock, project_id)


def lose(simulator: EquinixSimulator, when: str) -> None:
    """Lose the answer to the next create: `before sending`, `before acting`, `after acting`."""
    if when == "before sending":
        # What comes before the renting fails, as often as it is tried.
        simulator.faults.add(faults.reset_before(), path=KEYS, times=IMPATIENT.attempts)
        return
    fault = faults.reset_before() if when == "before acting" else faults.lost_answer()
    simulator.faults.add(fault, method="POST", path=DEVICES)


@contextmanager
def rehearsal(
    *, patience: Patience = IMPATIENT, judged: bool = True, temper: Temper | None = None
) -> Iterator[Rehearsal]:
    """A rehearsal with one item a page. `judged`: at its end every exchange is judged."""
    clock = FakeClock()
    description = judge() if judged else None
    temper = temper or Temper(most_per_page=1)
    simulator = EquinixSimulator(NoMachines(), clock=clock, temper=temper)
    with simulator:
        provider = adapter(simulator, clock, patience=patience)
        try:
            yield Rehearsal(simulator, clock, provider)
        finally:
            provider.close()
    if description is not None:
        for exchange in simulator.exchanges:
            description.judge(exchange)


@cache
def judge() -> Oracle:
    """Equinix's description, with what its own clients correct in it."""
    return Oracle(shared_file("specs/equinix.openapi.json"), correct=_corrected)


def _corrected(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    # At either end of a list there is no such page, and its clients take null.
    for name in ("next", "previous"):
        schemas["Meta"]["properties"][name] = {
            "nullable": True,
            "type": "object",
            "properties": {"href": {"type": "string"}},
        }
    # What is remembered of an exchange is without the key.
    description["security"] = []
    for operations in description["paths"].values():
        for operation in operations.values():
            # They may come from anywhere, though not every operation lists them.
            refused = operation["responses"]["401"]
            for status in ("403", "404", "422", "429"):
                operation["responses"].setdefault(status, refused)
