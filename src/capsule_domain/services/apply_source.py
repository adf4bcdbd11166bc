"""Which configuration is meant for a machine, and which host of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from capsule_domain.errors import ConfigurationError, NotFound, ToolMissing
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.models.secret import Leak
from capsule_domain.models.setting import Kind
from capsule_domain.models.systems import SystemsSource
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.configurations import SINGLE, Configurations
from capsule_domain.ports.module_reader import ModuleReader
from capsule_domain.ports.nix_systems import NixSystems, Progress
from capsule_domain.ports.package_index import PackageIndex
from capsule_domain.ports.settings import Choices
from capsule_domain.ports.system_builder import BuildOrder
from capsule_domain.services.find_systems import (
    configurations,
    last_configuration,
    named_hosts,
    nixpkgs_at_hand,
    systems_source,
)
from capsule_domain.services.refuse_secrets import leaks


@dataclass(frozen=True)
class HostSource:
    """One host of a configuration. `leaks` are secrets in its files."""

    place: str
    order: BuildOrder
    leaks: Sequence[Leak]


@dataclass(frozen=True)
class FindSource:
    """Finds the configuration of a machine.

    Raises NotFound, ConfigurationError, StoreError; ToolMissing for a nixpkgs that is named where
    there is no Nix.
    """

    configurations: Configurations
    choices: Choices
    reader: ModuleReader
    systems: NixSystems
    index: PackageIndex

    def named(
        self, place: str | None, host: str | None, nixpkgs: str | None, progress: Progress
    ) -> HostSource:
        """That of a folder or file, None for the one generated last; its only host, or `host`."""
        found = last_configuration(self.choices.settings()) if place is None else place
        return self._source(found, host, nixpkgs, progress)

    def of_xnode(self, xnode: XNode, nixpkgs: str | None, progress: Progress) -> HostSource:
        """The one that was generated for it: alone, or as a part of the fleet; of both the one
        that was generated last, else its own.
        """
        own, fleet = self.configurations.folder(xnode.name), self.configurations.fleet_folder()
        folders = [
            *([own] if SINGLE in self.configurations.state_versions(own) else []),
            *([fleet] if xnode.name in self.configurations.state_versions(fleet) else []),
        ]
        if not folders:
            raise ConfigurationError(
                f"no configuration was generated for {xnode.name}",
                hint=f"capsule nixos generate --xnode {xnode.name}",
            )
        last = self.choices.settings().last_configuration
        chosen = next((folder for folder in folders if str(folder) == last), folders[0])
        host = xnode.name if chosen == fleet else None
        return self._source(str(chosen), host, nixpkgs, progress)

    def _source(
        self, place: str, host: str | None, nixpkgs: str | None, progress: Progress
    ) -> HostSource:
        files = self.configurations.nix_files(place)
        source = systems_source(files, self.configurations)
        if source is None:
            raise ConfigurationError(
                f"{place}: no configuration.nix and no flake.nix", hint="capsule nixos generate"
            )
        chosen = self._host(files, source, host)
        order = BuildOrder(
            source=source, host=chosen, nixpkgs=self._nixpkgs(source, nixpkgs, progress)
        )
        return HostSource(place, order, self._leaks(files))

    def _host(self, files: Sequence[PurePath], source: SystemsSource, host: str | None) -> str:
        found = configurations(files)
        if host is not None:
            if source.flake is None and host not in found:
                raise NotFound("host", host, known=found)
            return host
        if len(found) > 1:
            raise ConfigurationError(
                f"several hosts are there: {named_hosts(found)}", hint="say which: --hostname NAME"
            )
        if source.flake is None:
            return next(iter(found))
        return self._called(found) or PurePath(source.flake).name

    def _called(self, found: dict[str, str]) -> str | None:
        """A flake calls a host as it calls itself, if it was written as ours are."""
        for file in found.values():
            for setting in self.reader.read([PurePath(file)]).settings:
                value = setting.value
                if tuple(map(str, setting.path)) == _HOST_NAME and value.kind is Kind.TEXT:
                    return str(value.said)
        return None

    def _nixpkgs(self, source: SystemsSource, given: str | None, progress: Progress) -> str | None:
        """None for a flake that is locked, and where the machine's own is to be taken."""
        if source.locked:
            return None
        try:
            return nixpkgs_at_hand(self.systems, self.index, given, progress)
        except ToolMissing:
            if given is not None:  # a folder of this machine is of use to a Nix of this machine
                raise
            return None

    def _leaks(self, files: Sequence[PurePath]) -> Sequence[Leak]:
        read = [
            # Not as `RenderedFile(…)`: a person's files may be called as they like.
            RenderedFile.model_construct(path=str(file), text=self.configurations.text(str(file)))
            for file in files
        ]
        return leaks(read)


_HOST_NAME = ("networking", "hostName")
