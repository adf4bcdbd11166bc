"""NixOS configurations: what to render, and what was rendered."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from capsule_domain.models.base import Model
from capsule_domain.models.profile import Environment
from capsule_domain.models.secret import SecretsTool

_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_USERNAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}", re.ASCII)
_TIMEZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", re.ASCII)
_PUBLIC_KEY = re.compile(
    r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r" [A-Za-z0-9+/]+={0,3}( [^\r\n\x00]*)?"
)


def _matching(pattern: re.Pattern[str], rule: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(rule)
        return text

    return AfterValidator(check)


Hostname = Annotated[
    str,
    _matching(_HOSTNAME, "a host name is lower-case letters, digits and inner dashes, 63 at most"),
]
Username = Annotated[
    str,
    _matching(_USERNAME, "a user name is lower-case letters, digits, _ and -, 31 at most"),
]
Timezone = Annotated[
    str, _matching(_TIMEZONE, "a time zone is a name such as UTC or Europe/Berlin")
]
PublicKey = Annotated[
    str, _matching(_PUBLIC_KEY, "a public key is one line, such as ssh-ed25519 AAAA… name")
]
Release = Annotated[
    str, _matching(re.compile(r"25\.11|26\.05|26\.11"), "a release is 25.11, 26.05 or 26.11")
]


class NixosPart(StrEnum):
    """Which files to write."""

    ALL = "all"
    HOME_MANAGER = "home-manager"
    FLAKE = "flake"
    HARDWARE = "hardware"


class NixosRequest(Model):
    """What a NixOS configuration is made from.

    `state_version` is the release of the machine's first configuration and never
    changes after; None takes `release`.
    """

    environment: Environment
    hostname: Hostname = "nixos"
    username: Username = "admin"
    release: Release = "26.05"
    state_version: Release | None = None
    timezone: Timezone = "UTC"
    authorized_keys: tuple[PublicKey, ...] = ()
    secrets: SecretsTool | None = None
    host_key: PublicKey | None = None
    part: NixosPart = NixosPart.ALL


class RenderedFile(Model):
    """A file's text and its path, relative to the configuration's folder, with slashes."""

    path: str = Field(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$")
    text: str
    placeholder: bool = False
    """Meant to be replaced by a person: what is there instead of it always stays."""


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
