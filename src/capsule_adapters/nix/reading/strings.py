"""The two kinds of strings in Nix."""

import re
from collections.abc import Callable

from capsule_adapters.nix.reading.scanner import Scanner, Unreadable

_PLAIN = re.compile(r'(?:[^"\\$]|\$(?!\{)|\\.)*', re.DOTALL)
_INDENTED = re.compile(r"(?:[^'$]|\$(?!\{)|'(?!')|'''|''\$|''\\.)*", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}


def read_string(scanner: Scanner, computed: Callable[[], object]) -> str | None:
    """A string from its opening quotes to behind its closing ones.

    None when a part of it is computed, each of which `computed` reads. Of an indented one
    the text is as the file has it: nobody compares it with anything.
    """
    indented = scanner.word == "''"
    quotes, pattern = ("''", _INDENTED) if indented else ('"', _PLAIN)
    place, parts = scanner.end, []
    is_literal = True
    while True:
        found = pattern.match(scanner.text, place)
        place = found.end() if found else place
        parts.append(found[0] if found else "")
        if scanner.text.startswith("${", place):
            is_literal = False
            scanner.move(place + 2)
            computed()
            if scanner.word != "}":
                raise Unreadable(f"line {scanner.line}: a string does not go on")
            place = scanner.end
        elif scanner.text.startswith(quotes, place):
            scanner.move(place + len(quotes))
            break
        else:
            raise Unreadable("a string does not end")
    if not is_literal:
        return None
    text = "".join(parts)
    return text if indented else _ESCAPE.sub(lambda m: _LETTERS.get(m[1], m[1]), text)
