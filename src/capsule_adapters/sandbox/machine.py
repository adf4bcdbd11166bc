"""One rehearsed machine: an SSH server on a loopback port before a folder of its own."""

import asyncio
import logging
import shutil
import socket
import sys
import time
from collections.abc import Iterable
from shlex import quote

import asyncssh

from capsule_adapters.sandbox.ground import Ground, Record
from capsule_adapters.sandbox.isolation import Isolation, kill_group
from capsule_adapters.sandbox.session import serve
from capsule_domain.errors import Conflict

LOG = logging.getLogger("capsule.sandbox")
TICK_SECONDS = 0.1
END_SECONDS = 5.0
DOWN_SECONDS = 1.0
"""How long a rebooting machine is away."""


class Machine:
    """Everything but the constructor belongs to the event loop.

    Its port is its own from beginning to end: while it is off the port is held, and
    refuses.
    """

    def __init__(self, ground: Ground, record: Record, isolation: Isolation) -> None:
        self.ground = ground
        self.record = record
        self._isolation = isolation
        self._trusted = _public_halves(record.public_keys)
        self._held = hold_port(record.port)
        self.port: int = self._held.getsockname()[1]
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._living: set[int] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.Task[None] | None = None
        self._rebooting: asyncio.Task[None] | None = None
        self._on_since = 0.0

    async def switch_on(self) -> None:
        """Start to answer. On already is a success."""
        if self._acceptor is not None:
            return
        self._on_since = time.monotonic()
        self.ground.show_figures(self.record.server_id, 0.0)
        self.ground.start_anew()
        self._acceptor = await asyncssh.listen(
            sock=self._held,
            server_host_keys=[self._host_key()],
            server_factory=lambda: _Door(self),
            process_factory=self._accept,
            encoding=None,
            line_editor=False,
            allow_scp=False,
            agent_forwarding=False,
            x11_forwarding=False,
            login_timeout=30,
            config=None,
            server_version="Rehearsal",
        )

    async def switch_off(self) -> None:
        """Cut the power: connections break, processes end. Off already is a success."""
        if self._rebooting is not None and self._rebooting is not asyncio.current_task():
            self._rebooting.cancel()
            self._rebooting = None
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is None:
            return
        acceptor.close()
        for leader in tuple(self._living):
            kill_group(leader)
        for connection in tuple(self._connections):
            connection.abort()
        await acceptor.wait_closed()
        # What left its process group may hold a pipe that a session waits for.
        self._isolation.sweep(self.ground)
        if self._serving:
            await asyncio.wait(self._serving, timeout=END_SECONDS)
        self._held = await _hold_again(self.port)

    async def dismantle(self) -> None:
        """Off, and the port given back."""
        await self.switch_off()
        self._held.close()

    def trusts(self, user: str, key: asyncssh.SSHKey) -> bool:
        """Whether `key` opens the machine for `user`."""
        return user == "root" and key.public_data in self._trusted

    def connected(self, connection: asyncssh.SSHServerConnection, *, here: bool) -> None:
        """Told when a connection comes and goes."""
        (self._connections.add if here else self._connections.discard)(connection)

    def _read_keys_anew(self, acceptor: asyncssh.SSHAcceptor) -> None:
        """As sshd does on reload: who is in stays in, and with a broken key all stays as it is."""
        try:
            acceptor.update(server_host_keys=[self._host_key()])
        except (OSError, asyncssh.KeyImportError):
            LOG.warning("the host key of %s cannot be read", self.record.name)

    def _host_key(self) -> asyncssh.SSHKey:
        """What it shows, as it lies on its disk now."""
        return asyncssh.read_private_key(self.ground.host_key())

    def _accept(self, channel: asyncssh.SSHServerProcess[bytes]) -> None:
        task = asyncio.create_task(self._serve(channel))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, channel: asyncssh.SSHServerProcess[bytes]) -> None:
        if channel.subsystem is not None:
            channel.stderr.write(b"no such subsystem\n")
            channel.exit(1)
            return
        self._tick()
        launch = self._isolation.launch(self.ground, self.record.name, _asked(channel))
        await serve(channel, launch, self._isolation, self._living, self.record.address)
        self._obey()

    def _tick(self) -> None:
        """Let /proc move while somebody may look."""
        self.ground.show_figures(self.record.server_id, time.monotonic() - self._on_since)
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(self._keep_ticking())

    async def _keep_ticking(self) -> None:
        await asyncio.sleep(TICK_SECONDS)
        # Who is being served, not what lives: a command may take its time to come to life.
        while self._serving and self._acceptor is not None:
            self.ground.show_figures(self.record.server_id, time.monotonic() - self._on_since)
            self._obey()
            await asyncio.sleep(TICK_SECONDS)

    def _obey(self) -> None:
        """Do what a command asked of sshd and of the power."""
        if self._acceptor is not None and self.ground.was_told_to_read_keys():
            self._read_keys_anew(self._acceptor)
        wish = self.ground.power_wish()
        if wish is not None and self._rebooting is None:
            self._rebooting = asyncio.create_task(self._power(back=wish == "reboot"))

    async def _power(self, *, back: bool) -> None:
        try:
            # A moment for the exit status of the command that asked.
            await asyncio.sleep(TICK_SECONDS)
            await self.switch_off()
            if back:
                await asyncio.sleep(DOWN_SECONDS)
                await self.switch_on()
            else:
                self.record = self.record.model_copy(update={"on": False})
                self.ground.keep(self.record)
        finally:
            if self._rebooting is asyncio.current_task():
                self._rebooting = None


class _Door(asyncssh.SSHServer):
    """Lets in who holds a key that was given at creation, and only as root."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._machine.connected(conn, here=True)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._connection is not None:
            self._machine.connected(self._connection, here=False)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return self._machine.trusts(username, key)

    def connection_requested(
        self,
        dest_host: str,
        dest_port: int,  # noqa: ARG002
        orig_host: str,  # noqa: ARG002
        orig_port: int,  # noqa: ARG002
    ) -> bool:
        """A tunnel to the machine's own ports, which stand for those of this one's loopback."""
        return dest_host in ("localhost", "127.0.0.1", "::1")


def _asked(channel: "asyncssh.SSHServerProcess[bytes]") -> str | None:
    """The command; at a terminal of its own where one was asked for, and can be made."""
    if channel.term_type is None or sys.platform != "linux" or shutil.which("script") is None:
        return channel.command
    columns, rows, *_ = channel.term_size
    what = "sh -i" if channel.command is None else f"sh -c {quote(channel.command)}"
    inside = f"stty rows {rows} cols {columns}; exec {what}"
    return f"TERM={quote(channel.term_type)} exec script -qec {quote(inside)} /dev/null"


def hold_port(port: int) -> socket.socket:
    """A loopback socket bound to `port`, or to a free one when that is taken; not listening."""
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        held.bind(("127.0.0.1", 0))
    return held


async def _hold_again(port: int) -> socket.socket:
    """The same port, which somebody else may have for a moment: it is an ephemeral one."""
    for _ in range(int(END_SECONDS / TICK_SECONDS)):
        held = hold_port(port)
        if held.getsockname()[1] == port:
            return held
        held.close()
        await asyncio.sleep(TICK_SECONDS)
    raise Conflict(f"port {port} of a machine was taken by another program")


def _public_halves(lines: Iterable[str]) -> frozenset[bytes]:
    halves = set()
    for line in lines:
        try:
            halves.add(asyncssh.import_public_key(line).public_data)
        except asyncssh.KeyImportError:
            LOG.warning("a public key that was given to a machine is not one; it opens nothing")
    return frozenset(halves)
