"""The index of a nixpkgs: one SQLite file, made anew each time and never changed."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder, sync_file, sync_folder
from capsule_adapters.store.index_file import describe, fill
from capsule_adapters.store.lock import FileLock
from capsule_adapters.store.prefixes import prefix_range, storable
from capsule_adapters.store.sqlite_faults import translating
from capsule_domain.errors import ConfigurationError, StoreError
from capsule_domain.models.option_path import split_option
from capsule_domain.models.package import IndexAbout, NixosOption, Nixpkgs, Package

_FIND = """
SELECT attribute, name, version, summary, licence, unfree, is_set FROM packages
WHERE attribute = ?
"""
_SEARCH = """
SELECT attribute, name, version, summary, licence, unfree, is_set FROM packages
WHERE is_set = 0
  AND (instr(lower, ?1) OR instr(lower(coalesce(summary, '')), ?1))
  AND (instr(lower, ?2) OR instr(lower(coalesce(summary, '')), ?2))
  AND (instr(lower, ?3) OR instr(lower(coalesce(summary, '')), ?3))
  AND (instr(lower, ?4) OR instr(lower(coalesce(summary, '')), ?4))
ORDER BY CASE
    WHEN lower = ?1 THEN 0 WHEN leaf = ?1 THEN 1 WHEN instr(lower, ?1) = 1 THEN 2
    WHEN instr(leaf, ?1) = 1 THEN 3 WHEN instr(lower, ?1) THEN 4 ELSE 5 END,
  length(lower), lower, attribute
LIMIT ?5
"""
_NEAR = """
SELECT attribute FROM packages
WHERE lower(parent) = ?1 AND is_set = 0 AND length(leaf) BETWEEN ?2 - 2 AND ?2 + 2
  AND (substr(leaf, 1, 2) = substr(?3, 1, 2) OR substr(leaf, -2) = substr(?3, -2)
       OR substr(leaf, 1, 1) = substr(?3, 1, 1) AND substr(leaf, -1) = substr(?3, -1))
