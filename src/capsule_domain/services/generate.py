"""Generate: a profile becomes a NixOS configuration on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from capsule_domain.errors import UsageError
from capsule_domain.models.nixos import (
    GeneratedConfiguration,
    NixosPart,
    NixosRequest,
    RenderedFile,
)
from capsule_domain.ports.configurations import Configurations
from capsule_domain.ports.nix_renderer import NixRenderer
from capsule_domain.ports.settings import Choices
from capsule_domain.services.environment import ManageProfile

HARDWARE_FILE = "hardware-configuration.nix"


@dataclass(frozen=True)
class Generate:
    """Renders a profile for a host, writes it, and remembers the host as the last one."""

    profiles: ManageProfile
    renderer: NixRenderer
    configurations: Configurations
    choices: Choices

    def run(
        self,
        *,
        profile: str | None = None,
        hostname: str = "nixos",
        username: str = "admin",
        release: str = "26.05",
        timezone: str = "UTC",
        authorized_keys: Sequence[str] = (),
        part: NixosPart = NixosPart.ALL,
        output: str | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> GeneratedConfiguration:
        """Write the files of `part`; `profile` None is the active one; a dry run only says.

        A host keeps the `system.stateVersion` of its first generation. Raises UsageError
        for a value that has not its form, NotFound, Conflict for files edited by hand
        unless `force`, StoreError.
        """
        request = _request(
            environment=self.profiles.show(profile),
            hostname=hostname,
            username=username,
            release=release,
            timezone=timezone,
            authorized_keys=tuple(authorized_keys),
            part=part,
        )
        folder = self.configurations.folder(hostname, output)
        first = self.configurations.state_version(folder) or request.release
        request = request.model_copy(update={"state_version": first})
        files = [_marked(file, request.part) for file in self.renderer.configuration(request)]
        written = [file.path for file in files]
        if not dry_run:
            written = list(
                self.configurations.write(folder, files, state_version=first, force=force)
            )
            self._remember(str(folder))
        return GeneratedConfiguration(
            hostname=hostname,
            folder=str(folder),
            release=request.release,
            state_version=first,
            profile=request.environment.profile.name,
            files=tuple(written),
            kept=tuple(file.path for file in files if file.path not in written),
        )

    def _remember(self, folder: str) -> None:
        with self.choices.changing():
            settings = self.choices.settings()
            if settings.last_configuration != folder:
                changed = settings.model_copy(update={"last_configuration": folder})
                self.choices.save_settings(changed)


def _marked(file: RenderedFile, part: NixosPart) -> RenderedFile:
    """The hardware's file is a placeholder, unless it is what was asked for."""
    if file.path == HARDWARE_FILE and part is not NixosPart.HARDWARE:
        return file.model_copy(update={"placeholder": True})
    return file


def _request(**values: Any) -> NixosRequest:
    try:
        return NixosRequest(**values)
    except ValidationError as error:
        first = error.errors()[0]
        option = f"--{str(first['loc'][0]).replace('_', '-').removesuffix('s')}"
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{option}: {reason}", hint="capsule nixos generate --help") from error
