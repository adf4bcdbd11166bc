"""NixOS modules, read and not evaluated."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Protocol

from capsule_domain.models.setting import Reading


class ModuleReader(Protocol):
    """Reads what modules set, with file and line, and runs nothing of what is in them.

    Every branch of a condition is read: what a machine does not use today is to hold too.
    """

    def read(self, roots: Sequence[PurePath]) -> Reading:
        """These files and all that they import, each once, whoever else imports it.

        A root called flake.nix gives the modules of its systems. A file that cannot be
        read is a finding. Raises nothing but what is a fault of Capsule's own.
        """
