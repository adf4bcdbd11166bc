"""Reset: back to the defaults, after a backup."""

from collections.abc import Sequence
from dataclasses import dataclass

from capsule_domain.models.reset import ResetDone
from capsule_domain.ports.backups import Backups
from capsule_domain.ports.settings import Choices, Settings

NOTE = "before reset"


@dataclass(frozen=True)
class Reset:
    """Takes away config.yml and the user's own profiles, also those that do not hold."""

    choices: Choices
    backups: Backups

    def plan(self) -> Sequence[str]:
        """What would be removed, as paths inside the home."""
        return tuple(self.choices.files())

    def run(self, *, dry_run: bool = False) -> ResetDone:
        """Back everything up, then remove exactly that. Nothing to remove is a success.

        Raises Conflict when another Capsule changed something after the backup; nothing
        is removed then. StoreError.
        """
        files = self.choices.files()
        backup = None
        if files and not dry_run:
            backup = self.backups.save(note=NOTE)
            self.choices.clear(files)
        active = Settings().active_profile
        return ResetDone(active_profile=active, removed=tuple(files), backup=backup)
