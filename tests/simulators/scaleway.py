"""The true Scaleway adapter over the rehearsal cloud, and Scaleway's description as its judge."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import SecretStr

from capsule_adapters.providers.scaleway import DIALECT, ScalewayProvider
from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.api import Exchange
from capsule_adapters.sandbox.machines import Machines, NoMachines
from capsule_adapters.sandbox.scaleway import ScalewaySimulator, Temper
from tests.fakes.clock import FakeClock
from tests.simulators.openapi import Oracle
from tests.tools import shared_file

IMPATIENT = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=3)
SERVERS = "/instance/v1/zones/fr-par-1/servers"
_PLAIN = {"StringValue": "string", "Int32Value": "integer", "BoolValue": "boolean"}
ERROR_TYPES = (
    "invalid_arguments",
    "invalid_request_error",
    "denied_authentication",
    "permissions_denied",
    "quotas_exceeded",
    "not_found",
    "transient_state",
    "already_exists",
    "resource_expired",
    "out_of_stock",
    "precondition_failed",
    "resource_locked",
    "too_many_requests",
    "internal_error",
)


@dataclass
class Rehearsal:
    """A simulator, a clock that both sides share, and the adapter that talks to it."""

    simulator: ScalewaySimulator
    clock: FakeClock
    provider: ScalewayProvider


def adapter(
    simulator: ScalewaySimulator,
    clock: FakeClock,
    *,
    patience: Patience = IMPATIENT,
    token: str | None = None,
    project_id: str | None = None,
    page_size: int = 1,
) -> ScalewayProvider:
    """The true adapter; its clock is the test's, and its retries never need luck."""
    api = JsonApi(
        DIALECT.name,
        simulator.url,
        auth_headers=DIALECT.auth_headers(SecretStr(token or simulator.token)),
        clock=clock,
        refusals=DIALECT.refusals,
        patience=patience,
        randomness=lambda: 0.5,
    )
    return ScalewayProvider(api, clock, project_id=project_id, page_size=page_size)


def lose(simulator: ScalewaySimulator, when: str) -> None:
    """Lose the answer to the next create: `before sending`, `before acting`, `after acting`."""
    fault = {
        # What comes before the renting is told apart from it; so is what is turned away.
        "before sending": faults.status(429),
        "before acting": faults.reset_before(),
        "after acting": faults.lost_answer(),
    }[when]
    simulator.faults.add(fault, method="POST", path="/instance/v1/zones/[^/]+/servers")


@contextmanager
def rehearsal(
    *,
    patience: Patience = IMPATIENT,
    judged: bool = True,
    temper: Temper | None = None,
    page_size: int = 1,
    project_id: str | None = None,
    machines: Machines | None = None,
) -> Iterator[Rehearsal]:
    """A rehearsal with one item a page. `judged`: at its end every exchange is judged."""
    clock = FakeClock()
    description = judge() if judged else None
    simulator = ScalewaySimulator(
        machines or NoMachines(), clock=clock, temper=temper, requests_per_second=1_000_000
    )
    with simulator:
        provider = adapter(
            simulator, clock, patience=patience, page_size=page_size, project_id=project_id
        )
        try:
            yield Rehearsal(simulator, clock, provider)
        finally:
            provider.close()
    if description is not None:
        _judge_once(description, simulator.exchanges)


_JUDGED: set[tuple[object, ...]] = set()


def _judge_once(description: Oracle, exchanges: Iterable[Exchange]) -> None:
    """Ten zones answer much the same all the time: what was good once is good again."""
    for exchange in exchanges:
        asked = exchange.request
        query, kind = tuple(asked.query.items()), asked.headers.get("content-type")
        answered = (exchange.status, exchange.body, exchange.fault)
        mark = (asked.method, asked.path, query, kind, asked.body, *answered)
        if mark not in _JUDGED:
            description.judge(exchange)
            _JUDGED.add(mark)


@cache
def judge() -> Oracle:
    """Scaleway's description, with what it leaves out and what recorded answers correct in it."""
    return Oracle(shared_file("specs/scaleway.openapi.json"), correct=_corrected)


