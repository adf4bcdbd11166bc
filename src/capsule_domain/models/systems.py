"""NixOS systems of a configuration: where they are, and what evaluating them showed."""

import shlex

from pydantic import Field

from capsule_domain.models.base import Model


class SystemsSource(Model):
    """Systems by a flake's folder, or by the file that each host's configuration begins with.

    `locked` says that the flake's inputs are: then its own nixpkgs holds.
    """

    flake: str | None = None
    locked: bool = False
    files: dict[str, str] = Field(default_factory=dict)

    @property
    def how_to_pin(self) -> str:
        """What a person does so that it is told which nixpkgs is meant."""
        if self.flake is None:
            return "--nixpkgs FOLDER"
        return f"nix flake lock {shlex.quote(f'path:{self.flake}')}"


class Fault(Model):
    """Why a system cannot be evaluated, in Nix's own words, as far as it says where.

    `option` is the one that the words are about.
    """

    message: str
    file: str | None = None
    line: int | None = None
    option: str | None = None


class SystemReport(Model):
    """One host, evaluated: `derivation` is the system, None when it comes to none."""

    host: str
    derivation: str | None = None
    assertions: tuple[str, ...] = ()
    """Those that do not hold."""
    warnings: tuple[str, ...] = ()
    fault: Fault | None = None


class SystemsReport(Model):
    """All hosts of a configuration.

    `left_out` were not evaluated, because too many before them could not be. `stubbed`
    are inputs of a flake that nobody locked: their modules were taken as they are named.
    """

    systems: tuple[SystemReport, ...] = ()
    left_out: tuple[str, ...] = ()
    stubbed: tuple[str, ...] = ()
