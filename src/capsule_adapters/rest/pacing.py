"""Not asking faster than a cloud allows."""

import re
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Literal

from capsule_domain.errors import RateLimited
from capsule_domain.ports.clock import Clock

_SHORTEST_WAIT_SECONDS = 0.001


@dataclass(frozen=True)
class RateHeaders:
    """The names under which a cloud tells its limit. `reset_is`: a Unix time, or seconds left."""

    limit: str
    remaining: str
    reset: str
    reset_is: Literal["epoch", "seconds"] = "epoch"


@dataclass(frozen=True)
class Window:
    """At most `requests` in any `seconds`."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Lane:
    """Requests that a cloud counts by themselves. `method` and `path`: patterns of the whole."""

    method: str
    path: str
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True)
class Pacing:
    """How a cloud limits: what its headers say, and what only its documentation says.

    A request belongs to the first of `lanes` that it fits; `windows` are for those that
    fit none. The headers of an answer tell about its own lane.
    """

    headers: RateHeaders | None = None
    windows: tuple[Window, ...] = ()
    lanes: tuple[Lane, ...] = ()


class Paces:
    """The Pace of each lane, for one account."""

    def __init__(
        self, provider: str, pacing: Pacing, clock: Clock, *, longest_wait_seconds: float
    ) -> None:
        def pace(windows: tuple[Window, ...]) -> Pace:
            alone = Pacing(pacing.headers, windows)
            return Pace(provider, alone, clock, longest_wait_seconds=longest_wait_seconds)

        self._lanes = [(lane, pace(lane.windows)) for lane in pacing.lanes]
        self._others = pace(pacing.windows)

    def of(self, method: str, path: str) -> "Pace":
        """The pace to keep for such a request."""
        for lane, pace in self._lanes:
            if re.fullmatch(lane.method, method) and re.fullmatch(lane.path, path):
                return pace
        return self._others


class Pace:
    """Waits before the limit is hit. One for each lane; safe for several threads."""

    def __init__(
        self, provider: str, pacing: Pacing, clock: Clock, *, longest_wait_seconds: float
    ) -> None:
        self._provider = provider
        self._pacing = pacing
        self._clock = clock
        self._longest_wait_seconds = longest_wait_seconds
        self._sent: tuple[deque[float], ...] = tuple(deque() for _ in pacing.windows)
        self._remaining: int | None = None
        self._resets_at = 0.0
        self._in_flight = 0
        self._lock = Lock()

    def take(self) -> None:
        """Wait for a turn; each is given back with `done`.

        Raises RateLimited, with nothing sent, when the wait would be too long to sit out.
        """
        while True:
            with self._lock:
                wait_seconds = self._wait_seconds(self._clock.monotonic())
                if wait_seconds <= 0:
                    self._note(self._clock.monotonic())
                    return
            if wait_seconds > self._longest_wait_seconds:
                raise RateLimited(self._provider, retry_after_seconds=wait_seconds)
            self._clock.sleep(max(wait_seconds, _SHORTEST_WAIT_SECONDS))

    def done(self, headers: Mapping[str, str] | None) -> None:
        """A turn is over. `headers` (names in lower case) tell what is left; None: no answer."""
        with self._lock:
            self._in_flight -= 1
            if headers is not None and self._pacing.headers is not None:
                self._learn(self._pacing.headers, headers)

    def _wait_seconds(self, now: float) -> float:
        wait = 0.0
        if self._remaining is not None and self._remaining <= 0:
            if now < self._resets_at:
                wait = self._resets_at - now
            else:
                self._remaining = None
        for window, sent in zip(self._pacing.windows, self._sent, strict=True):
            while sent and sent[0] + window.seconds <= now:
                sent.popleft()
            if len(sent) >= window.requests:
                wait = max(wait, sent[0] + window.seconds - now)
        return wait

    def _note(self, now: float) -> None:
        for sent in self._sent:
            sent.append(now)
        self._in_flight += 1
        if self._remaining is not None:
            self._remaining -= 1

    def _learn(self, names: RateHeaders, headers: Mapping[str, str]) -> None:
        with suppress(KeyError, ValueError, OverflowError):
            remaining = int(headers[names.remaining])
            reset = float(headers[names.reset])
            left = reset if names.reset_is == "seconds" else reset - self._their_time(headers)
            self._remaining = remaining - self._in_flight
            self._resets_at = self._clock.monotonic() + max(left, 0.0)

    def _their_time(self, headers: Mapping[str, str]) -> float:
        """Unix time by the cloud's own clock: ours may be hours off."""
        with suppress(KeyError, ValueError, TypeError):
            return parsedate_to_datetime(headers["date"]).timestamp()
        return self._clock.now().timestamp()


def retry_after_seconds(headers: Mapping[str, str], clock: Clock) -> float | None:
    """The wait that `Retry-After` asks for, in either of its forms; None without a sensible one."""
    value = headers.get("retry-after", "").strip()
    with suppress(ValueError, OverflowError):
        seconds = float(value)
        return seconds if 0 <= seconds < float("inf") else None
    with suppress(ValueError, TypeError):
        moment = parsedate_to_datetime(value)
        now = clock.now().timestamp()
        with suppress(KeyError, ValueError, TypeError):
            now = parsedate_to_datetime(headers["date"]).timestamp()
        return max(0.0, moment.timestamp() - now)
    return None
