"""A local port that leads through SSH to a port of a machine, and goes on doing so."""

import asyncio
import errno
import socket
from contextlib import suppress
from pathlib import Path

import asyncssh

from capsule_adapters.ssh import refusals, session
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.ssh.loop import LoopThread
from capsule_domain.errors import Conflict, HostUnreachable, StoreError
from capsule_domain.ports.tunnels import FindTarget, Heard

HERE = "127.0.0.1"
THERE = "localhost"
"""As the machine itself resolves it: what listens on ::1 alone is reached as well."""

LOGIN_SECONDS = 15.0
GRACE_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
PATIENCE_SECONDS = 10.0
"""How long someone who connects while the way is broken waits for it."""

CHUNK_BYTES = 64 * 1024


class SshForward:
    """Implements the `Forward` port over a connection as every other of ours: the host key is
    the pinned one. Not OpenSSH's -L: that cannot say which free port it took, gives the port
    away at each break, and tells of a port in use only after the login.
    """

    def __init__(
        self,
        local_port: int,
        known_hosts: Path,
        ssh_config: Path | None,
        loop: LoopThread,
        *,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self._listener = _taken(local_port)
        self.local_port: int = self._listener.getsockname()[1]
        self._known_hosts = known_hosts
        self._ssh_config = ssh_config
        self._loop = loop
        self._connection: asyncssh.SSHClientConnection | None = None
        self._server: asyncio.Server | None = None
        self._first_pause_seconds = first_pause_seconds

    def open(self, find: FindTarget, remote_port: int, heard: Heard) -> None:
        """Log in, and let people in."""
        self._find, self._remote_port, self._heard = find, remote_port, heard
        self._loop.call(self._begin(), timeout_seconds=LOGIN_SECONDS + GRACE_SECONDS)

    def hold(self) -> None:
        """Until it is interrupted, or the machine is gone or another."""
        self._loop.call(self._keep_open())

    def close(self) -> None:
        """Give the port back, and log out."""
        with suppress(TimeoutError):
            self._loop.call(self._end(), timeout_seconds=GRACE_SECONDS)
        self._listener.close()

    async def _begin(self) -> None:
        self._there = asyncio.Event()
        await self._log_in()
        self._server = await asyncio.start_server(self._lead, sock=self._listener)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._connection is not None:
            await session.log_out(self._connection)

    async def _log_in(self) -> None:
        """The machine may have moved. Raises HostError, and what `find` raises."""
        target = self._find()
        trusted = KnownHostsFile(self._known_hosts).pinned(target.key_alias)
        if not trusted:
            raise refusals.no_key_known(target, self._known_hosts)
        try:
            self._connection = await session.log_in(
                target,
                trusted=trusted,
                ssh_config=self._ssh_config,
                timeout_seconds=LOGIN_SECONDS,
            )
        except refusals.EXPECTED as error:
            raise refusals.refused(target, error, self._known_hosts) from error
        self._there.set()

    async def _keep_open(self) -> None:
        while self._connection is not None:
            await self._connection.wait_closed()
            self._there.clear()
            self._heard("the connection broke")
            await self._log_in_again()
            self._heard("the connection is there again")

    async def _log_in_again(self) -> None:
        """What may pass is waited for: a machine that restarts, a network that is away."""
        pause_seconds = self._first_pause_seconds
        while True:
            await asyncio.sleep(pause_seconds)
            try:
                return await self._log_in()
            except (HostUnreachable, StoreError) as error:
                pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)
                self._heard(f"{error.message}; again in {pause_seconds:.0f} s")

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One who connected here, to the port there."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                far_reader, far_writer = await self._far_end()
        except (asyncssh.Error, OSError) as error:
            reason = error.reason if isinstance(error, asyncssh.Error) else "the way is broken"
            self._heard(f"port {self._remote_port} is not reached: {reason}")
            writer.close()
            return
        try:
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
        finally:
            far_writer.close()
            writer.close()

    async def _far_end(self) -> tuple[asyncssh.SSHReader[bytes], asyncssh.SSHWriter[bytes]]:
        await self._there.wait()
        if self._connection is None:
            raise ConnectionResetError
        return await self._connection.open_connection(THERE, self._remote_port)


async def _pour(
    reader: asyncio.StreamReader | asyncssh.SSHReader[bytes],
    writer: asyncio.StreamWriter | asyncssh.SSHWriter[bytes],
) -> None:
    """All that comes, and then its end. A break at one end is passed on to the other."""
    try:
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except (OSError, asyncssh.Error):
        writer.close()


def _taken(port: int) -> socket.socket:
    try:
        return socket.create_server((HERE, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why, hint = "is in use", "--local-port 0 takes a free one; fuser PORT/tcp says whose"
        elif error.errno == errno.EACCES:
            why, hint = "is for the system's administrator", "--local-port 0 takes a free one"
        else:
            why, hint = f"cannot be taken: {(error.strerror or '').lower()}", "--local-port 0"
        raise Conflict(f"port {port} of this machine {why}", hint=hint) from error
