"""Generations: each state that a Nix profile had, and what was in it."""

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.forecast import Forecast, LockedNixpkgs


class Generation(Model):
    """One generation of a Nix profile. In JSON its names are those of NixOS: `storePath`.

    What only a whole system has is None for a user's environment, and `profile` is
    None for a generation that Capsule did not make.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )

    generation: int = Field(ge=0)
    date: Moment
    profile: str | None = None
    current: bool = False
    store_path: str
    nixos_version: str | None = None
    kernel_version: str | None = None
    configuration_revision: str | None = None
    specialisations: tuple[str, ...] = ()
    running: bool | None = None
    booted: bool | None = None


class InstalledEnvironment(Model):
    """What was written down of an environment when it was installed.

    `packages` are attribute paths into nixpkgs, those of Python with their
    `python3Packages.`; `versions` has those that are known. `flake` and `lock` are
    the texts that it was made from.
    """

    store_path: str
    profile: str
    stacks: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    flake: str
    flake_sha256: str
    lock: str | None = None
    installed_at: Moment


class PackageRow(Model):
    """A package as `capsule list` shows it. `version` is None where nobody knows it."""

    package: str
    wanted: bool
    installed: bool
    missing: bool
    version: str | None = None


class Activation(Model):
    """What `setup` would do or did; `generation` is the one that is current after it.

    `changed` is False when the environment is installed already. `path` is the folder
    that belongs on PATH. `updated` has packages whose version changes, as `14.1 → 14.2`.
    """

    profile: str
    changed: bool
    generation: int | None = None
    store_path: str
    link: str
    path: str
    on_path: bool = False
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    updated: dict[str, str] = Field(default_factory=dict)
    nixpkgs: LockedNixpkgs = LockedNixpkgs()
    forecast: Forecast
    warnings: tuple[str, ...] = ()
