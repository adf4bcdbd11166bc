"""xNodes as JSON: an array with one of them a line, exact both ways; and the original's file."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pydantic import JsonValue

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.xnode import XNode
from capsule_domain.models.xnode_file import Record

_MOST_CHARACTERS = 1_000_000
"""Of one xNode; what is larger is none."""
_MOST_OF_ALL = 64_000_000
"""Of the original's file, which has to be read as a whole."""
_SPACE = " \t\r\n"
_ORIGINAL_STATUS = {
    **dict.fromkeys(("running", "active", "online", "healthy"), "running"),
    **dict.fromkeys(("stopped", "offline", "inactive"), "stopped"),
    **dict.fromkeys(("deploying", "provisioning", "pending"), "pending"),
    **dict.fromkeys(("terminated", "deleted", "destroyed", "gone"), "gone"),
}


def json_chunks(xnodes: Iterable[XNode]) -> Iterator[str]:
    """The file's text: an array, a line an xNode, each with all of its fields."""
    before = "[\n"
    for xnode in xnodes:
        yield f"{before}{xnode.model_dump_json()}"
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


class _Text:
    """What was read and not yet used, and the line where that begins."""

    def __init__(self, chunks: Iterable[str], source: str) -> None:
        self._chunks = iter(chunks)
        self._decoder = json.JSONDecoder()
        self._left = ""
        self._source = source
        self.line = 1

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            rest = self._left.lstrip(_SPACE)
            self.take(len(self._left) - len(rest))
            if rest or not self._more():
                return rest[:1]

    def take(self, count: int) -> None:
        """Use up so many characters."""
        self.line += self._left.count("\n", 0, count)
        self._left = self._left[count:]

    def value(self) -> JsonValue:
        """The value that begins here, which may need more of the text."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._left)
            except (ValueError, RecursionError) as error:
                if len(self._left) < _MOST_CHARACTERS and self._more():
                    continue
                if isinstance(error, json.JSONDecodeError):
                    self.take(error.pos)
                raise self.refuse(f"no JSON: {_said(error)}") from error
            # A number may go on in what was not read yet; nothing else can.
            if end < len(self._left) or not self._more():
                self.take(end)
                found: JsonValue = value
                return found

    def refuse(self, message: str) -> ConfigurationError:
        return ConfigurationError(message, file=self._source, line=self.line)

    def _more(self) -> bool:
        chunk = next(self._chunks, "")
        self._left += chunk
        return bool(chunk)


def json_records(chunks: Iterable[str], source: str) -> Iterator[Record]:
    """The xNodes of an array. Raises ConfigurationError with the line for what is none."""
    text = _Text(chunks, source)
    if text.peek() != "[":
        raise text.refuse("no array of xNodes")
    text.take(1)
    while (following := text.peek()) != "]":
        line = text.line
        value = text.value()
        if not isinstance(value, dict):
            raise ConfigurationError("no xNode: it is no object", file=source, line=line)
        yield Record(line, value)
        following = text.peek()
        if following == ",":
            text.take(1)
            if text.peek() == "]":
                raise text.refuse("no JSON: a comma before the end of the array")
        elif following != "]":
            raise text.refuse("no JSON: after an xNode a comma or the end of the array is missing")
    text.take(1)
    if text.peek():
        raise text.refuse("no JSON: something follows the array")


def original_records(chunks: Iterable[str], source: str) -> Iterator[Record]:
    """The xNodes of the original Capsule's inventory.json. Raises ConfigurationError."""
    text = ""
    for chunk in chunks:
        text += chunk
        if len(text) > _MOST_OF_ALL:
            raise ConfigurationError("larger than 64 MB", file=source)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise ConfigurationError(f"no JSON: {_said(error)}", file=source, line=line) from error
    xnodes = whole.get("xnodes") if isinstance(whole, dict) else None
    if not isinstance(xnodes, dict):
        raise ConfigurationError(
            "it is an object without xnodes: neither the original's inventory.json nor an export",
            hint="capsule openmesh inventory export --format json shows the form",
            file=source,
        )
    for key, value in xnodes.items():
        if not isinstance(value, dict):
            raise ConfigurationError(f"xnodes.{key[:40]} is no object", file=source)
        yield Record(_line_of(text, key), _from_original(key, value))


def _line_of(text: str, key: str) -> int:
    """Where the key stands; 1 where it is written otherwise than we would."""
    found = text.find(json.dumps(key, ensure_ascii=False) + ":")
    return text.count("\n", 0, max(found, 0)) + 1


def _from_original(key: str, old: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Its words in ours. What ours has no word for is left out."""
    status = str(old.get("status") or "unknown").lower()
    address = old.get("ip_address") or old.get("ip") or old.get("address")
    id_ = str(old.get("id") or key)
    fields: dict[str, JsonValue] = {
        "id": id_,
        "server_id": str(old.get("server_id") or id_),
        "name": old.get("name") or key,
        "provider": old.get("provider"),
        "template": str(old.get("template") or ""),
        "region": str(old.get("region") or ""),
        "status": _ORIGINAL_STATUS.get(status, "unknown"),
        "tags": old.get("tags") or [],
        "address": address,
    }
    if isinstance(cost := old.get("cost_hourly"), int | float):
        fields["price_per_hour"] = {"amount": repr(cost), "currency": "USD"}
    if isinstance(since := old.get("deployed_at"), str):
        fields["created_at"] = _with_zone(since)
    return fields


def _with_zone(text: str) -> str:
    """The original wrote times without a zone, of its own clock: taken for UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _said(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:80]
