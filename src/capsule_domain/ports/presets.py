"""Stacks, profiles and sprouts: the built-in ones and the user's own."""

from collections.abc import Mapping
from typing import Protocol

from capsule_domain.models.profile import Profile
from capsule_domain.models.sprout import Sprout
from capsule_domain.models.stack import Stack


class Presets(Protocol):
    """What ships with Capsule, and the user's own stacks and sprouts in the same form.

    Raises ConfigurationError, with file and line, for a preset that does not hold, and
    StoreError for one that cannot be read.
    """

    def stacks(self) -> Mapping[str, Stack]:
        """Every stack by name; a user's own overrides a built-in one."""

    def profiles(self) -> Mapping[str, Profile]:
        """The built-in profiles by name."""

    def sprouts(self) -> Mapping[str, Sprout]:
        """Every sprout by name; a user's own overrides a built-in one."""
