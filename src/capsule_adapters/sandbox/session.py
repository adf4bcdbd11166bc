"""One command on a rehearsed machine: a true process behind an SSH channel."""

import asyncio
import signal
from typing import cast

import asyncssh

from capsule_adapters.sandbox.isolation import Isolation, Launch, kill_group

CHUNK_BYTES = 64 * 1024


async def serve(
    channel: asyncssh.SSHServerProcess[bytes],
    launch: Launch,
    isolation: Isolation,
    living: set[int],
    address: str,
) -> None:
    """Run the command until it ends or the channel closes; then nothing of it is left.

    `living` holds the process group meanwhile, for who cuts the power. `address` is the
    machine's own.
    """
    transport, process = await _start(launch, _connection(channel, address))
    living.add(process.pid)
    feeding = asyncio.create_task(_feed(channel, process, isolation))
    running = asyncio.create_task(_until_ended(channel, process))
    closed = asyncio.create_task(channel.channel.wait_closed())
    try:
        await asyncio.wait({running, closed}, return_when=asyncio.FIRST_COMPLETED)
        if running.done() and not channel.channel.is_closing():
            _tell(channel, isolation, running.result())
    finally:
        # The group first: it has the pipes open that the tasks wait for.
        kill_group(process.pid)
        living.discard(process.pid)
        for task in (feeding, running, closed):
            task.cancel()
        try:
            await asyncio.gather(feeding, running, closed, return_exceptions=True)
            await process.wait()
        finally:
            transport.close()


def _connection(channel: asyncssh.SSHServerProcess[bytes], address: str) -> str:
    """What sshd tells a session of the way that it came: as if nothing led there from elsewhere."""
    client = channel.get_extra_info("peername")
    return f"{client[0]} {client[1]} {address} 22"


async def _start(
    launch: Launch, connection: str
) -> tuple[asyncio.SubprocessTransport, asyncio.subprocess.Process]:
    """Start it, leading a process group of its own."""
    loop = asyncio.get_running_loop()
    # By hand, and not by create_subprocess_exec: that one keeps the transport to itself,
    # and only the transport can close a pipe that nobody reads any more.
    transport, protocol = await loop.subprocess_exec(
        lambda: asyncio.subprocess.SubprocessStreamProtocol(CHUNK_BYTES, loop),
        *launch.arguments,
        env={**launch.environment, "SSH_CONNECTION": connection},
        cwd=launch.folder,
        start_new_session=True,
    )
    return transport, asyncio.subprocess.Process(transport, protocol, loop)


async def _until_ended(
    channel: asyncssh.SSHServerProcess[bytes], process: asyncio.subprocess.Process
) -> int:
    """The return code, after all output went out. Children that keep a pipe are waited for."""
    out = cast("asyncio.StreamReader", process.stdout)
    err = cast("asyncio.StreamReader", process.stderr)
    await asyncio.gather(_pump(out, channel.stdout), _pump(err, channel.stderr))
    return await process.wait()


async def _pump(source: asyncio.StreamReader, sink: "asyncssh.SSHWriter[bytes]") -> None:
    while chunk := await source.read(CHUNK_BYTES):
        try:
            sink.write(chunk)
            await sink.drain()
        except (BrokenPipeError, ConnectionError):
            return


async def _feed(
    channel: asyncssh.SSHServerProcess[bytes],
    process: asyncio.subprocess.Process,
    isolation: Isolation,
) -> None:
    sink = cast("asyncio.StreamWriter", process.stdin)
    try:
        while True:
            try:
                chunk = await channel.stdin.read(CHUNK_BYTES)
            except asyncssh.SignalReceived as received:
                isolation.signal(process.pid, _number(received.signal))
                continue
            except (asyncssh.BreakReceived, asyncssh.TerminalSizeChanged):
                continue
            if not chunk:
                break
            sink.write(chunk)
            await sink.drain()
        sink.close()
    except (BrokenPipeError, ConnectionError):
        return


def _tell(channel: asyncssh.SSHServerProcess[bytes], isolation: Isolation, returncode: int) -> None:
    number = isolation.signal_of(returncode)
    if number is None:
        channel.exit(returncode)
    else:
        name = signal.Signals(number).name.removeprefix("SIG")
        channel.exit_with_signal(name, False, "", "")  # noqa: FBT003


def _number(name: str) -> signal.Signals:
    return signal.Signals.__members__.get(f"SIG{name}", signal.SIGTERM)
