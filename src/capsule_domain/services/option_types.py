"""Whether a value fits the type of a NixOS option, from the words that NixOS describes it with."""

import json
import re
from collections.abc import Iterator

from capsule_domain.models.setting import Kind, Value

_NUMBER = re.compile(
    r"(?:\d+ bit )?(?:un)?signed integer\b.*|(?:positive|nonnegative) integer\b.*"
    r"|integer between .*",
    re.DOTALL,
)
_BETWEEN = re.compile(r"between (-?\d+) and (-?\d+) \(both inclusive\)")
_STRING = re.compile(
    r"string|non-empty string|(?:.* )?single-line string|strings concatenated with .*"
    r"|string matching .*",
    re.DOTALL,
)
_OF_SETS = re.compile(
    r"(?:lazy )?attribute set\b.*|(?:open )?submodule\b.*|.*\bsubmodule\)?", re.DOTALL
)
_ENUMERATION = "one of "
_CONVERTIBLE = " convertible to it"
_ANYTHING = re.compile(
    r"anything|unspecified value|unspecified|raw value|attribute set|nixpkgs config"
    r"|open submodule\b.*"
    r"|.*\b(?:JSON|YAML|TOML|INI|XML|HOCON|Lua|PHP|Elixir|value|format|section|atom)\b.*",
    re.DOTALL,
)
_NOT_A_PACKAGE = frozenset([Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN, Kind.NULL, Kind.LIST])
_NOT_A_SET = frozenset([*_NOT_A_PACKAGE, Kind.TEXT])
_SIMPLE = {
    "boolean": Kind.BOOLEAN,
    "null": Kind.NULL,
    "floating point number": Kind.FLOAT,
}


def fits(type_words: str, value: Value) -> bool | None:
    """Whether it does; None when that cannot be told: a computed value, a type of its own kind."""
    if value.kind is Kind.COMPUTED:
        return None
    alternatives = [_bare(one) for one in _alternatives(_bare(type_words))]
    if len(alternatives) == 1:
        return _fits_one(alternatives[0], value)
    answers = [fits(one, value) for one in alternatives]
    return True if True in answers else None if None in answers else False


def inside(type_words: str, depth: int) -> str | None:
    """The type of what stands `depth` names below a value of that type.

    `anything` where names and values are free; None where the type has names of its own.
    """
    if depth == 0:
        return type_words
    found = [_inside_one(_bare(one), depth) for one in _alternatives(_bare(type_words))]
    return next((one for one in found if one is not None), None)


def _inside_one(words: str, depth: int) -> str | None:
    for beginning in ("attribute set of ", "lazy attribute set of "):
        if words.startswith(beginning):
            return inside(words.removeprefix(beginning), depth - 1)
    if words.startswith("list of ") or words == "package" or _OF_SETS.fullmatch(words):
        is_free = words == "attribute set" or words.startswith("open submodule")
        return "anything" if is_free else None
    return "anything" if _ANYTHING.fullmatch(words) else None


def _fits_one(words: str, value: Value) -> bool | None:  # noqa: PLR0911  (one return a family)
    kind = value.kind
    if words in _SIMPLE:
        return kind is _SIMPLE[words]
    if _NUMBER.fullmatch(words):
        return kind is Kind.INTEGER and _within(words, value.said)
    if words.startswith(_ENUMERATION):
        return _is_one_of(words.removeprefix(_ENUMERATION), value)
    if words.startswith("list of "):
        return _all_fit(words.removeprefix("list of "), value)
    if words == "absolute path" or words.startswith("absolute path,"):
        is_text = kind is Kind.TEXT and (value.said is None or str(value.said).startswith("/"))
        return is_text or kind in (Kind.PATH, Kind.SET)
    if words == "package":
        return False if kind in _NOT_A_PACKAGE else None
    if _OF_SETS.fullmatch(words):
        return False if kind in _NOT_A_SET else None if kind is not Kind.SET else True
    if _STRING.fullmatch(words):
        # What the string has to match or to avoid is for NixOS to say.
        return kind is Kind.TEXT and (True if words == "string" else None)
    return None


def _within(words: str, said: object) -> bool:
    number = int(str(said))
    between = _BETWEEN.search(words)
    if between:
        return int(between[1]) <= number <= int(between[2])
    if words.startswith(("unsigned", "nonnegative")) or "meaning >=0" in words:
        return number >= 0
    return number > 0 if words.startswith("positive") else True


def _is_one_of(words: str, value: Value) -> bool | None:
    try:
        choices = json.loads(f"[{words}]")
    except ValueError:
        return None  # values that JSON cannot write, or with a word of explanation
    if value.kind in (Kind.LIST, Kind.SET, Kind.PATH, Kind.FUNCTION):
        return False if all(isinstance(one, str | int) for one in choices) else None
    if value.kind is Kind.TEXT and value.said is None:
        return None
    return any(type(one) is type(value.said) and one == value.said for one in choices)


def _all_fit(words: str, value: Value) -> bool | None:
    if value.kind is not Kind.LIST:
        return False
    answers = [fits(words, item) for item in value.items]
    return False if False in answers else None if None in answers else True


def _alternatives(words: str) -> Iterator[str]:
    """`a or (b or c)` as `a` and `(b or c)`; what stands in quotes or brackets is one word."""
    depth, start, quoted = 0, 0, False
    for place, letter in enumerate(words):
        if letter == '"' and (place == 0 or words[place - 1] != "\\"):
            quoted = not quoted
        if quoted:
            continue
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and words.startswith(" or ", place):
            yield words[start:place]
            start = place + len(" or ")
    yield words[start:].removesuffix(_CONVERTIBLE)


def _bare(words: str) -> str:
    """Without the brackets that stand around the whole."""
    words = words.strip()
    while words.startswith("(") and words.endswith(")") and _closes_last(words):
        words = words[1:-1]
    return words


def _closes_last(words: str) -> bool:
    depth = 0
    for place, letter in enumerate(words):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0:
            return place == len(words) - 1
    return False
