"""Generated configurations on disk."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Protocol

from capsule_domain.models.nixos import RenderedFile

SINGLE = ""
"""How the host of a folder for a single one is called in `state_versions`."""


class Configurations(Protocol):
    """The folders of generated configurations, `<home>/nixos/<hostname>` by default.

    Raises NotFound, Conflict, StoreError.
    """

    def folder(self, hostname: str, output: str | None = None) -> PurePath:
        """Where that host's configuration is or will be."""

    def fleet_folder(self, output: str | None = None) -> PurePath:
        """Where the configuration of the whole fleet is or will be."""

    def state_versions(self, folder: PurePath) -> Mapping[str, str]:
        """The `system.stateVersion` that each host there was first generated with.

        The one of a folder for a single host is below SINGLE, whatever the host is called now.
        """

    def write(
        self,
        folder: PurePath,
        files: Sequence[RenderedFile],
        *,
        state_versions: Mapping[str, str],
        force: bool,
    ) -> Sequence[str]:
        """Write all of them or none; returns the paths written, in the given order.

        A file that a person wrote or edited is never replaced without `force`:
        Conflict names it. In a placeholder's stead it always stays, and is no conflict;
        one that is `only_over` some texts goes over nothing else. The first `state_versions` stay.
        """

    def edited(self, folder: PurePath) -> Sequence[str]:
        """The files there that Capsule wrote and a person changed since, sorted."""

    def generated(self) -> Sequence[PurePath]:
        """The folders under the home that hold a configuration, sorted."""

    def is_locked(self, folder: PurePath) -> bool:
        """Whether the inputs of the flake in that folder are locked."""

    def nix_files(self, path: str) -> Sequence[PurePath]:
        """Every .nix file of a folder, or the one file, sorted. Raises NotFound."""

    def text(self, file: str) -> str:
        """What is in one of its files. Raises NotFound."""
