"""NixOS configurations: what to render, and what was rendered."""

from enum import StrEnum

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.hardware import Hardware
from capsule_domain.models.machine_names import (
    Disk,
    DomainName,
    Email,
    Hostname,
    PublicKey,
    Release,
    Timezone,
    Username,
)
from capsule_domain.models.option import OptionSetting
from capsule_domain.models.profile import Environment
from capsule_domain.models.secret import SecretsTool


class NixosPart(StrEnum):
    """Which files to write."""

    ALL = "all"
    HOME_MANAGER = "home-manager"
    FLAKE = "flake"
    HARDWARE = "hardware"


class NixosRequest(Model):
    """What a NixOS configuration is made from.

    `state_version` is the release of the machine's first configuration and never
    changes after; None takes `release`. `hardware` None is not known: the machine writes
    it down itself. `settings` are options that a person set by hand.
    """

    environment: Environment
    hostname: Hostname = "nixos"
    username: Username = "admin"
    release: Release = "26.05"
    state_version: Release | None = None
    timezone: Timezone = "UTC"
    authorized_keys: tuple[PublicKey, ...] = ()
    domain: DomainName | None = None
    email: Email | None = None
    disk: Disk | None = None
    hardware: Hardware | None = None
    settings: tuple[OptionSetting, ...] = ()
    secrets: SecretsTool | None = None
    host_key: PublicKey | None = None
    part: NixosPart = NixosPart.ALL


class RenderedFile(Model):
    """A file's text and its path, relative to the configuration's folder, with slashes."""

    path: str = Field(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$")
    text: str
    placeholder: bool = False
    """Meant to be replaced by a person: what a person put there instead always stays."""
    only_over: tuple[str, ...] | None = None
    """A placeholder that stands only where nothing is, or one of these texts; None: where
    Capsule's own file is.
    """


class PreviewFormat(StrEnum):
    """What `preview` renders: a buildEnv, NixOS, Home Manager, a flake, a development shell."""

    ENV = "env"
    NIXOS = "nixos"
    HOME = "home"
    FLAKE = "flake"
    SHELL = "shell"


class GeneratedConfiguration(Model):
    """A configuration on disk: its folder, and the files in it that were written."""

    hostname: str
    folder: str
    release: str
    state_version: str
    profile: str
    files: tuple[str, ...]
    """What was written."""
    kept: tuple[str, ...] = ()
    """What stands in a placeholder's stead, and was left as it is."""
    hardware: str | None = None
    """How the machine's hardware is known; None: it is not."""
    remarks: tuple[str, ...] = ()
    """What a person should know of how it came to this."""


class GeneratedFleet(Model):
    """The configuration of a whole fleet on disk: one flake, a folder for each host."""

    folder: str
    release: str
    hosts: tuple[GeneratedConfiguration, ...]
    files: tuple[str, ...]
    kept: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
