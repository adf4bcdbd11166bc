"""Nix in colours: its text cut into words, and the words into spans."""

import re
from collections.abc import Iterator
from itertools import groupby

from markupsafe import Markup, escape

_PLAIN = "plain"
_KEYWORDS = "let|in|with|inherit|if|then|else|assert|rec|or"
_VALUES = "true|false|null"

_CODE = re.compile(
    rf"""
    (?P<comment>\#[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<keyword>\b(?:{_KEYWORDS})\b(?![-']))
  | (?P<value>\b(?:{_VALUES})\b(?![-'])|\b\d+(?:\.\d+)?\b)
  | (?P<path>(?:~|\.{{1,2}}|[A-Za-z0-9_.-]+)?(?:/[A-Za-z0-9_.+-]+)+|<[A-Za-z0-9_./+-]+>)
  | (?P<name>[A-Za-z_][A-Za-z0-9_'-]*)
  | (?P<plain>\s+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r"""(?:[^"\\$]|\\.|\$(?!\{))+""", re.DOTALL)
_INDENTED = re.compile(r"""(?:[^'$]|'(?!')|''(?:[$']|\\.)|\$(?!\{))+""", re.DOTALL)

Word = tuple[str, str]
"""Its kind, and its text."""


def highlighted(text: str) -> Markup:
    """`text` as HTML: escaped, and each coloured word in a span of its kind."""
    parts = []
    for kind, words in groupby(_words(text), key=lambda word: word[0]):
        inner = escape("".join(part for _, part in words))
        if kind in (_PLAIN, "name"):
            parts.append(inner)
        else:
            parts.append(Markup('<span class="{}">{}</span>').format(f"nix-{kind}", inner))
    return Markup("").join(parts)


def _words(text: str) -> Iterator[Word]:
    """Every character once, in its order, whatever the text is."""
    inside = ["{"]  # what surrounds us: code in a brace, or one of the two kinds of string
    at = 0
    while at < len(text):
        kind, part = (
            _in_code(text, at, inside) if inside[-1] == "{" else _in_string(text, at, inside)
        )
        yield kind, part
        at += len(part)


def _in_code(text: str, at: int, inside: list[str]) -> Word:
    for quote in ("''", '"'):
        if text.startswith(quote, at):
            inside.append(quote)
            return "string", quote
    if text[at] == "{":
        inside.append("{")
        return _PLAIN, "{"
    if text[at] == "}":
        if len(inside) > 1:
            inside.pop()
        return ("string" if inside[-1] != "{" else _PLAIN), "}"
    found = _CODE.match(text, at)
    if found is None or found.lastgroup is None:  # the pattern takes any character
        return _PLAIN, text[at]
    return found.lastgroup, found[0]


def _in_string(text: str, at: int, inside: list[str]) -> Word:
    quote = inside[-1]
    found = (_QUOTED if quote == '"' else _INDENTED).match(text, at)
    if found:
        return "string", found[0]
    if text.startswith("${", at):
        inside.append("{")
        return "string", "${"
    if text.startswith(quote, at):
        inside.pop()
        return "string", quote
    return "string", text[at]