"""
_BEGINNING = """
SELECT attribute FROM packages
WHERE attribute BETWEEN ? AND ? AND is_set = 0 ORDER BY attribute LIMIT ?
"""
_OPTIONS = """
SELECT name, kind, default_text, declared, hidden, internal, removed, instead FROM options
"""
_BESIDE = """
SELECT substr(name, ?3) FROM options
WHERE name BETWEEN ?1 AND ?2 AND hidden = 0 AND internal = 0
"""
_WORDS = 4
_REMEDY = "capsule pkg index"
_WAITING_SECONDS = 1.0
_LONGEST_QUERY = 200


class SqliteIndex:
    """`PackageIndex` in `<home>/index/packages.db`.

    Each question opens the file as one that nobody changes: it takes no lock, and a new
    index, which replaces the file whole, is in nobody's way.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "index"
        self._file = self._folder / "packages.db"

    def about(self) -> IndexAbout | None:
        """What the index was built from; None when there is none."""
        with reporting("read", self._file):
            if not self._file.exists():
                return None
        [(body,)] = self._rows("SELECT body FROM about") or [("",)]
        try:
            return IndexAbout.model_validate_json(body)
        except ValidationError as error:
            raise StoreError(f"{self._file} is no index of this Capsule", hint=_REMEDY) from error

    def find(self, attribute: str) -> Package | None:
        """The package, or the set of packages, of exactly that attribute path."""
        if not storable(attribute):
            return None
        rows = self._rows(_FIND, (attribute,))
        return next(map(_package, rows), None)

    def covers(self, attribute: str) -> bool:
        """Whether not finding it means that there is none: its set is in the index."""
        parent, dot, _ = attribute.rpartition(".")
        if not dot or self.find(attribute.partition(".")[0]) is None:
            return True
        known = "SELECT 1 FROM packages WHERE parent = ? LIMIT 1"
        return storable(parent) and bool(self._rows(known, (parent,)))

    def near(self, attribute: str) -> Sequence[str]:
        """Attributes of the same set, about as long, that share the beginning or the end."""
        if not storable(attribute):
            return []
        parent, _, leaf = attribute.lower().rpartition(".")
        rows = self._rows(_NEAR, (parent, len(leaf), leaf))
        return [row[0] for row in rows]

    def search(self, text: str, *, limit: int) -> Sequence[Package]:
        """Packages whose attribute or summary has the first four words of `text`, best first."""
        words = text[:_LONGEST_QUERY].lower().split()[:_WORDS]
        if not words or not all(map(storable, words)):
            return []
        filled = (*words, *[""] * (_WORDS - len(words)))  # everything has the empty word
        return [_package(row) for row in self._rows(_SEARCH, (*filled, limit))]

    def beginning(self, prefix: str, *, limit: int) -> Sequence[str]:
        """Attributes of packages that begin with `prefix`, sorted."""
        if not storable(prefix):
            return []
        rows = self._rows(_BEGINNING, (*prefix_range(prefix), limit))
        return [row[0] for row in rows]

    def option(self, name: str) -> NixosOption | None:
        """The NixOS option of exactly that name."""
        if not storable(name):
            return None
        rows = self._rows(f"{_OPTIONS} WHERE name = ?", (name,))
        return next(map(_option, rows), None)

    def options_below(self, prefix: str) -> Sequence[NixosOption]:
        """The option of that name and all whose path goes on from there, sorted by name."""
        if not storable(prefix):
            return []
        where = "WHERE name = ? OR name BETWEEN ? AND ? ORDER BY name"
        rows = self._rows(f"{_OPTIONS} {where}", (prefix, *prefix_range(f"{prefix}.")))
        return [_option(row) for row in rows]

    def options_beside(self, prefix: str) -> Sequence[str]:
        """The next name of each option's path below `prefix`, sorted; "" is the top."""
        start = f"{prefix}." if prefix else ""
        if not storable(start):
            return []
        rows = self._rows(_BESIDE, (*prefix_range(start), len(start) + 1))
        return sorted({split_option(row[0])[0] for row in rows})

    def replace(
        self,
        nixpkgs: Nixpkgs,
        packages: Iterable[Package],
        options: Iterable[NixosOption],
        *,
        built_at: datetime,
        skipped: Callable[[], int] = int,
    ) -> IndexAbout:
        """Fill a new file beside the old one, and move it into its place."""
        make_private_folder(self._folder)
        with FileLock(self._folder / ".lock", timeout_seconds=_WAITING_SECONDS):
            new = self._folder / ".packages.db.new"
            with reporting("write", new):
                new.unlink(missing_ok=True)
                new.touch(mode=0o600)
            try:
                with translating(new), closing(sqlite3.connect(new)) as connection:
                    counted = fill(connection, packages, options)
                    about = IndexAbout(
                        nixpkgs=nixpkgs,
                        built_at=built_at,
                        packages=counted.packages,
                        options=counted.options,
                        skipped=skipped(),
                    )
                    describe(connection, about)
                with reporting("write", self._file):
                    sync_file(new)
                    new.replace(self._file)
                    sync_folder(self._folder)
            finally:
                with suppress(OSError):
                    new.unlink(missing_ok=True)
        return about

    def _rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[str, ...]]:
        with reporting("read", self._file):
            if not self._file.exists():
                raise ConfigurationError("there is no index of packages yet", hint=_REMEDY)
        address = f"{self._file.absolute().as_uri()}?mode=ro&immutable=1"
        with self._readable(), closing(sqlite3.connect(address, uri=True)) as connection:
            return connection.execute(query, parameters).fetchall()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """A file that is not what we wrote is replaced by indexing again."""
        try:
            with translating(self._file):
                yield
        except StoreError as error:
            raise StoreError(error.message, hint=_REMEDY) from error


def _package(row: Sequence[object]) -> Package:
    attribute, name, version, summary, licence, unfree, is_set = row
    return Package.model_validate(
        {
            "attribute": attribute,
            "name": name,
            "version": version,
            "summary": summary,
            "licence": licence,
            "unfree": bool(unfree),
            "is_set": bool(is_set),
        }
    )


def _option(row: Sequence[object]) -> NixosOption:
    name, kind, default, declared, hidden, internal, removed, instead = row
    return NixosOption.model_validate(
        {
            "name": name,
            "kind": kind,
            "default": default,
            "declared": declared,
            "hidden": bool(hidden),
            "internal": bool(internal),
            "removed": bool(removed),
            "instead": instead,
        }
    )
