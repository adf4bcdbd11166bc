"""A child process, fed and listened to until it ends or its time is up."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from capsule_domain.ports.host import Completed

CHUNK_BYTES = 64 * 1024
OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024
TURN_SECONDS = 0.2


class TooMuchOutput(Exception):
    """The child wrote more than is read from it."""


class Child:
    """One run of `/bin/sh -c command`. `heard` is given its stderr, line by line.

    `at_terminal`: it stays in our group of processes, and may use the terminal.
    """

    def __init__(
        self,
        command: str,
        environment: Mapping[str, str],
        stdin: bytes,
        *,
        at_terminal: bool,
        heard: Callable[[str], None] | None,
    ) -> None:
        self._own_group = not at_terminal
        self._left = memoryview(stdin)
        self._heard = heard
        self._told = 0
        self._output, self._complaint = bytearray(), bytearray()
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=self._own_group,
        )

    def run(self, timeout_seconds: float) -> Completed:
        """To its end; nothing of it stays behind. Raises TimeoutError, TooMuchOutput."""
        try:
            self._listen(time.monotonic() + timeout_seconds)
        finally:
            self._end()
        if self._heard is not None and self._told < len(self._complaint):
            self._heard(self._complaint[self._told :].decode("utf-8", "replace"))
        return Completed(
            exit_code=max(self._process.returncode, -1),
            stdout=self._output.decode("utf-8", "replace"),
            stderr=self._complaint.decode("utf-8", "replace"),
        )

    def _listen(self, deadline: float) -> None:
        process = self._process
        assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018  (pipes)
        os.set_blocking(process.stdin.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdin, selectors.EVENT_WRITE, self._feed)
            selector.register(process.stdout, selectors.EVENT_READ, self._take)
            selector.register(process.stderr, selectors.EVENT_READ, self._hear)
            while selector.get_map():
                ready = selector.select(TURN_SECONDS)
                for key, _ in ready:
                    if not key.data(key.fd):
                        selector.unregister(key.fileobj)
                if time.monotonic() > deadline:
                    raise TimeoutError
                if not ready and process.poll() is not None:
                    return  # what it left running holds the pipes: that is not waited for
        left = max(deadline - time.monotonic(), 0.0)
        try:
            process.wait(left)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError from error

    def _feed(self, descriptor: int) -> bool:
        """Whether more is to be written."""
        try:
            self._left = self._left[os.write(descriptor, self._left[:CHUNK_BYTES]) :]
        except BrokenPipeError:  # it ended without reading all of it, as `head` does
            self._left = self._left[:0]
        except BlockingIOError:
            return True
        if self._left:
            return True
        if self._process.stdin is not None:
            self._process.stdin.close()
        return False

    def _take(self, descriptor: int) -> bool:
        return _more(descriptor, self._output)

    def _hear(self, descriptor: int) -> bool:
        more = _more(descriptor, self._complaint)
        whole = self._complaint.rfind(b"\n")
        if self._heard is not None and whole >= self._told:
            for line in bytes(self._complaint[self._told : whole]).split(b"\n"):
                self._heard(line.decode("utf-8", "replace"))
            self._told = whole + 1
        return more

    def _end(self) -> None:
        process = self._process
        if process.poll() is None:
            with suppress(ProcessLookupError):
                if self._own_group:
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


def _more(descriptor: int, content: bytearray) -> bool:
    """Read on; False at the end."""
    chunk = os.read(descriptor, CHUNK_BYTES)
    content += chunk
    if len(content) > OUTPUT_LIMIT_BYTES:
        raise TooMuchOutput
    return bool(chunk)
