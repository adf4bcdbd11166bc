"""SSH as asyncssh speaks it, in our words: log in, run, knock. All of it asynchronous."""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import asyncssh

from capsule_adapters.ssh.identity import KeyFile, identity
from capsule_adapters.ssh.keys import load_private_key
from capsule_adapters.ssh.openssh import public_key_line
from capsule_adapters.ssh.trust import Trust, offered, way
from capsule_domain.ports.host import Completed, Destination, Target

KEEPALIVE_SECONDS = 15
CHUNK_BYTES = 64 * 1024
OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024
CLOSE_SECONDS = 2.0
HOST_KEY_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


class TooMuchOutput(Exception):
    """A command wrote more than is read from it."""


async def log_in(
    target: Target,
    *,
    trusted: Sequence[str],
    ssh_config: Path | None,
    timeout_seconds: float,
    sock: socket.socket | None = None,
    read_key: KeyFile = load_private_key,
) -> asyncssh.SSHClientConnection:
    """A connection to `target`, which proved to hold one of the `trusted` keys.

    Over `sock` where that is connected already. Raises what asyncssh, the network and the
    clock raise; see `refusals`.
    """
    keys = [_public_key(line) for line in trusted]
    async with asyncio.timeout(timeout_seconds), identity(target.private_key, read_key) as login:
        return await asyncssh.connect(
            sock=sock,
            **_route(target, ssh_config),
            **login,
            known_hosts=(keys, [], []),
            server_host_key_algs=_host_key_algorithms(keys),
            connect_timeout=timeout_seconds,
            login_timeout=timeout_seconds,
            keepalive_interval=KEEPALIVE_SECONDS,
            encryption_algs="^aes128-gcm@openssh.com",  # the quickest first; the others stay
            preferred_auth="publickey",
        )


async def log_in_as_person(
    destination: Destination, *, trusted: Trust, ssh_config: Path | None, timeout_seconds: float
) -> asyncssh.SSHClientConnection:
    """A connection as the person's own `ssh` would make it, with the keys that it would offer."""
    # A key that an authority vouches for may be of any kind; else those that we know first.
    algorithms = () if trusted.authorities else _host_key_algorithms(trusted.keys)
    async with asyncio.timeout(timeout_seconds):
        return await asyncssh.connect(
            **way(destination, ssh_config),
            **offered(destination, ssh_config),
            known_hosts=(list(trusted.keys), list(trusted.authorities), list(trusted.revoked)),
            server_host_key_algs=algorithms,
            connect_timeout=timeout_seconds,
            login_timeout=timeout_seconds,
            keepalive_interval=KEEPALIVE_SECONDS,
            preferred_auth="publickey",
        )


async def log_out(connection: asyncssh.SSHClientConnection) -> None:
    """Close the connection; a machine that does not answer any more is not waited for."""
    connection.close()
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await connection.wait_closed()
    except TimeoutError:
        connection.abort()


async def execute(
    connection: asyncssh.SSHClientConnection,
    command: str,
    stdin: bytes,
    timeout_seconds: float,
    heard: Callable[[str], None] | None = None,
) -> Completed:
    """Run a command to its end. `heard` is given its stderr, line by line, as it comes.

    Raises TimeoutError, TooMuchOutput, asyncssh's own.
    """
    process: asyncssh.SSHClientProcess[bytes] | None = None
    try:
        async with asyncio.timeout(timeout_seconds):
            process = await connection.create_process(
                command, encoding=None, request_pty=False, term_type=None
            )
            outcome = await asyncio.gather(
                _feed(process.stdin, stdin),
                _read(process.stdout),
                _read(process.stderr, heard),
            )
            await process.wait_closed()
    except (TimeoutError, TooMuchOutput, asyncio.CancelledError):
        _kill(process)
        raise
    if process.exit_status is None and process.exit_signal is None:
        raise asyncssh.ConnectionLost("the connection broke before the command ended")
    status = -1 if process.exit_status is None else process.exit_status
    return Completed(exit_code=status, stdout=_text(outcome[1]), stderr=_text(outcome[2]))


async def ask_for_key(target: Target, *, ssh_config: Path | None, timeout_seconds: float) -> str:
    """The host key that `target` shows, `type base64`; raises what `log_in` does."""
    way_there = _route(target, ssh_config)
    async with asyncio.timeout(timeout_seconds):
        key = await asyncssh.get_server_host_key(
            way_there["host"],
            way_there["port"],
            config=way_there["config"],
            server_host_key_algs=list(HOST_KEY_ALGORITHMS),
        )
    if key is None:
        raise asyncssh.ConnectionLost("it showed no host key")
    return public_key_line(key.export_public_key().decode())


