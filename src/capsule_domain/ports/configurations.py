"""Generated configurations on disk."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Protocol

from capsule_domain.models.nixos import RenderedFile


class Configurations(Protocol):
    """The folders of generated configurations, `<home>/nixos/<hostname>` by default.

    Raises NotFound, Conflict, StoreError.
    """

    def folder(self, hostname: str, output: str | None = None) -> PurePath:
        """Where that host's configuration is or will be."""

    def state_version(self, folder: PurePath) -> str | None:
        """The `system.stateVersion` that the host was first generated with."""

    def write(
        self, folder: PurePath, files: Sequence[RenderedFile], *, state_version: str, force: bool
    ) -> Sequence[str]:
        """Write all of them or none; returns the paths written, in the given order.

        A file that a person wrote or edited is never replaced without `force`:
        Conflict names it. In a placeholder's stead it always stays, and is no conflict.
        """

    def generated(self) -> Sequence[PurePath]:
        """The folders under the home that hold a configuration, sorted."""

    def is_locked(self, folder: PurePath) -> bool:
        """Whether the inputs of the flake in that folder are locked."""

    def nix_files(self, path: str) -> Sequence[PurePath]:
        """Every .nix file of a folder, or the one file, sorted. Raises NotFound."""
