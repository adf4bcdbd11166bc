"""Nix itself, as far as this machine has it."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Protocol

from capsule_domain.models.finding import Finding


class NixTool(Protocol):
    """The Nix of this machine."""

    def version(self) -> str | None:
        """Such as `2.28.3`; None when Nix is absent."""

    def parse(self, files: Sequence[PurePath]) -> Sequence[Finding]:
        """Syntax errors, with file and line. Raises ToolMissing; HostError when Nix hangs."""
