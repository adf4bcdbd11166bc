"""Whether a machine is there at all: by an echo, by the program `ping`, by a TCP connection."""

import asyncio
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum

from capsule_adapters.probes.icmp import Echo, NotPermitted, ask_echoes

PROGRAMS_AT_ONCE = 16
GRACE_SECONDS = 1.0
_TIME = re.compile(rb"time[=<]([0-9]{1,7}(?:\.[0-9]{1,6})?) ?ms")


class Way(StrEnum):
    """How it is asked."""

    ICMP = "icmp"
    PROGRAM = "ping"
    TCP = "tcp"


class Pings:
    """Asks machines for an echo in the best way that this machine permits.

    A datagram socket for ICMP; where the system forbids it (net.ipv4.ping_group_range),
    the program `ping`; where there is none, nobody is asked, and the caller takes TCP.
    `by_echo` False leaves it to TCP at once: loopback answers for machines that are off.
    """

    def __init__(
        self,
        *,
        by_echo: bool = True,
        echoes: Callable[[Sequence[str], float], Mapping[str, Echo]] = ask_echoes,
        find: Callable[[str], str | None] = shutil.which,
    ) -> None:
        self._echoes = echoes
        self.way = Way.ICMP if by_echo else Way.TCP
        self._find = find
        self._program = ""
        self._turns = asyncio.Semaphore(PROGRAMS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, addresses: Sequence[str], seconds: float) -> Mapping[str, Echo]:
        """The echo of each address to come; of none of them where TCP is left."""
        if self.way is Way.ICMP:
            try:
                return self._echoes(addresses, seconds)
            except NotPermitted:
                self._program = self._find("ping") or ""
                self.way = Way.PROGRAM if self._program else Way.TCP
        if self.way is Way.TCP:
            return {}
        return {address: self._by_program(address, seconds) for address in addresses}

    def _by_program(self, address: str, seconds: float) -> Echo:
        loop = asyncio.get_running_loop()
        echo: Echo = loop.create_future()
        task = loop.create_task(self._run(address, seconds, echo))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return echo

    async def _run(self, address: str, seconds: float, echo: Echo) -> None:
        milliseconds = None
        try:
            async with self._turns:
                milliseconds = await self._echo_of(address, seconds)
        finally:
            if not echo.done():
                echo.set_result(milliseconds)

    async def _echo_of(self, address: str, seconds: float) -> float | None:
        process = await asyncio.create_subprocess_exec(
            *(self._program, "-n", "-c", "1", "-W", f"{seconds:.0f}", "--", address),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"LC_ALL": "C"},
        )
        try:
            async with asyncio.timeout(seconds + GRACE_SECONDS):
                told, _ = await process.communicate()
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        match = _TIME.search(told)
        return float(match[1]) if match and process.returncode == 0 else None
