"""A machine that runs commands, and the ways to reach it."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from pydantic import Field, SecretStr

from capsule_domain.errors import UsageError
from capsule_domain.models.base import Model

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", re.ASCII)
# A host's name or address, or an alias of ~/.ssh/config; never an option, never a path.
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+", re.ASCII)


class Target(Model):
    """How to reach a machine. `key_alias` names it in known_hosts: an xNode's id."""

    address: str
    port: int = Field(default=22, ge=1, le=65535)
    user: str = "root"
    key_alias: str
    private_key: str | None = None
    """Path of the private key; None leaves the choice to the SSH agent and ~/.ssh."""
    name: str | None = None
    """What people call it, such as an xNode's name; None: nothing but its alias."""

    @property
    def label(self) -> str:
        """`name (address[:port])`, for people."""
        port = "" if self.port == 22 else f":{self.port}"
        return f"{self.name or self.key_alias} ({self.address}{port})"

    @property
    def ssh_command(self) -> str:
        """What a person types to log in, if they have the key."""
        return f"ssh -p {self.port} {self.user}@{self.address}"

    @property
    def options(self) -> str:
        """What names it to a command of ours; it is an xNode."""
        return f"--xnode {self.name or self.key_alias}"


class Destination(Model):
    """A machine as a person names it to `ssh`: ~/.ssh/config and ~/.ssh/known_hosts hold.

    `host` may be an alias of ~/.ssh/config; `user` and `port` None leave them to it.
    """

    host: str
    user: str | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    known_as: "Destination | None" = None
    """Where it was met, when it has moved since: it is known by the key of there."""

    @classmethod
    def named(cls, text: str, *, port: int | None = None) -> "Destination":
        """`[user@]host`, an IPv6 address with or without brackets. Raises UsageError."""
        user, at, host = text.rpartition("@")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        if not _HOST.fullmatch(host) or (at and not _USER.fullmatch(user)):
            raise UsageError(f"{text[:60]!a} names no machine", hint="user@host, and -p PORT")
        return cls(host=host, user=user or None, port=port)

    @property
    def label(self) -> str:
        """`[user@]host[:port]`, for people."""
        user = f"{self.user}@" if self.user else ""
        if self.port is None:
            return f"{user}{self.host}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{user}{host}:{self.port}"

    def moved(self, *, host: str, port: int | None) -> "Destination":
        """The same machine at another address or port, which proves itself by the key that
        is known already.
        """
        place = {"host": host, "port": port, "known_as": self.known_as or self}
        return self.model_copy(update=place)

    @property
    def ssh_command(self) -> str:
        """What a person types to log in."""
        port = f"-p {self.port} " if self.port is not None else ""
        return f"ssh {port}{self._person_at_host}"

    @property
    def options(self) -> str:
        """What names it to a command of ours."""
        port = f" -p {self.port}" if self.port is not None else ""
        return f"--target {self._person_at_host}{port}"

    @property
    def _person_at_host(self) -> str:
        return f"{self.user}@{self.host}" if self.user else self.host


BEAT_SECONDS = 15.0
"""How often a command that is kept hears that we are still there."""


class Completed(Model):
    """A command that ended. `exit_code` is -1 when a signal ended it."""

    exit_code: int
    stdout: str
    stderr: str


class Host(Protocol):
    """A machine that runs commands.

    Every implementation passes tests/contracts/test_host.py and fails only with a
    `HostError`.
    """

    def run(
        self,
        command: str,
        *,
        stdin: str = "",
        timeout_seconds: float = 30.0,
        check: bool = False,
        heard: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a POSIX shell command to its end.

        `heard` is given each line that it writes to stderr, as it comes, without its end
        and perhaps in another thread. Raises HostUnreachable when the connection breaks or
        the time is up, and CommandFailed when `check` is set and the exit code is not
        zero, or when the command writes more than 8 MiB. After it the connection may be
        used again.
        """

    def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        """Replace a file: after a break it holds the old or the new, never a mix.

        `path` is absolute; missing folders are made, 0700. A symbolic link stays, and what
        it points to is replaced. Raises HostUnreachable, CommandFailed.
        """

    def keep(
        self, command: str, *, until: str, timeout_seconds: float = 30.0
    ) -> AbstractContextManager[str]:
        """Run a POSIX shell command for the length of the block, which is given a line of it.

        That line is the first, of its stdout or stderr, that begins with `until`. Its stdin
        stays open as long as the block lasts, and over a network a line comes there every
        `BEAT_SECONDS`: so the command ends with us, however we end. Raises CommandFailed when
        it ends without the line, HostUnreachable when the connection breaks or the time is up.
        """


class Hosts(Protocol):
    """The ways to machines. Host keys are always verified; an unknown key is refused."""

    def connect(
        self, target: Target | Destination, *, timeout_seconds: float = 15.0
    ) -> AbstractContextManager[Host]:
        """A fresh connection. Raises HostUnreachable or HostKeyChanged."""

    def reach(self, target: Target | Destination, *, timeout_seconds: float = 15.0) -> float:
        """How many milliseconds its SSH port takes to accept a TCP connection.

        Nothing is logged in to and no key is verified. Raises HostUnreachable.
        """

    def shown_key(self, target: Target, *, timeout_seconds: float = 15.0) -> str:
        """The host key that it shows, `type base64`: an ed25519 one where it has that.

        Nothing is logged in to and nothing is verified. Raises HostUnreachable.
        """


class KnownHosts(Protocol):
    """The host keys we trust, by alias. Kept in `<home>/known_hosts`."""

    def pin(self, alias: str, *public_keys: str) -> None:
        """Trust these keys (OpenSSH, one line each) for `alias`, and no other."""

    def pinned(self, alias: str) -> Sequence[str]:
        """The keys trusted for `alias`."""

    def forget(self, alias: str) -> None:
        """Trust nothing for `alias` any more. Nothing pinned is a success."""


class HostKey(Model):
    """A new machine's identity, made before the machine is."""

    private_openssh: SecretStr
    public_openssh: str


class DeployKey(Model):
    """The key that opens our machines."""

    private_path: str
    public_openssh: str


class Keys(Protocol):
    """SSH keys on this machine."""

    def deploy_key(self, path: str | None = None) -> DeployKey:
        """The key at `path` (private or .pub), or Capsule's own, made on first use (0600).

        Raises NotFound, ConfigurationError for what is not a key, StoreError.
        """

    def new_host_key(self) -> HostKey:
        """A fresh ed25519 key pair, kept nowhere."""
