"""A sign of life while Nix works, without a line for each of Nix's lines."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from capsule_adapters.nix.complaint import readable

Progress = Callable[[float, str], None]
"""Seconds since the work began, and what was said last."""

EVERY_SECONDS = 2.0


class Pulse:
    """Calls `progress` at most, and while it is beaten at least, each `every_seconds`.

    One for the whole of a work: many short processes are no silence either.
    """

    def __init__(
        self,
        progress: Progress,
        *,
        every_seconds: float = EVERY_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.every_seconds = every_seconds
        self._progress = progress
        self._monotonic = monotonic
        self._began = monotonic()
        self._shown = self._began
        self._last = ""

    def beat(self, line: str | None = None) -> None:
        """Time has passed; perhaps something was said."""
        self._last = line or self._last
        now = self._monotonic()
        if now - self._shown >= self.every_seconds:
            self._shown = now
            self._progress(now - self._began, self._last)


def hearing(pulse: Pulse) -> Callable[[str], None]:
    """For lines as another machine wrote them: a terminal would act upon some."""
    return lambda line: pulse.beat(readable(line.encode()))


class InOtherWords(Pulse):
    """Another pulse, for somebody whose lines it is told changed."""

    def __init__(self, pulse: Pulse, change: Callable[[str], str]) -> None:
        super().__init__(lambda _seconds, _line: None, every_seconds=pulse.every_seconds)
        self._pulse = pulse
        self._change = change

    def beat(self, line: str | None = None) -> None:
        """The other one beats."""
        self._pulse.beat(line and self._change(line))


@contextmanager
def beating(pulse: Pulse) -> Iterator[Pulse]:
    """Beats for the length of the block, whose work is elsewhere and says nothing for long."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(pulse.every_seconds / 2):
            pulse.beat()

    thread = threading.Thread(target=beat, name="capsule-pulse", daemon=True)
    thread.start()
    try:
        yield pulse
    finally:
        ended.set()
        thread.join()
