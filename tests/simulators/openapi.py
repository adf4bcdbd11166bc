"""A cloud's own API description as the judge of what is asked and answered."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from capsule_adapters.sandbox.api import Exchange
from capsule_adapters.sandbox.faults import Trouble
from tests.tools import shared_file


class Oracle:
    """Judges exchanges by a description: nothing undocumented may be asked or answered."""

    def __init__(
        self, description: Path, *, correct: Callable[[dict[str, Any]], None] | None = None
    ) -> None:
        """`correct` changes, in place, what recorded answers prove wrong in the description."""
        self._spec = json.loads(description.read_text(encoding="utf-8"))
        if correct is not None:
            correct(self._spec)
        for parameter in self._spec["components"].get("parameters", {}).values():
            # The SDKs' generators ignore it; the judge would take no key id in a path.
            parameter["schema"] = self._writable(parameter["schema"])
        self._openapi = OpenAPI.from_dict(self._spec)
        server = urlsplit(self._spec["servers"][0]["url"])
        self._server, self._base = f"{server.scheme}://{server.netloc}", server.path.rstrip("/")

    def judge(self, exchange: Exchange) -> None:
        """Raises, with the exchange, when it is not as described."""
        where = f"{exchange.request.method} {exchange.request.path}"
        request = MockRequest(
            self._server,
            exchange.request.method.lower(),
            exchange.request.path,
            args=dict(exchange.request.query),
            headers={**exchange.request.headers, "Authorization": "Bearer x"},
            data=exchange.request.body,
            content_type=_kind(exchange.request.headers),
        )
        try:
            self._openapi.validate_request(request)
        except Exception as error:
            raise AssertionError(
                f"{where}: not a documented request: {_causes(error)}: {exchange.request.body!r}"
            ) from error
        undocumented = list(self._undocumented(exchange))
        assert not undocumented, f"{where}: undocumented: {undocumented}"
        if exchange.fault in _FAULTY_ANSWERS or _is_not_the_clouds(exchange.status):
            return
        response = MockResponse(
            exchange.body,
            exchange.status or 0,
            headers=dict(exchange.headers),
            content_type=_kind({k.lower(): v for k, v in exchange.headers.items()}),
        )
        try:
            self._openapi.validate_response(request, response)
        except Exception as error:
            raise AssertionError(
                f"{where} {exchange.status}: not a documented answer: {_causes(error)}"
            ) from error

    def _undocumented(self, exchange: Exchange) -> Iterator[str]:
        operation = self._operation(exchange.request.method, exchange.request.path)
        known = {
            self._followed(p)["name"]
            for p in operation.get("parameters", ())
            if self._followed(p)["in"] == "query"
        }
        yield from (f"?{name}" for name in exchange.request.query if name not in known)
        if exchange.request.body and _kind(exchange.request.headers) == _JSON:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            yield from self._unknown(schema, json.loads(exchange.request.body), "body")

    def _operation(self, method: str, path: str) -> Mapping[str, Any]:
        for template, operations in self._spec["paths"].items():
            if _fits(self._base + template, path) and method.lower() in operations:
                shared = operations.get("parameters", [])
                operation = operations[method.lower()]
                return {**operation, "parameters": [*shared, *operation.get("parameters", [])]}
        raise AssertionError(f"{method} {path} is not described")

    def _unknown(self, schema: Any, value: Any, at: str) -> Iterator[str]:
        """The fields of `value` that no branch of `schema` describes."""
        if isinstance(value, dict):
            known = self._properties(schema)
            for name, part in value.items():
                if name not in known:
                    yield f"{at}.{name}"
                else:
                    yield from self._unknown(known[name], part, f"{at}.{name}")
        elif isinstance(value, list):
            items = self._followed(schema).get("items", {})
            for number, part in enumerate(value):
                yield from self._unknown(items, part, f"{at}[{number}]")

    def _properties(self, schema: Any) -> dict[str, Any]:
        found = self._followed(schema)
        properties = dict(found.get("properties", {}))
        for branches in ("allOf", "oneOf", "anyOf"):
            for branch in found.get(branches, ()):
                properties.update(self._properties(branch))
        return properties

    def _writable(self, schema: Any) -> Any:
        """`schema` without `readOnly`, which means nothing in a parameter."""
        found = {k: v for k, v in self._followed(schema).items() if k != "readOnly"}
        if "anyOf" in found:
            found["anyOf"] = [self._writable(branch) for branch in found["anyOf"]]
        return found

    def _followed(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            target = self._spec
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node


@cache
def oracle(name: str) -> Oracle:
    """The judge for one cloud, such as `digitalocean`."""
    return Oracle(shared_file(f"specs/{name}.openapi.json"))


# A fault may make an answer that no description has; a refusal is still in the cloud's form.
_FAULTY_ANSWERS = (Trouble.BODY, Trouble.HALF, Trouble.ENDLESS, Trouble.ALTERED)


_JSON = "application/json"


def _kind(headers: Mapping[str, str]) -> str:
    """The kind of a request's body: JSON, unless it says that it is something else."""
    return headers.get("content-type", _JSON).partition(";")[0]


def _is_not_the_clouds(status: int | None) -> bool:
    """A broken connection, or a redirect by something in between."""
    return status is None or 300 <= status < 400


def _fits(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        w == g or (w.startswith("{") and g) for w, g in zip(wanted, given, strict=True)
    )


def _causes(error: BaseException) -> str:
    told = [f"{error}"]
    inner: BaseException | None = error
    while inner is not None:
        told += [str(e.message) for e in getattr(inner, "schema_errors", ())]
        inner = inner.__cause__
    return "; ".join(told)
