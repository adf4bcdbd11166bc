"""A machine that runs commands, and the ways to reach it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from pydantic import Field, SecretStr

from capsule_domain.models.base import Model


class Target(Model):
    """How to reach a machine. `key_alias` names it in known_hosts: an xNode's id."""

    address: str
    port: int = Field(default=22, ge=1, le=65535)
    user: str = "root"
    key_alias: str
    private_key: str | None = None
    """Path of the private key; None leaves the choice to the SSH agent and ~/.ssh."""


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
        self, command: str, *, stdin: str = "", timeout_seconds: float = 30.0, check: bool = False
    ) -> Completed:
        """Run a POSIX shell command to its end.

        Raises HostUnreachable when the connection breaks or the time is up, and
        CommandFailed when `check` is set and the exit code is not zero, or when the
        command writes more than 8 MiB. After it the connection may be used again.
        """


class Hosts(Protocol):
    """The ways to machines. Host keys are always verified; an unknown key is refused."""

    def connect(
        self, target: Target, *, timeout_seconds: float = 15.0
    ) -> AbstractContextManager[Host]:
        """A fresh connection. Raises HostUnreachable or HostKeyChanged."""

    def reach(self, target: Target, *, timeout_seconds: float = 15.0) -> float:
        """How many milliseconds its SSH port takes to accept a TCP connection.

        Nothing is logged in to and no key is verified. Raises HostUnreachable.
        """


class KnownHosts(Protocol):
    """The host keys we trust, by alias. Kept in `<home>/known_hosts`."""

    def pin(self, alias: str, public_key: str) -> None:
        """Trust this key (OpenSSH, one line) for `alias`, and no other."""

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
