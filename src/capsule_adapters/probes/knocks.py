"""TCP connections, opened and closed again."""

import asyncio
import time
from pathlib import Path

import asyncssh

from capsule_adapters.probes.ping import Way
from capsule_adapters.ssh import refusals, session
from capsule_domain.models.health import Check, CheckKind, Fault
from capsule_domain.ports.host import Target


async def tcp_check(address: str, port: int) -> Check:
    """Whether the port accepts a connection. The caller ends it after its time."""
    begun = time.perf_counter()
    try:
        _, writer = await asyncio.open_connection(address, port)
    except OSError as error:
        return _failed(CheckKind.TCP, error, instance=str(port))
    latency_ms = (time.perf_counter() - begun) * 1000
    writer.close()
    return Check(kind=CheckKind.TCP, ok=True, instance=str(port), latency_ms=latency_ms)


async def knock_check(target: Target, ssh_config: Path | None, seconds: float) -> Check:
    """A ping where nothing better is permitted: whether the SSH port accepts a connection."""
    try:
        latency_ms = await session.knock(target, ssh_config=ssh_config, timeout_seconds=seconds)
    except (OSError, asyncssh.Error, asyncssh.ConfigParseError) as error:
        return _failed(CheckKind.PING, error, way=Way.TCP)
    return Check(kind=CheckKind.PING, ok=True, latency_ms=latency_ms, way=Way.TCP)


def _failed(
    kind: CheckKind, error: Exception, *, instance: str = "", way: str | None = None
) -> Check:
    return Check(
        kind=kind,
        ok=False,
        instance=instance,
        way=way,
        fault=Fault.UNREACHABLE,
        error=refusals.cause(error),
    )
