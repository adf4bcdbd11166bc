"""generations.json: what was written down of each environment when it was installed."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from shlex import quote

from pydantic import Field, ValidationError

from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_domain.errors import StoreError
from capsule_domain.models.base import Model
from capsule_domain.models.generation import InstalledEnvironment

_LIMIT_BYTES = 64 * 2**20


class _File(Model):
    version: int = Field(default=1, ge=1, le=1)
    environments: tuple[InstalledEnvironment, ...] = ()


def records_in(raw: bytes) -> dict[str, InstalledEnvironment]:
    """What generations.json holds, by store path. Raises pydantic's ValidationError."""
    known = _File.model_validate_json(raw)
    return {record.store_path: record for record in known.environments}


def with_record(
    known: Mapping[str, InstalledEnvironment],
    record: InstalledEnvironment,
    *,
    living: Iterable[str],
) -> bytes:
    """generations.json with `record` besides those whose path is among `living`."""
    alive = set(living)
    kept = {path: one for path, one in known.items() if path in alive}
    kept[record.store_path] = record
    return _File(environments=tuple(kept.values())).model_dump_json(indent=1).encode()


class Records:
    """By store path: a path says by itself what it is, whatever number points to it.

    Whoever calls `keep` holds the lock of the folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, InstalledEnvironment]:
        """Every record by its store path. Raises StoreError."""
        raw = read_limited(self._path, _LIMIT_BYTES)
        if raw is None:
            return {}
        try:
            return records_in(raw)
        except ValidationError as error:
            path = quote(str(self._path))
            raise StoreError(
                f"{self._path} holds what this Capsule cannot read",
                # The generations themselves are Nix's and stay.
                hint=f"mv {path} {path}.unreadable",
            ) from error

    def keep(self, record: InstalledEnvironment, *, living: Iterable[str]) -> None:
        """Remember `record`, and forget those whose path is not among `living`."""
        content = with_record(self.read(), record, living=living)
        make_private_folder(self._path.parent)
        write_atomically(self._path, content)
