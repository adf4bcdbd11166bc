"""The only place where a value becomes Nix."""

import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath
from typing import Any

from capsule_domain.errors import ConfigurationError

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*", re.ASCII)
_KEYWORDS = frozenset(["assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"])
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_WORD = re.compile(r"[a-z0-9]+", re.ASCII)
_RELATIVE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*", re.ASCII)

_INT_MAX = 2**63 - 1
_INT_MIN = -(2**63)


@dataclass(frozen=True)
class Attribute:
    """A value found by its path below a variable, such as `pkgs.python3Packages.numpy`."""

    path: str
    of: str = "pkgs"


def nix_literal(value: Any) -> str:  # noqa: PLR0911  (one return a type)
    """`value` as a Nix expression on one line, safe anywhere an expression may stand.

    Takes None, bool, int, float, str, list, tuple, mappings with string keys (sorted),
    an absolute path (a *string*: a path literal would be copied into the Nix store,
    readable by everyone) and `Attribute`. Raises ConfigurationError for what Nix cannot
    hold (NUL, half a surrogate pair, a number out of its range, a relative path), and
    TypeError for any other type: a secret, for one, must never get here.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return _integer(value)
        case float():
            return _float(value)
        case str():
            return _string(value)
        case PurePath():
            return _path(value)
        case Attribute():
            return attribute_path((value.of, *value.path.split(".")))
        case list() | tuple():
            return _bracketed("[", map(nix_literal, value), "]")
        case Mapping():
            return _bracketed("{", map(_binding, _sorted_items(value)), "}")
        case _:
            raise TypeError(f"{type(value).__name__} has no form in Nix")


def nix_block(value: Any, indent: int = 2) -> str:
    """`value` over several lines where it is a set, or a list of more than one.

    `indent` is how many spaces the line has on which it begins. Takes and raises what
    nix_literal does.
    """
    inner = " " * (indent + 2)
    match value:
        case Mapping() if value:
            items = _sorted_items(value)
            lines = [f"{attribute_name(k)} = {nix_block(v, indent + 2)};" for k, v in items]
        case [_, _, *_] | [Mapping()]:
            lines = [nix_block(item, indent + 2) for item in value]
        case _:
            return nix_literal(value)
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    return "\n".join([opening, *(inner + each for each in lines), " " * indent + closing])


def attribute_name(text: str) -> str:
    """`text` as the name of an attribute, quoted where it is no plain identifier."""
    if _IDENTIFIER.fullmatch(text) and text not in _KEYWORDS:
        return text
    return _string(text)


def attribute_path(parts: Iterable[str]) -> str:
    """Names as a path of attributes: `services.nginx.virtualHosts."www.example.org"`."""
    return ".".join(map(attribute_name, parts))


def relative_path(path: str, levels_up: int = 0) -> str:
    """`path` as a path literal beside the file it is written into: `./modules/base.nix`.

    Or beside a folder so many levels above it: `../../modules/base.nix`. For files of the
    configuration itself, and nothing else. Raises ConfigurationError unless it is plain
    letters, digits, `_`, `.`, `-` and slashes, and goes up no other way.
    """
    if not _RELATIVE.fullmatch(path) or ".." in PurePosixPath(path).parts:
        raise ConfigurationError(f"{path!r} is not a plain path below the configuration")
    return f"{'../' * levels_up or './'}{path}"


def plain_word(text: str) -> str:
    """`text` as YAML takes it bare, such as a recipient of age.

    Raises ConfigurationError unless it is lower-case letters and digits.
    """
    if not _WORD.fullmatch(text):
        raise ConfigurationError(f"{text!r} is no plain word")
    return text


def comment(text: str) -> str:
    """`text` for behind a `#`: one line, whatever is in it."""
    return "".join(c if c.isprintable() else " " for c in text)


def _string(text: str) -> str:
    if "\0" in text:
        raise ConfigurationError("Nix cannot hold a text with a NUL character in it")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError("Nix cannot hold a text that is not Unicode") from error
    return '"' + text.translate(_ESCAPES).replace("${", "\\${") + '"'


def _integer(value: int) -> str:
    if not _INT_MIN <= value <= _INT_MAX:
        raise ConfigurationError("Nix holds whole numbers of 64 bits, and this one is larger")
    if value == _INT_MIN:  # Nix reads the digits first, and 2**63 is one too many
        return f"({value + 1} - 1)"
    return f"({value})" if value < 0 else str(value)


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise ConfigurationError("Nix has no infinite or undefined numbers")
    if 0 < abs(value) < sys.float_info.min:
        raise ConfigurationError("Nix refuses a number this close to zero")
    digits = repr(value)
    if "." not in digits:  # 1e+16: without a point Nix does not see a number
        digits = digits.replace("e", ".0e")
    return f"({digits})" if digits.startswith("-") else digits


def _path(path: PurePath) -> str:
    if not path.is_absolute():
        raise ConfigurationError(f"the path {str(path)!r} is not absolute")
    return _string(path.as_posix())


def _binding(item: tuple[str, Any]) -> str:
    name, value = item
    return f"{attribute_name(name)} = {nix_literal(value)};"


def _sorted_items(mapping: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    for name in mapping:
        if not isinstance(name, str):
            raise TypeError(f"the name of an attribute is a text, not {type(name).__name__}")
    return sorted(mapping.items())


def _bracketed(opening: str, parts: Iterable[str], closing: str) -> str:
    return " ".join([opening, *parts, closing])
