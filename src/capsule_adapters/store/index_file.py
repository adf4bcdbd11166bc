"""The SQLite file of an index, as it is written."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from capsule_domain.models.package import IndexAbout, NixosOption, Package

_SCHEMA = """
CREATE TABLE packages (
    attribute TEXT PRIMARY KEY, lower TEXT NOT NULL, leaf TEXT NOT NULL, parent TEXT NOT NULL,
    name TEXT, version TEXT, summary TEXT, licence TEXT,
    unfree INTEGER NOT NULL, is_set INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE options (
    name TEXT PRIMARY KEY, kind TEXT NOT NULL, default_text TEXT, declared TEXT,
    hidden INTEGER NOT NULL, internal INTEGER NOT NULL, removed INTEGER NOT NULL,
    instead TEXT
) WITHOUT ROWID;
CREATE TABLE about (body TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Counted:
    """How many of each an index holds; sets of packages are no packages."""

    packages: int
    options: int


def fill(
    connection: sqlite3.Connection, packages: Iterable[Package], options: Iterable[NixosOption]
) -> Counted:
    """Make the tables in an empty file, and write each thing as it comes.

    Nothing is journalled: a file that is not finished is thrown away.
    """
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript(_SCHEMA)
    insert = "INSERT OR REPLACE INTO packages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    connection.executemany(insert, map(_package_row, packages))
    option = "INSERT OR REPLACE INTO options VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    connection.executemany(option, map(_option_row, options))
    [(found,)] = connection.execute("SELECT count(*) FROM packages WHERE is_set = 0").fetchall()
    [(known,)] = connection.execute("SELECT count(*) FROM options").fetchall()
    return Counted(packages=found, options=known)


def describe(connection: sqlite3.Connection, about: IndexAbout) -> None:
    """Write what the index is, and be done."""
    connection.execute("INSERT INTO about VALUES (?)", (about.model_dump_json(),))
    connection.commit()


def _package_row(package: Package) -> tuple[str | int | None, ...]:
    lower = package.attribute.lower()
    parent, _, _ = package.attribute.rpartition(".")
    return (
        package.attribute,
        lower,
        lower.rpartition(".")[2],
        parent,
        package.name,
        package.version,
        package.summary,
        package.licence,
        package.unfree,
        package.is_set,
    )


def _option_row(option: NixosOption) -> tuple[str | int | None, ...]:
    return (
        option.name,
        option.kind,
        option.default,
        option.declared,
        option.hidden,
        option.internal,
        option.removed,
        option.instead,
    )
