"""Getting to an SSH server's door without crowding: sockets first, few handshakes at once."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """So many at once, and none of them keeps others waiting for longer than `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        self._free = asyncio.Semaphore(count)
        self._seconds = seconds

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a slot; it is given back at the end of the block at the latest."""
        await self._free.acquire()
        release = _Once(self._free)
        timer = asyncio.get_running_loop().call_later(self._seconds, release)
        try:
            yield
        finally:
            timer.cancel()
            release()


class _Once:
    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free: asyncio.Semaphore | None = free

    def __call__(self) -> None:
        free, self._free = self._free, None
        if free is not None:
            free.release()


async def knock(host: str, port: int, timeout_seconds: float) -> socket.socket:
    """A connected socket on which the server has begun to speak, as every SSH server does.

    A tarpit, which accepts and says nothing, is found out here, where nobody queues.
    Raises OSError, TimeoutError.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_seconds):
        # With numbers only there is nothing to look up, and nothing to wait for.
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failure: OSError | None = None
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(0)
            try:
                await loop.sock_connect(sock, address)
                await _readable(sock)
            except OSError as error:  # TimeoutError of the block above is raised outside of it
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
    raise failure or OSError(f"{host} has no address")


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(sock, _done, ready)
    try:
        await ready
    finally:
        loop.remove_reader(sock)


def _done(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
