"""Validate: is a configuration sound, as far as this machine can tell?"""

from dataclasses import dataclass

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.finding import Validation
from capsule_domain.ports.configurations import Configurations
from capsule_domain.ports.nix_tool import NixTool
from capsule_domain.ports.settings import Choices

SYNTAX = "syntax"

_NO_NIX = "Nix is not installed, so nothing was checked"
_NO_HIGHER = "the levels options, eval and build are not built yet"


@dataclass(frozen=True)
class Validate:
    """Checks a configuration at the highest level there is, and says which that was."""

    nix_tool: NixTool
    configurations: Configurations
    choices: Choices

    def run(self, path: str | None = None) -> Validation:
        """Check a folder or one file; None is the configuration generated last.

        Level None means that Nix is absent and nothing was checked. Raises
        ConfigurationError when there is nothing to check, NotFound, HostError.
        """
        place = self._default() if path is None else path
        files = self.configurations.nix_files(place)
        if not files:
            raise ConfigurationError(f"{place}: holds no .nix file", hint="capsule nixos generate")
        names = tuple(map(str, files))
        if self.nix_tool.version() is None:
            return Validation(level=None, why=_NO_NIX, files=names)
        findings = tuple(self.nix_tool.parse(files))
        return Validation(level=SYNTAX, why=_NO_HIGHER, files=names, findings=findings)

    def _default(self) -> str:
        folder = self.choices.settings().last_configuration
        if folder is None:
            raise ConfigurationError(
                "no configuration was generated yet", hint="capsule nixos generate"
            )
        return folder
