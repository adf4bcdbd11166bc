"""Where the person's packages live: their own Nix profile, or one inside another home."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_domain.ports.nix_environment import NixEnvironment


def nix_environment(
    home: Path, environment: Mapping[str, str], *, sandboxed: bool
) -> "NixEnvironment":
    """The Nix profile of a home. In the rehearsal Nix's own caches are inside it too."""
    from capsule_adapters.nix.environment import NixProfileEnvironment

    return NixProfileEnvironment(
        link=_profiles(home, environment) / "capsule",
        kept=home / "environment",
        environment={**environment, **(_own_folders(home) if sandboxed else {})},
    )


def _profiles(home: Path, environment: Mapping[str, str]) -> Path:
    if home != Path("~/.capsule").expanduser().absolute():
        return home / "nix" / "profiles"  # a second home never changes what the first installed
    state = environment.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path("~/.local/state").expanduser()
    return base / "nix" / "profiles"


def _own_folders(home: Path) -> dict[str, str]:
    kinds = ("CACHE", "CONFIG", "DATA", "STATE")
    return {f"XDG_{kind}_HOME": str(home / "nix" / kind.lower()) for kind in kinds}