async def knock(
    target: Target | Destination, *, ssh_config: Path | None, timeout_seconds: float
) -> float:
    """How long, in ms, it takes until the SSH port accepts a TCP connection.

    Goes the way that `log_in` goes, through jump hosts too. Raises OSError,
    TimeoutError and asyncssh's own.
    """
    options = asyncssh.SSHClientConnectionOptions(
        **_route(target, ssh_config), client_keys=None, connect_timeout=timeout_seconds
    )
    async with asyncio.timeout(timeout_seconds):
        begun = time.perf_counter()
        if options.tunnel or options.proxy_command:
            return await _knock_through(target, ssh_config, begun)
        _, writer = await asyncio.open_connection(options.host, options.port)
        elapsed = time.perf_counter() - begun
        writer.close()
    return elapsed * 1000


async def _knock_through(
    target: Target | Destination, ssh_config: Path | None, begun: float
) -> float:
    accepted: list[float] = []

    class Caller(asyncssh.SSHClient):
        def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
            accepted.append(time.perf_counter())
            conn.abort()

    try:
        connection = await asyncssh.connect(
            **_route(target, ssh_config), client_keys=None, client_factory=Caller
        )
    except asyncssh.ConnectionLost:
        if not accepted:
            raise
    else:
        await log_out(connection)
    return (accepted[0] - begun) * 1000


def by_way_of(target: Target, ssh_config: Path | None) -> tuple[str, int, str | None]:
    """The host and port where `target` listens, and what leads there: None for the network,
    else the jump host or the command that the person's file names. Raises ConfigParseError."""
    if ssh_config is None or not ssh_config.is_file():
        return target.address, target.port, None
    options = asyncssh.SSHClientConnectionOptions(**_route(target, ssh_config), client_keys=None)
    command = options.proxy_command
    way = options.tunnel or (" ".join(map(str, command)) if command else None)
    return options.host, options.port, None if way is None else str(way)


def _route(target: Target | Destination, ssh_config: Path | None) -> dict[str, Any]:
    """Where to connect. A port other than 22 was chosen by someone: it beats the file's."""
    if isinstance(target, Destination):
        return way(target, ssh_config)
    return {
        "host": target.address,
        "port": () if target.port == 22 else target.port,
        "username": target.user,
        "host_key_alias": target.key_alias,
        "config": [str(ssh_config)] if ssh_config and ssh_config.is_file() else None,
    }


@lru_cache(maxsize=4096)
def _public_key(line: str) -> asyncssh.SSHKey:
    """A key never changes, and most are asked for at every look at their machine."""
    return asyncssh.import_public_key(line)


def _host_key_algorithms(trusted: Sequence[asyncssh.SSHKey]) -> list[str]:
    """Those of the trusted keys first. The others are asked for as well, so that a machine
    with another kind of key shows it and is refused for it, not for a lack of algorithms."""
    wanted = [name.decode() for key in trusted for name in key.sig_algorithms]
    return list(dict.fromkeys([*wanted, *HOST_KEY_ALGORITHMS]))


async def _feed(writer: asyncssh.SSHWriter[bytes], content: bytes) -> None:
    try:
        for start in range(0, len(content), CHUNK_BYTES):
            writer.write(content[start : start + CHUNK_BYTES])
            await writer.drain()
        writer.write_eof()
    except (BrokenPipeError, ConnectionResetError):
        return  # the command ended without reading all of it, as `head` does


async def _read(
    reader: asyncssh.SSHReader[bytes], heard: Callable[[str], None] | None = None
) -> bytes:
    content, told = bytearray(), 0
    while chunk := await reader.read(CHUNK_BYTES):
        content += chunk
        if len(content) > OUTPUT_LIMIT_BYTES:
            raise TooMuchOutput
        if heard is not None and b"\n" in chunk:
            whole = content.rindex(b"\n")
            for line in bytes(content[told:whole]).split(b"\n"):
                heard(_text(line))
            told = whole + 1
    if heard is not None and told < len(content):
        heard(_text(bytes(content[told:])))
    return bytes(content)


def _kill(process: asyncssh.SSHClientProcess[bytes] | None) -> None:
    if process is not None:
        process.kill()
        process.close()


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
