"""The true Vultr adapter over the rehearsal cloud, and Vultr's own description as its judge."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import SecretStr

from capsule_adapters.providers.vultr import DIALECT, VultrProvider
from capsule_adapters.rest.pacing import Pacing
from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machines import NoMachines
from capsule_adapters.sandbox.vultr import Temper, VultrSimulator
from capsule_domain.models.server import ServerRequest
from tests.fakes.clock import FakeClock
from tests.simulators.openapi import Oracle
from tests.tools import shared_file

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
IMPATIENT = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=3)
INSTANCES, METALS = "/v2/instances", "/v2/bare-metals"


@dataclass
class Rehearsal:
    """A simulator, a clock that both sides share, and the adapter that talks to it."""

    simulator: VultrSimulator
    clock: FakeClock
    provider: VultrProvider

    def sent(self, method: str, path: str = ".*") -> list[Request]:
        """The requests of that method whose whole path matches, oldest first."""
        asked = [exchange.request for exchange in self.simulator.exchanges]
        return [r for r in asked if r.method == method and re.fullmatch(path, r.path)]


def instance(**changes: object) -> ServerRequest:
    """A cloud instance to rent."""
    request = ServerRequest(
        name="web",
        region="fra",
        slug="vc2-1c-1gb",
        ssh_public_key=KEY,
        user_data=SecretStr("#cloud-config\n"),
        tags=("capsule-1",),
    )
    return request.model_copy(update=changes)


def bare_metal(**changes: object) -> ServerRequest:
    """A bare metal server to rent."""
    return instance(slug="vbm-4c-32gb", **changes)


def adapter(
    simulator: VultrSimulator,
    clock: FakeClock,
    *,
    patience: Patience = IMPATIENT,
    pacing: Pacing | None = None,
) -> VultrProvider:
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
    return VultrProvider(DIALECT, api, clock)


def lose(simulator: VultrSimulator, when: str) -> None:
    """Lose the answer to the next create: `before sending`, `before acting`, `after acting`."""
    if when == "before sending":
        # What comes before the renting fails, as often as it is tried.
        fault = faults.reset_before()
        simulator.faults.add(fault, path="/v2/ssh-keys", times=IMPATIENT.attempts)
        return
    fault = faults.reset_before() if when == "before acting" else faults.lost_answer()
    simulator.faults.add(fault, method="POST", path=INSTANCES)


@contextmanager
def rehearsal(
    *, patience: Patience = IMPATIENT, judged: bool = True, temper: Temper | None = None
) -> Iterator[Rehearsal]:
    """A rehearsal with one item a page. `judged`: at its end every exchange is judged."""
    clock = FakeClock()
    description = judge() if judged else None
    simulator = VultrSimulator(NoMachines(), clock=clock, temper=temper or Temper(most_per_page=1))
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
    """Vultr's description, with what its own examples and clients correct in it."""
    return Oracle(shared_file("specs/vultr.openapi.json"), correct=_corrected)


def _corrected(description: dict[str, Any]) -> None:
    # Its example and every client have a number there.
    description["components"]["schemas"]["plans-metal"]["properties"]["disk"]["type"] = "integer"
    paths = description["paths"]
    _with_tagging_of_bare_metal(paths)
    for operations in paths.values():
        for operation in operations.values():
            if isinstance(operation, dict):
                _with_refusals(operation["responses"])


def _with_tagging_of_bare_metal(paths: dict[str, Any]) -> None:
    """The part of the description that we have lacks it.

    Vultr's own command line tool does it (`vultr-cli bare-metal tags`), as with an instance.
    """
    metal = paths["/bare-metals/{baremetal-id}"]
    patch = deepcopy(paths["/instances/{instance-id}"]["patch"])
    schema = patch["requestBody"]["content"]["application/json"]["schema"]
    schema["properties"] = {"tags": schema["properties"]["tags"]}
    patch["responses"]["202"] = deepcopy(metal["get"]["responses"]["200"])
    metal["patch"] = {**patch, "operationId": "update-baremetal"}


def _with_refusals(responses: dict[str, Any]) -> None:
    """Any operation may be refused, and its general part says in which form.

    A 500 in it is what clients of the API saw for a server that is locked.
    """
    error = {
        "type": "object",
        "required": ["error", "status"],
        "additionalProperties": False,
        "properties": {"error": {"type": "string"}, "status": {"type": "integer"}},
    }
    for status in ("400", "401", "403", "404", "409", "422", "429", "500", "503"):
        responses[status] = {
            "description": "refused",
            "content": {"application/json": {"schema": error}},
        }
