"""The `Host` and `Hosts` ports over SSH. Importing this does not import asyncssh."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.ssh.loop import LoopThread
from capsule_domain.errors import CommandFailed
from capsule_domain.ports.host import Completed, Host, Target

if TYPE_CHECKING:
    import asyncssh

GRACE_SECONDS = 5.0
"""How much longer the caller waits than the loop: only for a loop that hangs."""


@dataclass(frozen=True)
class SshHost:
    """Implements the `Host` port over one connection that is open."""

    target: Target
    loop: LoopThread
    connection: "asyncssh.SSHClientConnection"

    def run(
        self, command: str, *, stdin: str = "", timeout_seconds: float = 30.0, check: bool = False
    ) -> Completed:
        """Run a POSIX shell command to its end, whatever the user's login shell is."""
        from capsule_adapters.ssh import refusals, session

        work = session.execute(
            self.connection, f"exec sh -c {shlex.quote(command)}", stdin, timeout_seconds
        )
        try:
            done = self.loop.call(work, timeout_seconds=timeout_seconds + GRACE_SECONDS)
        except refusals.EXPECTED as error:
            raise refusals.broken(self.target, error, timeout_seconds) from error
        if check and done.exit_code != 0:
            raise CommandFailed(
                f"a command on {refusals.place(self.target)} {_ending(done)}",
                hint=f"ssh {self.target.user}@{self.target.address}",
            )
        return done


class SshHosts:
    """Implements the `Hosts` port. Every machine is verified against `known_hosts_file`.

    `ssh_config` is a file in OpenSSH's form, honoured for HostName, Port, ProxyJump and
    the like; absent is as good as None. Safe to use from many threads.
    """

    def __init__(self, known_hosts_file: Path, ssh_config: Path | None = None) -> None:
        self._known_hosts_file = known_hosts_file
        self._known_hosts = KnownHostsFile(known_hosts_file)
        self._ssh_config = ssh_config
        self._loop = LoopThread()

    @contextmanager
    def connect(self, target: Target, *, timeout_seconds: float = 15.0) -> Iterator[Host]:
        """A fresh connection, closed at the end of the block."""
        from capsule_adapters.ssh import refusals, session

        trusted = self._known_hosts.pinned(target.key_alias)
        if not trusted:
            raise refusals.no_key_known(target, self._known_hosts_file)
        work = session.log_in(
            target,
            trusted=trusted,
            ssh_config=self._ssh_config,
            timeout_seconds=timeout_seconds,
        )
        try:
            connection = self._loop.call(work, timeout_seconds=timeout_seconds + GRACE_SECONDS)
        except refusals.EXPECTED as error:
            raise refusals.refused(target, error, self._known_hosts_file) from error
        try:
            yield SshHost(target, self._loop, connection)
        finally:
            with suppress(TimeoutError):
                self._loop.call(session.log_out(connection), timeout_seconds=GRACE_SECONDS)

    def reach(self, target: Target, *, timeout_seconds: float = 15.0) -> float:
        """How many ms it takes to open a TCP connection to the machine's SSH port."""
        from capsule_adapters.ssh import refusals, session

        work = session.knock(target, ssh_config=self._ssh_config, timeout_seconds=timeout_seconds)
        try:
            return self._loop.call(work, timeout_seconds=timeout_seconds + GRACE_SECONDS)
        except refusals.EXPECTED as error:
            raise refusals.refused(target, error, self._known_hosts_file) from error

    def close(self) -> None:
        """Close every connection and end the loop. Using it again starts it again."""
        self._loop.stop()


def _ending(done: Completed) -> str:
    how = "was ended by a signal" if done.exit_code == -1 else f"failed ({done.exit_code})"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    shown = "".join(c for c in lines[-1] if c.isprintable())[:200] if lines else ""
    return f"{how}: {shown}" if shown else how
