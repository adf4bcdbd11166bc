"""Which files of a configuration are whole systems, and which are modules."""

from collections.abc import Sequence
from pathlib import PurePath

CONFIGURATION, FLAKE = "configuration.nix", "flake.nix"
_NO_MODULES = frozenset([FLAKE, "home.nix", "shell.nix"])


def configurations(files: Sequence[PurePath]) -> dict[str, str]:
    """The file of each host, by the host's name: that of its folder."""
    found: dict[str, str] = {}
    for file in files:
        if file.name == CONFIGURATION:
            folder = file.parent
            name = folder.name if folder.name not in found else str(folder)
            found[name] = str(file)
    return found


def flake_of(files: Sequence[PurePath]) -> PurePath | None:
    """The one flake that all of the files belong to, if there is one."""
    flakes = [file for file in files if file.name == FLAKE]
    top = min((len(file.parts) for file in files), default=0)
    return flakes[0] if len(flakes) == 1 and len(flakes[0].parts) == top else None


def roots_of(files: Sequence[PurePath]) -> Sequence[PurePath]:
    """The files that reading begins with: the others are imported by them, or no modules.

    Of a folder without a system every file is one.
    """
    flake = flake_of(files)
    systems = [file for file in files if file.name == CONFIGURATION]
    roots = [*systems, flake] if flake else systems
    return roots or [file for file in files if file.name not in _NO_MODULES or len(files) == 1]
