"""A command on a machine that runs for as long as we want it to."""

import asyncio
from contextlib import suppress

import asyncssh

from capsule_domain.errors import CommandFailed
from capsule_domain.ports.host import BEAT_SECONDS

LINE_LIMIT_BYTES = 64 * 1024
END_SECONDS = 3.0


class Lasting:
    """One that said the line that was waited for. `line` is that one."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes], line: str) -> None:
        self.line = line
        self._process = process
        self._beating = asyncio.create_task(_beat(process.stdin))

    @classmethod
    async def start(
        cls,
        connection: asyncssh.SSHClientConnection,
        command: str,
        *,
        until: str,
        timeout_seconds: float,
    ) -> "Lasting":
        """Start it. Raises CommandFailed when it ends without the line, TimeoutError,
        asyncssh's own.
        """
        process = await connection.create_process(
            command, stderr=asyncssh.STDOUT, encoding=None, request_pty=False, term_type=None
        )
        try:
            async with asyncio.timeout(timeout_seconds):
                line = await _line(process.stdout, until)
        except BaseException:
            process.close()
            raise
        return cls(process, line)

    async def end(self) -> None:
        """Its input ends, and with it the command; one that does not end is left."""
        self._beating.cancel()
        with suppress(OSError):
            self._process.stdin.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait_closed()
        self._process.close()


async def _line(reader: asyncssh.SSHReader[bytes], until: str) -> str:
    """What a login greets with stands before it, and is passed over."""
    last, read = "", 0
    while raw := await reader.readline():
        text = raw.decode("utf-8", "replace").strip()
        if text.startswith(until):
            return text
        last, read = text or last, read + len(raw)
        if read > LINE_LIMIT_BYTES:
            break
    raise CommandFailed(f"a command that was to stay ended: {last[:200] or 'it said nothing'}")


async def _beat(writer: asyncssh.SSHWriter[bytes]) -> None:
    with suppress(OSError, asyncssh.Error):
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            writer.write(b".\n")
