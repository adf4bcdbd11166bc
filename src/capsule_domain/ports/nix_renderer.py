"""Nix text from values."""

from collections.abc import Sequence
from typing import Protocol

from capsule_domain.models.nixos import NixosRequest, PreviewFormat, RenderedFile
from capsule_domain.models.profile import Environment


class NixRenderer(Protocol):
    """Writes Nix. Pure: the same request gives the same bytes, and no Nix is needed."""

    def configuration(self, request: NixosRequest) -> Sequence[RenderedFile]:
        """The files of `request.part`, sorted by path."""

    def fleet(self, requests: Sequence[NixosRequest]) -> Sequence[RenderedFile]:
        """All machines as one flake, sorted by path; every host has a name of its own.

        Hosts lie in `hosts/<name>`; modules are shared.
        """

    def preview(self, environment: Environment, form: PreviewFormat) -> str:
        """One expression or file of that form."""
