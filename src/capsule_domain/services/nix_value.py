"""Values as Nix writes them: constants, texts, lists `[ 1 2 ]` and sets `{ a = 1; }`."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[\s\]};]|$)
    | (?P<word>true|false|null)(?=[\s\]};]|$)
    | "(?P<text>(?:[^"\\]|\\.)*)"
    | (?P<sign>[\[\]{}=;])
    | (?P<name>[A-Za-z_][A-Za-z0-9_'-]*)
    )""",
    re.ASCII | re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, JsonValue] = {"true": True, "false": False, "null": None}
_DEEPEST = 32
_T = TypeVar("_T")


def nix_value(text: str) -> JsonValue:
    """The value that `text` is. Nothing is evaluated.

    Raises ValueError, whose message says what is wrong, for anything else.
    """
    reading = _Reading(text)
    value = reading.value()
    if not reading.is_over:
        raise ValueError("there is more behind the value")
    return value


@dataclass
class _Reading:
    text: str
    place: int = 0
    depth: int = 0

    @property
    def is_over(self) -> bool:
        return not self.text[self.place :].strip()

    def value(self) -> JsonValue:
        kind, word = self._next()
        if kind == "number":
            number: JsonValue = json.loads(word)
            return number
        if kind == "word":
            return _WORDS[word]
        if kind == "text":
            return _unquoted(word)
        if (kind, word) == ("sign", "["):
            return self._inside(self._list)
        if (kind, word) == ("sign", "{"):
            return self._inside(self._set)
        raise ValueError("that is neither JSON nor a value of Nix")

    def _list(self) -> JsonValue:
        found: list[JsonValue] = []
        while not self._takes("]"):
            found.append(self.value())
        return found

    def _set(self) -> JsonValue:
        found: dict[str, JsonValue] = {}
        while not self._takes("}"):
            kind, name = self._next()
            if kind not in ("name", "text"):
                raise ValueError("a set is written { name = value; }")
            name = _unquoted(name) if kind == "text" else name
            if name in found or not self._takes("="):
                raise ValueError(f"{name} is there twice, or has no = behind it")
            found[name] = self.value()
            if not self._takes(";"):
                raise ValueError(f"there is no ; behind the value of {name}")
        return found

    def _inside(self, read: Callable[[], _T]) -> _T:
        if self.depth == _DEEPEST:
            raise ValueError(f"a value is at most {_DEEPEST} levels deep")
        self.depth += 1
        found = read()
        self.depth -= 1
        return found

    def _takes(self, sign: str) -> bool:
        before = self.place
        if self._next() == ("sign", sign):
            return True
        self.place = before
        return False

    def _next(self) -> tuple[str, str]:
        match = _TOKEN.match(self.text, self.place)
        if match is None or match.lastgroup is None:
            raise ValueError("that is neither JSON nor a value of Nix")
        self.place = match.end()
        return match.lastgroup, match[match.lastgroup]


def _unquoted(text: str) -> str:
    if re.search(r"(?<!\\)(\\\\)*\$\{", text):
        raise ValueError("${ stands for an expression; write \\${ for the text")
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text, flags=re.DOTALL)
