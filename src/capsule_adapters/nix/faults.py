"""What Nix says when a system cannot be evaluated: the words, and the place in person's files."""

import re
from collections.abc import Sequence

from capsule_domain.models.systems import Fault

_ERROR = re.compile(r"^\s*error: *(?P<text>\S.*)$")
_PLACE = re.compile(r"\bat (?P<file>/.+?):(?P<line>\d+)(?::\d+)?:?\s*$")
_EXCERPT = re.compile(r"^\s*(?:\d*\||(?:…|\.\.\.) |at |\(use |note:|error:|\(stack trace|trace: )")
_OPTION = re.compile(
    r"[Oo]ption [`']+(?P<option>[^'`]+)'+|definition for option [`'](?P<other>[^'`]+)'"
)
_DEFINED = re.compile(r"In [`'](?P<file>/[^'`]+)'")
_LONGEST = 400


def read_fault(lines: Sequence[str], folders: Sequence[str]) -> Fault:
    """The error in Nix's last lines. A place counts when it is below one of `folders`.

    Old versions of Nix say the error first and then the way to it; new ones the other
    way round: the place nearest to the error is the best there is.
    """
    at = next((n for n, line in enumerate(lines) if _ERROR.match(line)), None)
    if at is None:
        return Fault(message=lines[-1].strip() if lines else "nix says nothing of the reason")
    message = _message(lines, at)
    option = _OPTION.search(message)
    defined = next(
        (m["file"] for m in _DEFINED.finditer(message) if _inside(m["file"], folders)), None
    )
    file, line = defined, None
    if defined is None:
        file, line = _nearest(lines, at, folders)
    return Fault(
        message=message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…",
        file=file,
        line=line,
        option=(option["option"] or option["other"]) if option else None,
    )


def _message(lines: Sequence[str], at: int) -> str:
    found = _ERROR.match(lines[at])
    words = [found["text"] if found else lines[at]]
    for line in lines[at + 1 :]:
        if _EXCERPT.match(line):
            break
        words.append(line.strip())
    return " ".join(" ".join(words).split())


def _nearest(
    lines: Sequence[str], at: int, folders: Sequence[str]
) -> tuple[str | None, int | None]:
    places = [
        (abs(number - at), found["file"], int(found["line"]))
        for number, line in enumerate(lines)
        if (found := _PLACE.search(line)) and _inside(found["file"], folders)
    ]
    if not places:
        return None, None
    _, file, line = min(places)
    return file, line


def _inside(file: str, folders: Sequence[str]) -> bool:
    return any(file == folder or file.startswith(f"{folder.rstrip('/')}/") for folder in folders)
