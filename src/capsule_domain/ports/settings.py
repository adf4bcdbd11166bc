"""The user's own choices."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.profile import Profile


class Settings(Model):
    """config.yml: what is active, and where things were put last."""

    version: int = Field(default=1, ge=1, le=1)
    active_profile: str = "minimal"
    last_configuration: str | None = None
    """The folder that `nixos generate` wrote last."""


class OpenmeshSettings(Model):
    """openmesh.yml: how xNodes are rented."""

    version: int = Field(default=1, ge=1, le=1)
    ssh_key: str | None = None
    ssh_user: str = "root"
    ready_timeout_seconds: float = Field(default=600.0, gt=0)


class Choices(Protocol):
    """The user's own choices, kept in hand-editable files.

    Raises ConfigurationError with file, line and field; StoreError.
    """

    def settings(self) -> Settings:
        """config.yml, or its defaults."""

    def save_settings(self, settings: Settings) -> None:
        """Write config.yml, atomically and under a lock."""

    def openmesh(self) -> OpenmeshSettings:
        """openmesh.yml, or its defaults."""

    def profiles(self) -> Mapping[str, Profile]:
        """The user's own profiles by name, from configs/<profile>.yml."""

    def save_profile(self, profile: Profile) -> None:
        """Write configs/<profile>.yml, atomically and under a lock."""
