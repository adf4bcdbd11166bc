"""One kept connection a machine, with a shell loop in it, from one look to the next."""

import asyncio
import socket
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from capsule_adapters.ssh import refusals, session
from capsule_adapters.ssh.doorway import Slots, knock
from capsule_adapters.ssh.identity import KeysRead
from capsule_adapters.ssh.pins import Pins
from capsule_adapters.ssh.shell_loop import Answer, Script, ShellEnded, ShellLoop
from capsule_domain.errors import CommandFailed, HostError
from capsule_domain.ports.host import Target

KNOCKS_AT_ONCE = 100
KNOCK_TURN_SECONDS = 1.0
CONNECTS_AT_ONCE = 50
"""More handshakes at once only wait for this side's processor."""
CONNECT_TURN_SECONDS = 2.0
"""Who takes longer than its turn goes on, and no longer keeps others waiting."""

CONNECTS_THROUGH_ONE = 8
"""All of them come to one sshd, which by default turns some away from ten on."""

_FAILURES = (*refusals.EXPECTED, ShellEnded)


@dataclass(frozen=True)
class _Kept:
    target: Target
    trusted: tuple[str, ...]
    loop: ShellLoop


class KeptLoops:
    """Machines that are asked again and again, each over one connection and no more.

    Everything here belongs to one event loop. Host keys are verified against
    `known_hosts_file` only; `ssh_config` is as for `SshHosts`.
    """

    def __init__(self, known_hosts_file: Path, ssh_config: Path | None, script: Script) -> None:
        self._known_hosts_file = known_hosts_file
        self._ssh_config = ssh_config
        self._script = script
        self._pins = Pins(known_hosts_file)
        self._keys = KeysRead()
        self._kept: dict[str, _Kept] = {}
        self._knocks = Slots(KNOCKS_AT_ONCE, KNOCK_TURN_SECONDS)
        self._slots = Slots(CONNECTS_AT_ONCE, CONNECT_TURN_SECONDS)
        self._jumps: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(CONNECTS_THROUGH_ONE)
        )

    def refresh(self) -> None:
        """See what has become of the pinned keys. Raises StoreError."""
        self._pins.refresh()

    async def ask(
        self, target: Target, words: str, *, connect_seconds: float, answer_seconds: float
    ) -> Answer:
        """The loop's answer to `words`, over the kept connection or a fresh one.

        A kept one that turns out to be broken is replaced at once: that it broke between
        two looks says nothing of the machine now. Raises HostError.
        """
        kept = self._still_fitting(target)
        if kept is not None:
            try:
                return await self._asked(kept, words, answer_seconds)
            except HostError:
                pass
        fresh = await self._opened(target, connect_seconds)
        return await self._asked(fresh, words, answer_seconds)

    def drop(self, alias: str) -> None:
        """Let go of the connection to one machine, if there is one."""
        kept = self._kept.pop(alias, None)
        if kept is not None:
            kept.loop.abort()

    async def close(self) -> None:
        """Close them all."""
        kept, self._kept = self._kept, {}
        await asyncio.gather(*(one.loop.close() for one in kept.values()), return_exceptions=True)

    def _still_fitting(self, target: Target) -> _Kept | None:
        """The kept connection, unless it broke, or the machine or its keys are others now."""
        kept = self._kept.get(target.key_alias)
        if kept is None:
            return None
        trusted = tuple(self._pins.of(target.key_alias))
        if kept.loop.is_open and kept.target == target and kept.trusted == trusted:
            return kept
        self.drop(target.key_alias)
        return None

    async def _asked(self, kept: _Kept, words: str, timeout_seconds: float) -> Answer:
        try:
            return await kept.loop.ask(words, timeout_seconds)
        except BaseException as error:
            if self._kept.get(kept.target.key_alias) is kept:
                del self._kept[kept.target.key_alias]
            kept.loop.abort()
            if isinstance(error, ShellEnded | TimeoutError):
                raise _unfinished(kept.target, error, timeout_seconds) from error
            if isinstance(error, _FAILURES):
                raise refusals.broken(kept.target, error, timeout_seconds) from error
            raise

    async def _opened(self, target: Target, timeout_seconds: float) -> _Kept:
        trusted = tuple(self._pins.of(target.key_alias))
        if not trusted:
            raise refusals.no_key_known(target, self._known_hosts_file)
        try:
            connection = await self._connected(target, trusted, timeout_seconds)
            try:
                async with asyncio.timeout(timeout_seconds):
                    loop = await ShellLoop.start(connection, self._script)
            except BaseException:
                connection.abort()
                raise
        except refusals.EXPECTED as error:
            raise refusals.refused(target, error, self._known_hosts_file) from error
        kept = self._kept[target.key_alias] = _Kept(target, trusted, loop)
        return kept

    async def _connected(
        self, target: Target, trusted: tuple[str, ...], timeout_seconds: float
    ) -> asyncssh.SSHClientConnection:
        """Each step has its time; to wait for a turn is not the machine's fault."""
        host, port, jump = session.by_way_of(target, self._ssh_config)
        if jump is not None:
            async with self._jumps[jump]:
                return await self._logged_in(target, trusted, timeout_seconds)
        async with self._knocks.one():
            sock = await knock(host, port, timeout_seconds)
        try:
            async with self._slots.one():
                return await self._logged_in(target, trusted, timeout_seconds, sock)
        except BaseException:
            with suppress(OSError):
                sock.close()
            raise

    async def _logged_in(
        self,
        target: Target,
        trusted: tuple[str, ...],
        timeout_seconds: float,
        sock: socket.socket | None = None,
    ) -> asyncssh.SSHClientConnection:
        return await session.log_in(
            target,
            trusted=trusted,
            ssh_config=self._ssh_config,
            timeout_seconds=timeout_seconds,
            sock=sock,
            read_key=self._keys,
        )


def _unfinished(target: Target, error: BaseException, timeout_seconds: float) -> CommandFailed:
    """It lets in, and does not do what is asked there."""
    how = f"({error})" if isinstance(error, ShellEnded) else f"within {timeout_seconds:g} s"
    return CommandFailed(
        f"the probe on {target.label} did not come to its end {how}",
        hint=target.ssh_command,
    )
