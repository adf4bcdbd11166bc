"""Trouble on demand: what a rehearsal cloud does wrong when a test asks for it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Any


class Trouble(StrEnum):
    """The ways to go wrong. All but STATUS and RESET_BEFORE happen after the cloud acted."""

    STATUS = "status"
    RESET_BEFORE = "reset before"
    RESET_AFTER = "reset after"
    SLOW = "slow"
    BODY = "body"
    HALF = "half"
    ENDLESS = "endless"
    ALTERED = "altered"


@dataclass(frozen=True)
class Fault:
    """One trouble; made by the functions below, which say what each means."""

    trouble: Trouble
    status: int = 200
    message: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    seconds: float = 0.0
    alter: Callable[[Any], Any] | None = None


def status(code: int, message: str = "", *, retry_after: str | None = None) -> Fault:
    """Refuse with `code` in the cloud's own error form, without acting.

    `retry_after`: seconds, or an HTTP date.
    """
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    return Fault(Trouble.STATUS, status=code, message=message, headers=headers)


def redirect(location: str, code: int = 302) -> Fault:
    """Send the client elsewhere, without acting."""
    return Fault(Trouble.STATUS, status=code, headers=(("Location", location),))


def reset_before() -> Fault:
    """Break the connection before acting."""
    return Fault(Trouble.RESET_BEFORE)


def lost_answer() -> Fault:
    """Act, then break the connection without an answer."""
    return Fault(Trouble.RESET_AFTER)


def slow(seconds: float) -> Fault:
    """Act, then let the second half of the answer wait, in real seconds."""
    return Fault(Trouble.SLOW, seconds=seconds)


def web_page(code: int = 200) -> Fault:
    """Act, and answer with HTML."""
    page = b"<!DOCTYPE html><html><body>Please log in to the guest network</body></html>"
    return Fault(Trouble.BODY, status=code, body=page, headers=(("Content-Type", "text/html"),))


def empty(code: int = 200) -> Fault:
    """Act, and answer with nothing."""
    return Fault(Trouble.BODY, status=code)


def half_json() -> Fault:
    """Act, and answer with the first half of the JSON, declared as if it were all."""
    return Fault(Trouble.HALF)


def endless(total_bytes: int) -> Fault:
    """Act, and answer with JSON of `total_bytes`, never held in memory."""
    return Fault(Trouble.ENDLESS, seconds=float(total_bytes))


def altered(alter: Callable[[Any], Any]) -> Fault:
    """Act, and answer with what `alter` makes of the answer's JSON."""
    return Fault(Trouble.ALTERED, alter=alter)


@dataclass(eq=False)
class _Waiting:
    """A trouble ahead: `after` requests more it hits `times`."""

    fault: Fault
    methods: re.Pattern[str]
    paths: re.Pattern[str]
    times: int
    after: int


class Faults:
    """The troubles ahead, in order. Safe for several threads."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._lock = Lock()

    def add(
        self,
        fault: Fault,
        *,
        method: str = ".*",
        path: str = ".*",
        times: int = 1,
        after: int = 0,
    ) -> None:
        """Let requests fail whose whole method and path match: `after` of them pass first."""
        with self._lock:
            self._waiting.append(
                _Waiting(fault, re.compile(method), re.compile(path), times, after)
            )

    def take(self, method: str, path: str) -> Fault | None:
        """The trouble for this request, which it uses up."""
        with self._lock:
            for waiting in self._waiting:
                if not waiting.methods.fullmatch(method) or not waiting.paths.fullmatch(path):
                    continue
                if waiting.after > 0:
                    waiting.after -= 1
                    continue
                waiting.times -= 1
                if waiting.times <= 0:
                    self._waiting.remove(waiting)
                return waiting.fault
        return None

    def clear(self) -> None:
        """No more trouble."""
        with self._lock:
            self._waiting.clear()

    def __len__(self) -> int:
        with self._lock:
            return sum(waiting.times for waiting in self._waiting)