def _corrected(description: dict[str, Any]) -> None:
    paths = description["paths"]
    paths["/block/v1/zones/{zone}/volumes/{volume_id}"] = _block_volumes(paths)
    paths["/block/v1/zones/{zone}/volumes"] = _lists(paths, "page", "page_size")
    paths["/instance/v1/zones/{zone}/volumes"] = _lists(paths, "page", "per_page")
    data = paths["/instance/v1/zones/{zone}/servers/{server_id}/user_data/{key}"]
    # It says */*, and a file in JSON; the documentation, and the SDKs, send and get plain text.
    text = {"text/plain": {"schema": {"type": "string"}}}
    data["patch"]["requestBody"]["content"] = text
    data["get"]["responses"]["200"]["content"] = text
    for operations in paths.values():
        for operation in operations.values():
            operation["responses"]["default"] = _refusals()
            for parameter in operation.get("parameters", ()):
                # What may be null in a body is a plain value in a query.
                plain = _PLAIN.get(parameter["schema"].get("$ref", "").rpartition(".")[2])
                parameter["schema"] = {"type": plain} if plain else parameter["schema"]
    create = paths["/instance/v1/zones/{zone}/servers"]["post"]["requestBody"]
    volumes = create["content"]["application/json"]["schema"]["properties"]["volumes"]
    volumes["properties"] = {"0": volumes["properties"]["<volumeKey>"]}
    _rewritten(description)
    _with_null_where_it_was_recorded(description["components"]["schemas"])


def _refusals() -> dict[str, Any]:
    """What it does not describe: each error has a type, which is one of those known."""
    schema = {
        "type": "object",
        "required": ["type", "message"],
        "properties": {
            "type": {"type": "string", "enum": list(ERROR_TYPES)},
            "message": {"type": "string"},
        },
    }
    return {"description": "refused", "content": {"application/json": {"schema": schema}}}


def _block_volumes(paths: dict[str, Any]) -> dict[str, Any]:
    """The Block API is not in it; the official SDK knows where its volumes are."""
    path = "/instance/v1/zones/{zone}/volumes/{volume_id}"
    parameters = paths[path]["delete"]["parameters"]
    schema = {
        "type": "object",
        "required": ["id", "name", "size", "status"],
        "properties": {"status": {"type": "string"}, "size": {"type": "integer"}},
    }
    shown = {"description": "", "content": {"application/json": {"schema": schema}}}
    return {
        "get": {"parameters": parameters, "responses": {"200": shown}},
        "delete": {"parameters": parameters, "responses": {"204": {"description": ""}}},
    }


def _lists(paths: dict[str, Any], *names: str) -> dict[str, Any]:
    """Lists of volumes are not in it either; the official SDK knows them and their paging."""
    of_one = paths["/instance/v1/zones/{zone}/volumes/{volume_id}"]["delete"]["parameters"]
    zone = [parameter for parameter in of_one if parameter["name"] == "zone"]
    asked = [{"name": name, "in": "query", "schema": {"type": "integer"}} for name in names]
    item = {"type": "object", "required": ["id", "name", "size"]}
    schema = {
        "type": "object",
        "required": ["volumes"],
        "properties": {"volumes": {"type": "array", "items": item}},
    }
    listed = {"description": "", "content": {"application/json": {"schema": schema}}}
    return {"get": {"parameters": [*zone, *asked], "responses": {"200": listed}}}


def _rewritten(node: Any) -> None:
    """Where it is strict only by its own conventions, so that the judge is, too.

    A map is written as one property `<name>`, and then lets anything be. What may be null
    is so in the words of an older version than it says it is written in. The key is not
    kept with the exchanges.
    """
    if isinstance(node, dict):
        node.pop("security", None)
        if node.pop("nullable", False) is True and "type" in node:
            node["type"] = [node["type"], "null"]
        properties = node.get("properties")
        if isinstance(properties, dict):
            for name in [name for name in properties if name.startswith("<")]:
                node["additionalProperties"] = properties.pop(name)
        for name, part in node.items():
            if name != "parameters":
                _rewritten(part)
    elif isinstance(node, list):
        for part in node:
            _rewritten(part)


def _with_null_where_it_was_recorded(schemas: dict[str, Any]) -> None:
    types = schemas["scaleway.instance.v1.ListServersTypesResponse"]["properties"]["servers"]
    types["additionalProperties"]["properties"]["gpu_info"]["type"] = ["object", "null"]
    server = schemas["scaleway.instance.v1.Server"]["properties"]
    server["public_ip"]["type"] = ["object", "null"]
