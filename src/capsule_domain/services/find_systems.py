"""Which files of a configuration are whole systems, and which are modules."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.configurations import Configurations
from capsule_domain.ports.nix_systems import NixSystems, Progress
from capsule_domain.ports.package_index import PackageIndex
from capsule_domain.ports.settings import Settings

CONFIGURATION, FLAKE = "configuration.nix", "flake.nix"
_MOST_NAMED = 10
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


def named_hosts(hosts: Iterable[str]) -> str:
    """`a, b, c`; the first ten of them: a folder may be a whole disk."""
    names = sorted(hosts)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


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


def systems_source(files: Sequence[PurePath], folders: Configurations) -> SystemsSource | None:
    """The systems of these files; None when there are none."""
    flake = flake_of(files)
    if flake is not None:
        return SystemsSource(flake=str(flake.parent), locked=folders.is_locked(flake.parent))
    hosts = configurations(files)
    return SystemsSource(files=hosts) if hosts else None


def nixpkgs_at_hand(
    systems: NixSystems, index: PackageIndex, given: str | None, progress: Progress
) -> str | None:
    """The folder of a nixpkgs: the one given, `<nixpkgs>`, or what the index was built from.

    Raises ConfigurationError when what was given is none.
    """
    found = systems.nixpkgs(given, progress)
    about = index.about() if found is None else None
    if about is None or not about.nixpkgs.source.startswith("/"):
        return found
    try:
        return systems.nixpkgs(about.nixpkgs.source, progress)
    except ConfigurationError:
        return None  # it is gone since


def last_configuration(settings: Settings) -> str:
    """The folder of the configuration generated last. Raises ConfigurationError when none was."""
    folder = settings.last_configuration
    if folder is None:
        raise ConfigurationError(
            "no configuration was generated yet", hint="capsule nixos generate"
        )
    return folder
