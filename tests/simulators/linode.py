"""The true Linode adapter over the rehearsal cloud, and Linode's own description as its judge."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import SecretStr

from capsule_adapters.providers.linode import DIALECT
from capsule_adapters.rest.pacing import Pacing
from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.provider import RestProvider
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.linode import LinodeSimulator, Temper
from capsule_adapters.sandbox.linode.simulator import Limits
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.openapi import Oracle
from tests.tools import shared_file

IMPATIENT = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=3)
INSTANCES = "/v4/linode/instances"

_PAGED_WITHOUT_SAYING_SO = ("/v4/regions", "/v4/regions/availability", "/v4/linode/types")


@dataclass
class Rehearsal:
    """A simulator, a clock that both sides share, and the adapter that talks to it."""

    simulator: LinodeSimulator
    clock: FakeClock
    provider: RestProvider


def adapter(
    simulator: LinodeSimulator,
    clock: FakeClock,
    *,
    patience: Patience = IMPATIENT,
    pacing: Pacing | None = None,
    token: str | None = None,
) -> RestProvider:
    """The true adapter; its clock is the test's, and its retries never need luck."""
    api = JsonApi(
        DIALECT.name,
        simulator.url,
        auth_headers=DIALECT.auth_headers(SecretStr(token or simulator.token)),
        clock=clock,
        pacing=DIALECT.pacing if pacing is None else pacing,
        refusals=DIALECT.refusals,
        patience=patience,
        randomness=lambda: 0.5,
    )
    return RestProvider(DIALECT, api, clock)


def lose(simulator: LinodeSimulator, when: str) -> None:
    """Lose the answer to the next create: `before sending`, `before acting`, `after acting`."""
    fault = {
        # Nothing comes before the renting; turned away at the door is as good as not sent.
        "before sending": faults.status(429),
        "before acting": faults.reset_before(),
        "after acting": faults.lost_answer(),
    }[when]
    simulator.faults.add(fault, method="POST", path=INSTANCES)


@contextmanager
def rehearsal(
    *,
    patience: Patience = IMPATIENT,
    judged: bool = True,
    temper: Temper | None = None,
    limits: Limits | None = None,
) -> Iterator[Rehearsal]:
    """A rehearsal with one item a page. `judged`: at its end every exchange is judged."""
    clock = FakeClock()
    description = judge() if judged else None
    simulator = LinodeSimulator(
        NoMachines(),
        clock=clock,
        temper=temper or Temper(most_per_page=1),
        limits=limits or Limits(),
    )
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
    """Linode's description, with what recorded answers and its own words correct in it."""
    return Oracle(shared_file("specs/linode.openapi.json"), correct=_corrected)


def _corrected(description: dict[str, Any]) -> None:
    paths = description["paths"]
    paging = paths["/v4/images"]["get"]["parameters"]
    for path in _PAGED_WITHOUT_SAYING_SO:
        # Its answers come in the paged envelope, which refers to the page on pagination.
        operation = paths[path]["get"]
        operation["parameters"] = [*(operation.get("parameters") or ()), *paging]
    envelope, rows = _answer(paths, "/v4/regions/availability")["allOf"]
    # Each half forbids the fields of the other.
    envelope["properties"].update(rows["properties"])
    for path in ("/v4/regions", "/v4/regions/{regionId}"):
        answer = _answer(paths, path)
        region = answer["properties"].get("data", {}).get("items", answer)["properties"]
        # Every recorded answer says `site_type`.
        region["site_type"] = region.pop("site-type")
    for parameter in paths[INSTANCES]["get"]["parameters"]:
        if parameter["name"] == "X-Filter":
            # JSON in a header, as it says; and not a list of names and values.
            parameter["content"] = {"application/json": {"schema": parameter.pop("schema")}}
    _without_time_format(description)


def _answer(paths: dict[str, Any], path: str) -> dict[str, Any]:
    schema: dict[str, Any] = paths[path]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    return schema


def _without_time_format(node: Any) -> None:
    """Its examples, as its answers, have no zone, which the format demands."""
    if isinstance(node, dict):
        if node.get("format") == "date-time":
            del node["format"]
        for part in node.values():
            _without_time_format(part)
    elif isinstance(node, list):
        for part in node:
            _without_time_format(part)
