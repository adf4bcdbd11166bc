"""Virtual machines that live for the length of a test."""

from contextlib import AbstractContextManager
from typing import Protocol

from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.host import HostKey
from capsule_domain.ports.nix_systems import Progress


class VirtualMachine(Protocol):
    """One that runs; root's SSH is on loopback."""

    @property
    def port(self) -> int:
        """Where its SSH is."""

    @property
    def user(self) -> str:
        """Who is let in."""

    @property
    def private_key(self) -> str:
        """The file with the key that it lets in."""

    def ended(self) -> str | None:
        """Why it runs no more, in its own last words; None while it runs."""


class VirtualMachines(Protocol):
    """Machines made of NixOS configurations. What they do leaves nothing behind."""

    def accelerated(self) -> bool:
        """Whether this machine's processor helps; else everything is emulated, and slow."""

    def build(
        self,
        source: SystemsSource,
        host: str | None,
        *,
        nixpkgs: str | None,
        authorized_key: str,
        progress: Progress,
    ) -> str:
        """The path of the program that starts `host`'s machine; None is the only host.

        The key lets into this machine alone; the configuration on disk stays as it is.
        Raises ToolMissing, ConfigurationError when nothing here can build it, NixFailed,
        HostUnreachable, StoreError.
        """

    def boot(
        self, program: str, *, host_key: HostKey, login: HostKey
    ) -> AbstractContextManager[VirtualMachine]:
        """Start it with an empty disk; at the end of the block nothing of it is left.

        It proves itself with `host_key` and lets in `login`. Raises HostError.
        """
