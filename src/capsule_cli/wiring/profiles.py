"""What changing profiles is made of, beside the choices themselves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_adapters.store.choices import YamlChoices
    from capsule_domain.ports.editor import Editor
    from capsule_domain.ports.package_index import PackageIndex, PackageSource
    from capsule_domain.ports.presets import Presets
    from capsule_domain.ports.profile_texts import ProfileTexts


@dataclass(frozen=True)
class ProfilePorts:
    """Adapters over one home, each imported and made when it is first asked for."""

    home: Path
    environment: Mapping[str, str]
    choices: "Callable[[], YamlChoices]"
    presets: "Callable[[], Presets]"

    @cached_property
    def texts(self) -> "ProfileTexts":
        """The profiles' files as text."""
        from capsule_adapters.store.profile_texts import YamlProfileTexts

        return YamlProfileTexts(self.home, self.choices())

    def editor(self) -> "Editor":
        """The person's own."""
        from capsule_adapters.store.editor import TerminalEditor

        return TerminalEditor(self.environment)

    @cached_property
    def index(self) -> "PackageIndex":
        """The index under the home."""
        from capsule_adapters.store.index import SqliteIndex

        return SqliteIndex(self.home)

    def package_source(self, folder: str | None) -> "PackageSource":
        """The nixpkgs of `folder`; without one that of the active profile."""
        from capsule_adapters.nix.index.source import NixpkgsSource

        active = self.choices().settings().active_profile
        lock = self.home / "environment" / active / "flake.lock"
        return NixpkgsSource(
            folder=folder, lock=lock, pin=self._pin(), environment=self.environment
        )

    def _pin(self) -> str | None:
        """What the active profile pins; nothing where it does not hold."""
        from capsule_domain.errors import CapsuleError
        from capsule_domain.services.environment import ManageProfile

        try:
            return ManageProfile(self.choices(), self.presets()).show().pins.get("nixpkgs")
        except CapsuleError:
            return None  # every other command says what is wrong with it
