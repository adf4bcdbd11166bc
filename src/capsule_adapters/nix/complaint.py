"""Nix's complaints, as errors that a person can act upon."""

import re
import signal
from collections.abc import Sequence

from capsule_domain.errors import CapsuleError, HostUnreachable, NixFailed, StoreError

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
_ERROR = re.compile(r"^\s*error: *(?P<text>\S.*)$")
_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_REFUSED = re.compile(r"permission denied|read-only file system", re.IGNORECASE)
_NO_NETWORK = re.compile(
    r"unable to download|could ?n[o']t resolve|couldn't connect|failed to connect"
    r"|timeout was reached|network is unreachable|temporary failure in name resolution",
    re.IGNORECASE,
)
_NO_DAEMON = re.compile(r"cannot connect to (socket|daemon)", re.IGNORECASE)
_FROM_A_BUILD = re.compile(r"builder for|cannot build|dependenc\w+ of derivation", re.IGNORECASE)
_LONGEST = 300
_SHOWN_LINES = 20


def readable(raw: bytes) -> str:
    """A line of Nix's, without colours and what a terminal would act upon."""
    text = _COLOUR.sub("", raw.decode(errors="replace")).rstrip()
    return "".join(c for c in text if c.isprintable() or c == "\t")


def is_of_no_network(line: str) -> bool:
    """Whether a line says that something could not be downloaded."""
    return _NO_NETWORK.search(line) is not None


def failure(doing: str, exit_code: int, lines: Sequence[str]) -> CapsuleError:
    """What went wrong while `doing`, from the last lines of stderr."""
    why = " ".join((_first_error(lines) or _without_words(exit_code, lines)).split())
    message = f"{doing}: {why[:1].lower()}{why[1:]}"
    if len(message) > _LONGEST:
        message = message[: _LONGEST - 1] + "…"
    if _FULL.search(why):
        return StoreError(message, hint="df -h; then: nix-collect-garbage")
    if _REFUSED.search(why) and not _FROM_A_BUILD.search(why):
        return StoreError(message, hint="capsule doctor")
    if is_of_no_network(why):
        return HostUnreachable(message, hint="without a network: capsule check --offline")
    hint = "start the Nix daemon, or open a new terminal" if _NO_DAEMON.search(why) else None
    shown = lines[-_SHOWN_LINES:]
    return NixFailed(message, lines=shown, hint=hint or "all that Nix said is in logs/capsule.log")


def _first_error(lines: Sequence[str]) -> str | None:
    """The first error is the cause; those after it say only what depended on it."""
    found = (_ERROR.match(line) for line in lines)
    return next((match["text"].rstrip(";:") for match in found if match), None)


def _without_words(exit_code: int, lines: Sequence[str]) -> str:
    if exit_code < 0:
        return f"nix was ended by {signal.Signals(-exit_code).name}"
    return lines[-1].strip() if lines else f"nix ended with exit code {exit_code}"
