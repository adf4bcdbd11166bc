"""Generate: a profile becomes a NixOS configuration on disk."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from capsule_domain.models.nixos import (
    GeneratedConfiguration,
    NixosPart,
    NixosRequest,
    RenderedFile,
)
from capsule_domain.ports.configurations import SINGLE, Configurations
from capsule_domain.ports.nix_renderer import NixRenderer
from capsule_domain.ports.settings import Choices
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.machine_of_xnode import Machine, MachinesOfXNodes
from capsule_domain.services.nixos_wish import GrantWish, Wish
from capsule_domain.services.refuse_secrets import refuse_secrets
from capsule_domain.services.secret_refs import secret_needs

HARDWARE_FILE = "hardware-configuration.nix"


@dataclass(frozen=True)
class Generate:
    """Renders a profile for a host, writes it, and remembers the host as the last one."""

    profiles: ManageProfile
    renderer: NixRenderer
    configurations: Configurations
    choices: Choices
    machines: Callable[[], MachinesOfXNodes]
    grant: GrantWish = field(default_factory=GrantWish)

    def run(
        self,
        wish: Wish | None = None,
        *,
        xnode: str | None = None,
        output: str | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> GeneratedConfiguration:
        """Write the files of a wish; a dry run only says which.

        An `xnode` gives its name, its profile, its hardware and the key that opens it, as
        far as the wish does not. A host keeps the `system.stateVersion` of its first
        generation. Raises UsageError for a value that has not its form, NotFound, Conflict
        for files edited by hand unless `force`, and for a secret among them, StoreError.
        """
        wish = wish or Wish()
        machine = None
        if xnode is not None:
            machine = self.machines().one(xnode)
            wish = of_machine(wish, machine)
        environment = self.profiles.show(wish.profile)
        known = {"hardware": machine.hardware, "host_key": machine.host_key} if machine else {}
        request = self.grant.request(wish, environment, **known)
        folder = self.configurations.folder(request.hostname, output)
        first = self.configurations.state_versions(folder).get(SINGLE) or self._of_fleet(request)
        request = request.model_copy(update={"state_version": first})
        files = [marked(file, request.part) for file in self.renderer.configuration(request)]
        refuse_secrets(files)
        written = [file.path for file in files]
        if not dry_run:
            versions = {SINGLE: first}
            written = list(
                self.configurations.write(folder, files, state_versions=versions, force=force)
            )
            remember(self.choices, folder)
        return generated(request, folder, files, written, machine)

    def _of_fleet(self, request: NixosRequest) -> str:
        """What the host began with as a part of the fleet, if it did."""
        fleet = self.configurations.state_versions(self.configurations.fleet_folder())
        return fleet.get(request.hostname, request.release)


def of_machine(wish: Wish, machine: Machine) -> Wish:
    """The wish, with what is known of the xNode where a person said nothing."""
    changes: dict[str, Any] = {
        "hostname": machine.xnode.name,
        "authorized_keys": (*wish.authorized_keys, machine.public_key),
        "profile": wish.profile or machine.xnode.profile,
    }
    return replace(wish, **changes)


def marked(file: RenderedFile, part: NixosPart) -> RenderedFile:
    """The hardware's file is a placeholder, unless it is what was asked for."""
    is_hardware = PurePath(file.path).name == HARDWARE_FILE
    if is_hardware and part is not NixosPart.HARDWARE:
        return file.model_copy(update={"placeholder": True})
    return file


def remember(choices: Choices, folder: PurePath) -> None:
    """What was generated last is what other commands look at."""
    with choices.changing():
        settings = choices.settings()
        if settings.last_configuration != str(folder):
            changed = settings.model_copy(update={"last_configuration": str(folder)})
            choices.save_settings(changed)


def generated(
    request: NixosRequest,
    folder: PurePath,
    files: Sequence[RenderedFile],
    written: Sequence[str],
    machine: Machine | None = None,
) -> GeneratedConfiguration:
    """What came of a request."""
    return GeneratedConfiguration(
        hostname=request.hostname,
        folder=str(folder),
        release=request.release,
        state_version=request.state_version or request.release,
        profile=request.environment.profile.name,
        files=tuple(written),
        kept=tuple(file.path for file in files if file.path not in written),
        hardware=request.hardware.origin if request.hardware else None,
        remarks=tuple(_remarks(request, machine)),
    )


def _remarks(request: NixosRequest, machine: Machine | None) -> Iterator[str]:
    if machine and machine.remark:
        yield machine.remark
    if request.secrets is not None and not secret_needs(request):
        yield f"--secrets {request.secrets}: no stack of this profile needs a secret"
