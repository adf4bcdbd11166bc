"""A shell that stays on a machine and answers line after line, over one channel."""

import asyncio
import secrets
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass

import asyncssh

from capsule_adapters.ssh.session import TooMuchOutput, log_out

ANSWER_LIMIT_BYTES = 1024 * 1024

Script = Callable[[str], str]
"""The script of a loop, its output marked with the random word that it is given.

For each line `NUMBER WORDS` it prints `MARKER begin NUMBER`, its answer, `MARKER end NUMBER`,
each on a line of its own.
"""


@dataclass(frozen=True)
class Answer:
    """What came for one line. `echo_ms`: until the shell there began to answer."""

    output: str
    marker: str
    echo_ms: float


class ShellLoop:
    """One connection with one loop in it. One line is asked at a time."""

    def __init__(
        self,
        connection: asyncssh.SSHClientConnection,
        channel: asyncssh.SSHClientChannel[bytes],
        listener: "_Listener",
        marker: str,
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._listener = listener
        self._marker = marker
        self._number = 0

    @classmethod
    async def start(cls, connection: asyncssh.SSHClientConnection, script: Script) -> "ShellLoop":
        """Start the script there; whatever the user's login shell is, `sh` runs it."""
        marker, listener = secrets.token_hex(16), _Listener()
        channel, _ = await connection.create_session(
            lambda: listener,
            f"exec sh -c {shlex.quote(script(marker))}",
            encoding=None,
            request_pty=False,
            term_type=None,
        )
        return cls(connection, channel, listener, marker)

    @property
    def is_open(self) -> bool:
        """Whether it may still answer, as far as is known."""
        return self._listener.lost is None

    async def ask(self, words: str, timeout_seconds: float) -> Answer:
        """The answer to one line. After any error the loop is of no use any more.

        Raises ShellEnded, TimeoutError, TooMuchOutput, asyncssh's own.
        """
        if self._listener.lost is not None:  # how it ended; the channel only knows that it did
            raise self._listener.lost
        self._number += 1
        begin, end = (f"\n{self._marker} {what} {self._number}\n" for what in ("begin", "end"))
        async with asyncio.timeout(timeout_seconds):
            coming = self._listener.listen(begin.encode(), end.encode())
            begun = time.perf_counter()
            self._channel.write(f"{self._number} {words}\n".encode())
            output = await coming
        echo_ms = (self._listener.began_at - begun) * 1000
        return Answer(output.decode("utf-8", "replace"), self._marker, echo_ms)

    async def close(self) -> None:
        """End it, and the connection."""
        await log_out(self._connection)

    def abort(self) -> None:
        """Drop the connection at once: nothing is awaited of a machine that hangs."""
        self._connection.abort()


class _Listener(asyncssh.SSHClientSession[bytes]):
    """Gathers what comes until the end of the answer that is awaited."""

    def __init__(self) -> None:
        self.lost: Exception | None = None
        self.began_at = 0.0
        self._begin = self._end = b""
        self._came = bytearray()
        self._coming: asyncio.Future[bytes] | None = None

    def listen(self, begin: bytes, end: bytes) -> asyncio.Future[bytes]:
        """What came from `begin` to `end`, when it has; the error when it comes no more."""
        self._begin, self._end, self.began_at = begin, end, 0.0
        self._came.clear()
        self._coming = asyncio.get_running_loop().create_future()
        return self._coming

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if datatype is not None or self._coming is None or self._coming.done():
            return  # its complaints, or what comes unasked
        self._came += data
        if not self.began_at:
            self._look_for_begin()
        if self.began_at and self._came.endswith(self._end):
            self._coming.set_result(bytes(self._came))
        elif len(self._came) > ANSWER_LIMIT_BYTES:
            self._coming.set_exception(TooMuchOutput())

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = (
            self.lost
            or exc
            or asyncssh.ConnectionLost("the connection broke before the command ended")
        )
        if self._coming is not None and not self._coming.done():
            self._coming.set_exception(self.lost)

    def exit_status_received(self, status: int) -> None:
        self.lost = ShellEnded(status)

    def exit_signal_received(self, signal: str, *_: object) -> None:
        self.lost = ShellEnded(signal)

    def _look_for_begin(self) -> None:
        """What a login greets with stands before it, and is thrown away."""
        place = self._came.find(self._begin)
        if place >= 0:
            self.began_at = time.perf_counter()
            del self._came[:place]


class ShellEnded(Exception):
    """The shell there came to its end, by the status or signal that it is made with."""
