"""A database's schema: whose it is, which version, and the way to the newest."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote

from capsule_domain.errors import StoreError

APPLICATION_ID = 0x43415053
"""`CAPS`: written into our files, so that another program's database is not taken for ours."""


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    """Bring the schema to its newest version, each step in a transaction of its own.

    `PRAGMA user_version` counts the steps done. Another process may do the same at
    the same time. Raises StoreError for a database that a newer
    Capsule wrote.
    """
    for number, script in enumerate(migrations, start=1):
        if _version(connection) < number:
            _apply(connection, number, script)
    found, known = _version(connection), len(migrations)
    if found > known:
        raise StoreError(
            f"{path} was written by a newer Capsule: "
            f"its schema is version {found}, this Capsule knows {known}",
            hint="use the newer Capsule, or another --home",
        )


def refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError for another program's database, before anything is changed in it."""
    # In this order: the tables and the mark of a new database appear in one transaction.
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    if tables and owner != APPLICATION_ID:
        raise StoreError(
            f"{path} is another program's database",
            hint=f"mv {quote(str(path))} {quote(str(path) + '.orig')}",
        )


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    """Apply migration `number`, unless another process did meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _version(connection) < number:
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """The statements of a script. (`executescript` would commit before its first.)"""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
