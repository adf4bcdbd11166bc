"""A work that is waited for, and what is heard of it: never silent for long."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from capsule_cli.heartbeat import Heartbeat, listening
from capsule_cli.output import Output

EVERY_SECONDS = 2.0


class Ticking:
    """Tells a step at once, and then how long it has lasted and what was heard last."""

    def __init__(self, out: Output, heartbeat: Heartbeat) -> None:
        self._out = out
        self._heartbeat = heartbeat
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._last = ""

    def step(self, text: str) -> None:
        """A step begins."""
        with self._lock:
            self._heartbeat.clear()
            self._out.talk(f"▸ {text}")
            self._began, self._last = time.monotonic(), text

    def heard(self, line: str) -> None:
        """Something was said, perhaps in another thread."""
        clean = "".join(c for c in line if c.isprintable()).strip()
        if clean:
            self._last = clean

    def tick(self) -> None:
        """A sign of life."""
        with self._lock:
            self._heartbeat(time.monotonic() - self._began, self._last)


@contextmanager
def ticking(out: Output, *, every_seconds: float = EVERY_SECONDS) -> Iterator[Ticking]:
    """Ticks for the length of the block; when Nix fails, its last words come before the error."""
    with listening(out) as heartbeat:
        ticks = Ticking(out, heartbeat)
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(every_seconds):
                ticks.tick()

        thread = threading.Thread(target=beat, name="capsule-ticking", daemon=True)
        thread.start()
        try:
            yield ticks
        finally:
            ended.set()
            thread.join()
