"""The user's choices for watching, and the secrets of channels."""

from contextlib import AbstractContextManager
from typing import Protocol

from capsule_domain.models.channels import ChannelSecrets
from capsule_domain.models.monitoring import MonitoringSettings, TakenOver


class MonitoringChoices(Protocol):
    """monitoring.yml, and channels.yml for the person alone to read.

    Raises ConfigurationError with file, line and field, never with what a secret is;
    StoreError. Every implementation passes tests/contracts/test_monitoring_choices.py.
    """

    def changing(self) -> AbstractContextManager[None]:
        """Read, decide and save as one: until the block ends no other Capsule saves."""

    def take_over(self) -> TakenOver | None:
        """Make a monitoring.yml of the original's form ours; None where there is none.

        The old file is kept beside it, and the secrets in it go to channels.yml.
        """

    def settings(self) -> MonitoringSettings:
        """monitoring.yml, or its defaults. One of the original's form is taken over first."""

    def save(self, settings: MonitoringSettings) -> None:
        """Write monitoring.yml, atomically and under a lock."""

    def secrets(self) -> ChannelSecrets:
        """What opens the channels: the environment first, then channels.yml."""

    def keep(self, secrets: ChannelSecrets) -> None:
        """Write those that are set to channels.yml, 0600; the others there stay as they are."""
