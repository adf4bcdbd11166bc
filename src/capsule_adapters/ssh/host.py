"""The `Host` and `Hosts` ports over SSH. Importing this does not import asyncssh."""

import shlex
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.ssh.loop import LoopThread
from capsule_domain.errors import CapsuleError, CommandFailed
from capsule_domain.ports.host import Completed, Destination, Host, Target

if TYPE_CHECKING:
    import asyncssh

    from capsule_adapters.ssh.trust import Trust

PUT_SECONDS = 300.0
GRACE_SECONDS = 5.0
"""How much longer the caller waits than the loop: only for a loop that hangs."""


@dataclass(frozen=True)
class SshHost:
    """Implements the `Host` port over one connection that is open."""

    target: Target | Destination
    loop: LoopThread
    connection: "asyncssh.SSHClientConnection"

    def run(
        self,
        command: str,
        *,
        stdin: str = "",
        timeout_seconds: float = 30.0,
        check: bool = False,
        heard: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a POSIX shell command to its end, whatever the user's login shell is."""
        done = self._execute(command, stdin.encode(), timeout_seconds, heard)
        if check:
            self._refuse_failure(done)
        return done

    def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        """Replace a file in one step."""
        script = (files("capsule_adapters.ssh") / "put.sh").read_text("utf-8")
        command = f"sh -c {shlex.quote(script)} put {shlex.quote(path)} {mode:o}"
        self._refuse_failure(self._execute(command, content, PUT_SECONDS, None))

    @contextmanager
    def keep(self, command: str, *, until: str, timeout_seconds: float = 30.0) -> Iterator[str]:
        """Run a command for the length of the block."""
        from capsule_adapters.ssh import refusals
        from capsule_adapters.ssh.lasting import END_SECONDS, Lasting

        work = Lasting.start(
            self.connection,
            f"exec sh -c {shlex.quote(command)}",
            until=until,
            timeout_seconds=timeout_seconds,
        )
        try:
            lasting = self.loop.call(work, timeout_seconds=timeout_seconds + GRACE_SECONDS)
        except CapsuleError:
            raise
        except refusals.EXPECTED as error:
            raise refusals.broken(self.target, error, timeout_seconds) from error
        try:
            yield lasting.line
        finally:
            with suppress(*refusals.EXPECTED):
                self.loop.call(lasting.end(), timeout_seconds=END_SECONDS + GRACE_SECONDS)

    def _execute(
        self,
        command: str,
        stdin: bytes,
        timeout_seconds: float,
        heard: Callable[[str], None] | None,
    ) -> Completed:
        from capsule_adapters.ssh import refusals, session

        work = session.execute(
            self.connection, f"exec sh -c {shlex.quote(command)}", stdin, timeout_seconds, heard
        )
        try:
            return self.loop.call(work, timeout_seconds=timeout_seconds + GRACE_SECONDS)
        except CapsuleError:
            raise  # of who was told what it says, such as a journal that is full
        except refusals.EXPECTED as error:
            raise refusals.broken(self.target, error, timeout_seconds) from error

    def _refuse_failure(self, done: Completed) -> None:
        if done.exit_code != 0:
            raise CommandFailed(
                f"a command on {self.target.label} {_ending(done)}",
                hint=self.target.ssh_command,
            )


class SshHosts:
    """Implements the `Hosts` port. Every machine is verified: ours against
    `known_hosts_file`, a person's `Destination` against the person's own known_hosts.

    `ssh_config` is a file in OpenSSH's form, honoured for HostName, Port, ProxyJump and
    the like; absent is as good as None. `secluded`: no file of the person's is read, and
    a `Destination` is verified against `known_hosts_file` too. Safe to use from many threads.
    """

    def __init__(
        self, known_hosts_file: Path, ssh_config: Path | None = None, *, secluded: bool = False
    ) -> None:
        self._known_hosts_file = known_hosts_file
        self._known_hosts = KnownHostsFile(known_hosts_file)
        self._ssh_config = ssh_config
        self._secluded = secluded
        self._loop = LoopThread()

    @contextmanager
    def connect(
        self, target: Target | Destination, *, timeout_seconds: float = 15.0
    ) -> Iterator[Host]:
        """A fresh connection, closed at the end of the block."""
        from capsule_adapters.ssh import refusals, session

        work = self._log_in(target, timeout_seconds)
        try:
            connection = self._loop.call(work, timeout_seconds=timeout_seconds + GRACE_SECONDS)
        except refusals.EXPECTED as error:
            raise refusals.refused(target, error, self._known_hosts_file) from error
        try:
            yield SshHost(target, self._loop, connection)
        finally:
            with suppress(TimeoutError):
                self._loop.call(session.log_out(connection), timeout_seconds=GRACE_SECONDS)

    def _log_in(
        self, target: Target | Destination, timeout_seconds: float
    ) -> Coroutine[Any, Any, "asyncssh.SSHClientConnection"]:
        from capsule_adapters.ssh import refusals, session

        if isinstance(target, Destination):
            return session.log_in_as_person(
                target,
                trusted=self._trust(target),
                ssh_config=self._ssh_config,
                timeout_seconds=timeout_seconds,
            )
        pinned = self._known_hosts.pinned(target.key_alias)
        if not pinned:
            raise refusals.no_key_known(target, self._known_hosts_file)
        return session.log_in(
            target, trusted=pinned, ssh_config=self._ssh_config, timeout_seconds=timeout_seconds
        )

    def _trust(self, destination: Destination) -> "Trust":
        from capsule_adapters.ssh import refusals, trust

        only = self._known_hosts_file if self._secluded else None
        try:
            return trust.trust(destination, self._ssh_config, only)
        except trust.UnknownMachine as error:
            raise refusals.never_met(destination, str(error)) from error
        except refusals.NOT_OURS as error:
            raise refusals.refused(destination, error, self._known_hosts_file) from error

    def reach(self, target: Target | Destination, *, timeout_seconds: float = 15.0) -> float:
        """How many ms it takes to open a TCP connection to the machine's SSH port."""
        from capsule_adapters.ssh import refusals, session

        work = session.knock(target, ssh_config=self._ssh_config, timeout_seconds=timeout_seconds)
        try:
            return self._loop.call(work, timeout_seconds=timeout_seconds + GRACE_SECONDS)
        except refusals.EXPECTED as error:
            raise refusals.refused(target, error, self._known_hosts_file) from error

    def shown_key(self, target: Target, *, timeout_seconds: float = 15.0) -> str:
        """The host key that it shows; nobody has verified it."""
        from capsule_adapters.ssh import refusals, session

        work = session.ask_for_key(
            target, ssh_config=self._ssh_config, timeout_seconds=timeout_seconds
        )
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
