"""The user's own choices."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from pydantic import Field, field_validator

from capsule_domain.models.base import Model
from capsule_domain.models.budget import Budget
from capsule_domain.models.machine_names import DomainName, Email
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.profile import Profile
from capsule_domain.models.wallet import Wallet


class Settings(Model):
    """config.yml: what is active, and where things were put last."""

    version: int = Field(default=1, ge=1, le=1)
    active_profile: str = "minimal"
    last_configuration: str | None = None
    """The folder that `nixos generate` wrote last."""


class OpenmeshSettings(Model):
    """openmesh.yml: whose xNodes these are, and how they are rented."""

    version: int = Field(default=1, ge=1, le=1)
    owner: Wallet | None = None
    domain: DomainName | None = None
    email: Email | None = None
    default_os: OperatingSystem = OperatingSystem.STOCK
    ssh_key: str | None = Field(default=None, min_length=1)
    """Path of the key file that opens them; None takes Capsule's own."""
    ssh_user: str = "root"
    ready_timeout_seconds: float = Field(default=600.0, gt=0)
    budgets: tuple[Budget, ...] = ()

    @field_validator("budgets")
    @classmethod
    def _each_once(cls, budgets: tuple[Budget, ...]) -> tuple[Budget, ...]:
        for number, budget in enumerate(budgets):
            if any(budget.replaces(other) for other in budgets[:number]):
                raise ValueError(f"there are two for {budget.title} in {budget.limit.currency}")
        return budgets


class Choices(Protocol):
    """The user's own choices, kept in hand-editable files.

    Raises ConfigurationError with file, line and field; StoreError.
    """

    def changing(self) -> AbstractContextManager[None]:
        """Read, decide and save as one: until the block ends no other Capsule saves.

        Others wait for it, some seconds at most. May be nested. It undoes nothing.
        """

    def settings(self) -> Settings:
        """config.yml, or its defaults."""

    def save_settings(self, settings: Settings) -> None:
        """Write config.yml, atomically and under a lock."""

    def openmesh(self) -> OpenmeshSettings:
        """openmesh.yml, or its defaults."""

    def save_openmesh(self, settings: OpenmeshSettings) -> None:
        """Write openmesh.yml, atomically and under a lock."""

    def profiles(self) -> Mapping[str, Profile]:
        """The user's own profiles by name, from configs/<profile>.yml."""

    def profile_names(self) -> Sequence[str]:
        """The names of the user's own profiles, sorted, also of those that do not hold."""

    def profile(self, name: str) -> Profile | None:
        """One of the user's own profiles, whatever state the others are in."""

    def save_profile(self, profile: Profile) -> None:
        """Write configs/<profile>.yml, atomically and under a lock."""

    def delete_profile(self, name: str) -> None:
        """Remove configs/<name>.yml, also one that does not hold. One already gone is a success."""

    def files(self) -> Mapping[str, str]:
        """config.yml and the user's own profiles: paths inside the home, sorted, each with
        a fingerprint of what it holds.
        """

    def clear(self, files: Mapping[str, str]) -> None:
        """Remove what `files` told, whatever it holds: the defaults are back then.

        Raises Conflict, and removes nothing, when anything changed since it was told.
        """
