"""The true Hivelocity adapter over the rehearsal cloud, and its own description as the judge."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import SecretStr

from capsule_adapters.providers.hivelocity import DIALECT, HivelocityProvider
from capsule_adapters.rest.pacing import Pacing
from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.hivelocity import HivelocitySimulator, Temper
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machines import NoMachines
from capsule_domain.models.server import ServerRequest
from tests.fakes.clock import FakeClock
from tests.simulators.openapi import Oracle
from tests.tools import shared_file

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
IMPATIENT = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=3)
BASE = "/api/v2"
METALS, COMPUTES, BOOK = (f"{BASE}/{n}/" for n in ("bare-metal-devices", "compute", "device"))
RENTING = f"{METALS}|{COMPUTES}"


@dataclass
class Rehearsal:
    """A simulator, a clock that both sides share, and the adapter that talks to it."""

    simulator: HivelocitySimulator
    clock: FakeClock
    provider: HivelocityProvider

    def sent(self, method: str, path: str = ".*") -> list[Request]:
        """The requests of that method whose whole path matches, oldest first."""
        asked = [exchange.request for exchange in self.simulator.exchanges]
        return [r for r in asked if r.method == method and re.fullmatch(path, r.path)]


def metal(**changes: object) -> ServerRequest:
    """Bare metal to rent."""
    request = ServerRequest(
        name="web",
        region="TPA1",
        slug="525",
        ssh_public_key=KEY,
        user_data=SecretStr("#cloud-config\n"),
        tags=("capsule-1",),
    )
    return request.model_copy(update=changes)


def vps(**changes: object) -> ServerRequest:
    """A VPS to rent."""
    return metal(slug="2311", **changes)


def adapter(
    simulator: HivelocitySimulator,
    clock: FakeClock,
    *,
    patience: Patience = IMPATIENT,
    pacing: Pacing | None = None,
) -> HivelocityProvider:
    """The true adapter; its clock is the test's, and its retries never need luck."""
    api = JsonApi(
        DIALECT.name,
        simulator.endpoint,
        auth_headers=DIALECT.auth_headers(SecretStr(simulator.token)),
        clock=clock,
        pacing=DIALECT.pacing if pacing is None else pacing,
        refusals=DIALECT.refusals,
        patience=patience,
        randomness=lambda: 0.5,
    )
    return HivelocityProvider(DIALECT, api, clock)


def lose(simulator: HivelocitySimulator, when: str) -> None:
    """Lose the answer to the next create: `before sending`, `before acting`, `after acting`."""
    if when == "before sending":
        # What comes before the renting fails, as often as it is tried.
        fault = faults.reset_before()
        simulator.faults.add(fault, path=f"{BASE}/ssh_key/", times=IMPATIENT.attempts)
        return
    fault = faults.reset_before() if when == "before acting" else faults.lost_answer()
    simulator.faults.add(fault, method="POST", path=RENTING)


@contextmanager
def rehearsal(
    *, patience: Patience = IMPATIENT, judged: bool = True, temper: Temper | None = None
) -> Iterator[Rehearsal]:
    """A rehearsal; there are no pages. `judged`: at its end every exchange is judged."""
    clock = FakeClock()
    description = judge() if judged else None
    simulator = HivelocitySimulator(NoMachines(), clock=clock, temper=temper)
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
    """Hivelocity's description, with the form of its refusals, which it leaves out."""
    return Oracle(shared_file("specs/hivelocity.openapi.json"), correct=_corrected)


def _corrected(description: dict[str, Any]) -> None:
    # The key is taken out of what is remembered; that it is sent, the rehearsal sees to.
    del description["security"]
    bodies = description["components"]["requestBodies"]
    for operations in description["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                body = operation.get("requestBody", {})
                if "$ref" in body:
                    operation["requestBody"] = bodies[body["$ref"].rpartition("/")[2]]
                _with_refusals(operation["responses"])


def _with_refusals(responses: dict[str, Any]) -> None:
    """Any operation may be refused; of the form only that of a 429 is published."""
    error = {
        "type": "object",
        "required": ["code", "description"],
        "additionalProperties": False,
        "properties": {"code": {"type": "integer"}, "description": {"type": "string"}},
    }
    for status in ("400", "401", "403", "404", "409", "422", "429", "500", "503"):
        responses[status] = {
            "description": "refused",
            "content": {"application/json": {"schema": error}},
        }
