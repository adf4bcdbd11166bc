"""Archives of the home."""

from typing import Protocol

from capsule_domain.models.backup import Archive, Snapshot


class Backups(Protocol):
    """Archives of the home, in `<home>/backups` unless a file is named.

    Every implementation passes tests/contracts/test_backups.py. Fails with StoreError for
    what cannot be read or written or is of a newer Capsule, ConfigurationError for an
    archive that is damaged or was tampered with, NotFound and Conflict.
    """

    def save(self, *, note: str, file: str | None = None, with_secrets: bool = False) -> str:
        """Write an archive, for its owner alone, and return its absolute path.

        None is `<home>/backups/<UTC time>.tar.gz`. Credentials and private keys are left
        out without `with_secrets`. Raises Conflict when `file` is there already.
        """

    def newest(self) -> str:
        """The newest archive in `<home>/backups`. Raises NotFound when there is none."""

    def here(self, *, with_secrets: bool) -> Snapshot:
        """The home as an archive of now would hold it."""

    def look(self, file: str) -> Archive:
        """Read an archive whole and verify it; nothing is written. Raises NotFound."""

    def restore(self, archive: Archive, *, keep_state: bool) -> str:
        """Make the home what `archive` holds, all or nothing; returns a backup made before.

        What a backup would hold and the archive does not is removed, but for secrets when
        the archive has none. `keep_state` leaves state.db as it is; it is never removed.
        Raises Conflict when the archive is another than the one that was looked at.
        """
