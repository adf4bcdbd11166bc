"""What Capsule keeps: do the databases hold, can the files be read?"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from shlex import quote
from urllib.parse import quote as url_quote

from capsule_adapters.doctor.check import as_diagnosis
from capsule_adapters.store.sqlite_faults import translating
from capsule_adapters.store.state import STATE_MIGRATIONS
from capsule_domain.errors import CapsuleError
from capsule_domain.models.diagnosis import Diagnosis, Verdict, error, ok, skipped
from capsule_domain.models.profile import Environment
from capsule_domain.ports.settings import Choices


def databases(home: Path) -> Iterator[Diagnosis]:
    """SQLite's own quick check of each database; one that is busy is waited for."""
    found = [home / name for name in ("state.db", "metrics.db") if (home / name).is_file()]
    if not found:
        yield skipped("state", "nothing is kept yet")
    for path in found:
        try:
            yield _looked_at(path)
        except CapsuleError as trouble:
            yield as_diagnosis("state", trouble)


def _looked_at(path: Path) -> Diagnosis:
    uri = f"file:{url_quote(str(path))}?mode=ro"
    with translating(path), closing(sqlite3.connect(uri, uri=True, timeout=3.0)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        told = str(answer).partition("\n")[0].lower()
        hint = f"capsule restore, after: mv {quote(str(path))} {quote(f'{path}.damaged')}"
        return error("state", f"{path} is damaged: {told}", hint=hint)
    if path.name == "state.db" and version > len(STATE_MIGRATIONS):
        message = f"{path} was written by a newer Capsule"
        return error("state", message, hint="capsule update, or use the newer Capsule")
    return ok("state", f"{path} is sound")


def configuration(choices: Choices, active: Callable[[], Environment]) -> Iterator[Diagnosis]:
    """Whether the files that a person edits can be read, and the active profile resolves."""
    wrong = False
    for read in (choices.settings, choices.openmesh, choices.profiles):
        try:
            read()
        except CapsuleError as trouble:
            wrong = True
            yield as_diagnosis("configuration", trouble)
    if wrong:
        return
    try:
        environment = active()
    except CapsuleError as trouble:
        yield as_diagnosis("configuration", trouble, verdict=Verdict.ERROR)
        return
    count = len(environment.stacks)
    name = environment.profile.name
    stacks = "stack" if count == 1 else "stacks"
    yield ok("configuration", f"the profile {name} resolves to {count} {stacks}")
