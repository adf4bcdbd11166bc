"""TOML into models, with the file and the line of whatever does not hold."""

import re
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from capsule_domain.errors import ConfigurationError, StoreError

M = TypeVar("M", bound=BaseModel)

_MAX_BYTES = 1 << 20
_HEADER = re.compile(r"\s*\[(\[)?\s*([A-Za-z0-9_.\"'\- ]+?)\s*\]?\]\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))\s*=""")
_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read_text(resource: Traversable) -> str:
    """A preset's text. Raises StoreError, and ConfigurationError for what is not text."""
    try:
        with resource.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise StoreError(f"{resource}: {error.strerror or 'cannot be read'}") from error
    if len(content) > _MAX_BYTES:
        raise ConfigurationError("larger than 1 MiB, which no preset is", file=str(resource))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError("not UTF-8 text", file=str(resource), line=line) from error


def read_model(model: type[M], resource: Traversable, **fixed: object) -> M:
    """The file as `model`; `fixed` are fields that the file may not set itself.

    Raises ConfigurationError with file, line and field for broken TOML, an unknown
    key, a missing one or a wrong value; StoreError when it cannot be read.
    """
    text = read_text(resource)
    values = _parsed(text, str(resource))
    allowed = sorted(set(model.model_fields) - set(fixed))
    for key in values:
        if key in fixed:
            raise _unknown(str(resource), text, (key,), allowed)
    try:
        return model.model_validate(values | fixed)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            known = _fields_at(model, first["loc"][:-1]) if first["loc"][:-1] else allowed
            raise _unknown(str(resource), text, first["loc"], known) from error
        raise ConfigurationError(
            f"{_dotted(first['loc'])}: {_said(first)}",
            file=str(resource),
            line=line_of(text, first["loc"]),
            field=_dotted(first["loc"]),
        ) from error


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line, from 1, on which the value at `path` of a TOML text is set.

    tomllib keeps no places, so this looks for the key below its table's header. A
    place inside a value gives the line of the innermost key found; None is nowhere.
    """
    table: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    found: tuple[int, int] | None = None  # how much of the path, and the line
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[2].strip()
            counts[name] = counts.get(name, -1) + 1
            table = (*name.split("."), counts[name]) if header[1] else (*name.split("."),)
            place = table
        elif key := _KEY.match(line):
            place = (*table, key[1] or key[2] or key[3])
        else:
            continue
        if tuple(path[: len(place)]) == place and (found is None or len(place) > found[0]):
            found = len(place), number
    return found[1] if found else None


def _parsed(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        place = _SYNTAX_PLACE.search(said)
        line = int(place[1]) if place and place[1] else len(text.splitlines())
        message = said[: place.start()] if place else said
        raise ConfigurationError(
            f"not TOML: {message[:1].lower()}{message[1:]}", file=file, line=line
        ) from error
    except RecursionError as error:
        raise ConfigurationError("not TOML: nested too deeply", file=file) from error


def _unknown(
    file: str, text: str, path: Sequence[str | int], known: Sequence[str]
) -> ConfigurationError:
    key = str(path[-1])
    near = get_close_matches(key, known, n=1, cutoff=0.6)
    meant = f"; did you mean {near[0]}?" if near else ""
    return ConfigurationError(
        f"unknown key {_dotted(path)}{meant}",
        hint=f"known keys: {', '.join(known)}",
        file=file,
        line=line_of(text, path),
        field=_dotted(path),
    )


def _fields_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The field names of the model nested in `model` at `path`, as far as it is one."""
    inner: Any = model
    for step in path:
        if isinstance(step, int):
            continue
        annotation = inner.model_fields[step].annotation
        inner = next((a for a in getattr(annotation, "__args__", ()) if _is_model(a)), annotation)
        if not _is_model(inner):
            return []
    return sorted(inner.model_fields)


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def _said(problem: Any) -> str:
    """pydantic's sentence as ours: one lower-case line."""
    words = str(problem["msg"]).removeprefix("Value error, ")
    return " ".join(f"{words[:1].lower()}{words[1:]}".split())


def _dotted(path: Sequence[str | int]) -> str:
    shown = ".".join(str(step) for step in path)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)
