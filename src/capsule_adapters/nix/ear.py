"""Listening to both streams of a process side by side, within bounds."""

import logging
import os
import selectors
import subprocess
import time
from collections import deque
from contextlib import suppress

from capsule_adapters.nix.complaint import readable
from capsule_adapters.nix.pulse import Pulse
from capsule_domain.errors import HostError

_LONGEST_LINE_BYTES = 8192
_MOST_OUTPUT_BYTES = 32 * 2**20
_log = logging.getLogger("capsule.nix")


class Ear:
    """Keeps all of stdout and the last lines of stderr, and lets the pulse beat.

    A process that takes longer than `timeout_seconds`, or says too much, is a HostError.
    """

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        pulse: Pulse,
        kept_lines: int,
        timeout_seconds: float | None,
    ) -> None:
        self._process = process
        self._began = time.monotonic()
        self._pulse = pulse
        self._timeout_seconds = timeout_seconds
        self._rest = b""
        self._kept: deque[str] = deque(maxlen=kept_lines)
        self.output = bytearray()

    def lines(self) -> list[str]:
        """The last lines of stderr."""
        if self._rest:
            self._line(self._rest)
            self._rest = b""
        return list(self._kept)

    def listen(self) -> None:
        """Read both streams, and wait for the end of Nix; a stream that outlives it is left."""
        assert self._process.stdout is not None  # noqa: S101  (opened as pipes)
        assert self._process.stderr is not None  # noqa: S101
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ, self._take)
            selector.register(self._process.stderr, selectors.EVENT_READ, self._hear)
            while selector.get_map():
                has_ended = self._process.poll() is not None  # before what it said last is sought
                ready = selector.select(min(0.5, self._pulse.every_seconds / 2))
                for key, _ in ready:
                    chunk = os.read(key.fd, 65_536)
                    if chunk:
                        key.data(chunk)
                    else:
                        selector.unregister(key.fileobj)
                self._pass_time()
                if has_ended and not ready:
                    return
        while self._process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)
            self._pass_time()

    def _take(self, chunk: bytes) -> None:
        if len(self.output) + len(chunk) > _MOST_OUTPUT_BYTES:
            raise HostError("nix says more than can be read")
        self.output += chunk

    def _hear(self, chunk: bytes) -> None:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _LONGEST_LINE_BYTES:
            whole, self._rest = [*whole, self._rest], b""
        for line in whole:
            self._line(line[:_LONGEST_LINE_BYTES])

    def _line(self, raw: bytes) -> None:
        line = readable(raw)
        if line:
            _log.info("%s", line)
            self._kept.append(line)
            self._pulse.beat(line)

    def _pass_time(self) -> None:
        self._pulse.beat()
        elapsed = time.monotonic() - self._began
        if self._timeout_seconds is not None and elapsed > self._timeout_seconds:
            raise HostError(
                f"nix did not end within {self._timeout_seconds:g} s", hint="try: nix --version"
            )
