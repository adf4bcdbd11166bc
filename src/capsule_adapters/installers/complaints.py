"""What a machine's refusal means, in one line of ours."""

import re

from capsule_adapters.installers.script import Answer

FULL = "its disk is full"
MAKE_ROOM = "make room there: df -h ~ /nix /tmp; nix-collect-garbage"

_FULL = re.compile(r"no space left on device|disk quota exceeded|disk is full", re.IGNORECASE)


def tells_of_a_full_disk(*said: str) -> bool:
    """Whether any of these lines does, by the words of the C locale."""
    return any(_FULL.search(line) for line in said)


def cause(answer: Answer) -> str:
    """What a script of ours says last, and what the program said before it."""
    if tells_of_a_full_disk(*answer.complaints):
        return FULL
    own = answer.last_words
    if not own.endswith("stands above"):
        return own
    errors = [line for line in answer.complaints[:-1] if "error" in line.lower()]
    said = errors[-1] if errors else (answer.complaints[:-1] or [own])[-1]
    return said[:300]


def remedy(answer: Answer, otherwise: str | None = None) -> str | None:
    """Room where that is what is missing, else what the caller knows."""
    return MAKE_ROOM if tells_of_a_full_disk(*answer.complaints) else otherwise
