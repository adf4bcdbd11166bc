"""The words of a Nix file, one after the other."""

import re
from bisect import bisect_right

_SPACE = re.compile(r"(?:\s+|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
_SEARCH_PATH = re.compile(r"<[a-zA-Z0-9._+-]+(?:/[a-zA-Z0-9._+-]+)*>")
_PATH = re.compile(r"~?[a-zA-Z0-9._+-]*(?:/[a-zA-Z0-9._+-]+)+/?")
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[a-zA-Z0-9%/?:@&=+$,_.!~*'-]+")
_NUMBER = re.compile(r"(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_'-]*")
_SIGN = re.compile(r"\.\.\.|\$\{|''|\+\+|//|->|==|!=|<=|>=|&&|\|\||\|>|<\||.", re.DOTALL)

KEYWORDS = frozenset(["assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"])
_KINDS = (
    ("search path", _SEARCH_PATH),
    ("address", _ADDRESS),
    ("path", _PATH),
    ("number", _NUMBER),
    ("name", _NAME),
    ("sign", _SIGN),
)


class Unreadable(Exception):
    """Text that we do not understand; Nix may."""


class Scanner:
    """Where we are in a text. `kind` and `word` are what comes next; the end is an empty word."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.move(0)

    def move(self, place: int) -> None:
        """Go on from `place`, past blanks and comments."""
        space = _SPACE.match(self.text, place)
        self.place = space.end() if space else place
        self.kind, self.word = "end", ""
        for kind, pattern in _KINDS:
            found = pattern.match(self.text, self.place)
            if found:
                self.kind, self.word = kind, found[0]
                break
        if self.word in KEYWORDS:
            self.kind = "keyword"

    @property
    def end(self) -> int:
        """Where the next word ends."""
        return self.place + len(self.word)

    @property
    def line(self) -> int:
        return self.line_at(self.place)

    def line_at(self, place: int) -> int:
        """The line of a place, from one."""
        return bisect_right(self._lines, place)

    def take(self) -> str:
        """The next word; it is behind us then."""
        word = self.word
        self.move(self.end)
        return word

    def takes(self, word: str) -> bool:
        """Whether the next word is this one; if so it is behind us."""
        found = self.word == word and self.kind in ("sign", "keyword")
        if found:
            self.take()
        return found

    def need(self, word: str) -> None:
        """Take exactly this word. Raises Unreadable."""
        if not self.takes(word):
            raise Unreadable(f"line {self.line}: {word!r} was expected")
