"""X-Filter: a question in JSON, in a header."""

import json
from collections.abc import Mapping
from typing import Any

from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.linode.wording import Refusal

_FILTERABLE = {"id", "label", "group", "region", "tags", "ipv4"}
_SORTING = {"+order", "+order_by"}


def fitting(request: Request, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of `items` that the request asks for. Raises Refusal."""
    header = request.headers.get("x-filter")
    if not header:
        return items
    try:
        wanted = json.loads(header)
    except ValueError as error:
        raise Refusal(400, "Invalid JSON in X-Filter header") from error
    return [item for item in items if _fits(wanted, item)]


def _fits(wanted: Any, item: Mapping[str, Any]) -> bool:
    if not isinstance(wanted, dict):
        raise Refusal(400, "X-Filter must be an object")
    for name, value in wanted.items():
        if name in ("+and", "+or") and isinstance(value, list):
            answers = [_fits(part, item) for part in value]
            fits = all(answers) if name == "+and" else any(answers)
        elif name in _FILTERABLE:
            has = item[name]
            fits = value in has if isinstance(has, list) else value == has
        elif name in _SORTING:
            fits = True
        else:
            raise Refusal(400, "Cannot filter on this", name)
        if not fits:
            return False
    return True
