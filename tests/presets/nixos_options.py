"""NixOS' options as nixpkgs lists them: which there are, and what fits into each."""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from tests.tools import shared_file

Path = tuple[str, ...]

ABSENT = {"absent": True}
"""What the stub of `lib.mkIf` leaves of a condition that does not hold."""

OPEN_TO_ALL = frozenset({"assertions", "warnings"})
"""Hidden from the manual, and the way for any module to say something."""

WORDS = re.compile(r"string|.*single-line string|strings concatenated with .*|non-empty string")
NUMBERS = {
    "signed integer": (-(2**63), 2**63 - 1),
    "unsigned integer, meaning >=0": (0, 2**63 - 1),
    "positive integer, meaning >0": (1, 2**63 - 1),
    "16 bit unsigned integer; between 0 and 65535 (both inclusive)": (0, 65535),
}


@cache
def nixos_options() -> dict[str, dict[Path, str]]:
    """The type of every option by its path, below the first part of the path.

    What is hidden is as good as unknown: options that were removed or renamed are listed so.
    """
    with gzip.open(shared_file("nix/nixos-options.json.gz"), "rt") as stream:
        listed = json.load(stream)
    options: dict[str, dict[Path, str]] = defaultdict(dict)
    for name, option in listed.items():
        hidden = option.get("visible") is False or option.get("internal")
        if hidden and name not in OPEN_TO_ALL:
            continue
        path = tuple(name.split("."))
        options[path[0]][path] = str(option["type"])
    return options


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """What a configuration sets, each with its path."""
    if isinstance(value, dict) and value != ABSENT:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif value != ABSENT:
        yield path, value


def set_in_nixos(config: Any) -> Iterator[tuple[Path, Any]]:
    """The leaves of what a module sets, but for options of ours."""
    return ((path, value) for path, value in leaves(config) if path[0] != "capsule")


@cache
def kind_at(path: Path) -> str | None:
    """The type of what is set at `path`; None when there is no such option.

    `anything` is inside an option whose contents have no fixed names or types.
    """
    below = nixos_options()[path[0]] if path else {}
    for end in range(len(path), 0, -1):
        for option, kind in below.items():
            if len(option) == end and _names(option, path[:end]):
                return _inside(kind, len(path) - end)
    return None


def fits(kind: str, value: Any) -> bool:
    """Whether `value`, in JSON's types, fits a type as NixOS describes it.

    Types that JSON cannot show, packages for one, take anything.
    """
    alternatives = [_bare(one) for one in _alternatives(kind)]
    if alternatives != [kind]:
        return any(fits(one, value) for one in alternatives)
    if kind in NUMBERS:
        low, high = NUMBERS[kind]
        return type(value) is int and low <= value <= high
    for beginning, judge in CONTAINERS.items():
        if kind.startswith(beginning):
            return judge(kind.removeprefix(beginning), value)
    if kind in ("null", "boolean"):
        return value is None if kind == "null" else isinstance(value, bool)
    if kind == "absolute path":
        return isinstance(value, str) and value.startswith("/")
    return not WORDS.fullmatch(kind) or isinstance(value, str)


def _all_fit(kind: str, values: Iterable[Any]) -> bool:
    return all(fits(kind, value) for value in values if value != ABSENT)


CONTAINERS: dict[str, Callable[[str, Any], bool]] = {
    'one of "': lambda words, value: value in json.loads(f'["{words}]'),
    "list of ": lambda inner, value: isinstance(value, list) and _all_fit(inner, value),
    "attribute set of ": lambda inner, value: (
        isinstance(value, dict) and _all_fit(inner, value.values())
    ),
}


def _names(option: Path, path: Path) -> bool:
    """Whether an option's path, with `<name>` where any name may stand, is that path."""
    pairs = zip(option, path, strict=True)
    return all(part in (name, "*") or part.startswith("<") for part, name in pairs)


def _inside(kind: str, depth: int) -> str | None:
    """The type `depth` names into a value of a type; None when it has names of its own."""
    if depth == 0:
        return kind
    for one in _alternatives(kind):
        bare = _bare(one)
        if bare in ("JSON value", "nixpkgs config", "anything"):
            return "anything"
        if "open submodule" in bare:
            return "anything"
        if bare.startswith("attribute set of "):
            inner = bare.removeprefix("attribute set of ")
            found = None if "submodule" in inner else _inside(inner, depth - 1)
            if found is not None:
                return found
        elif bare == "attribute set":
            return "anything"
    return None


def _alternatives(kind: str) -> Iterator[str]:
    """`a or (b or c)` as `a` and `(b or c)`."""
    depth, start = 0, 0
    for place, letter in enumerate(kind):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and kind.startswith(" or ", place):
            yield kind[start:place]
            start = place + len(" or ")
    yield kind[start:]


def _bare(kind: str) -> str:
    """Without the brackets that stand around the whole."""
    while kind.startswith("(") and kind.endswith(")"):
        kind = kind[1:-1]
    return kind
