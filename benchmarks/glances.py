"""How long the quick looks take at 100,000 xNodes: `openmesh` alone, the start page, completion.

    .venv/bin/python benchmarks/glances.py [--xnodes 100000] [--dry-run]

The fleet is that of benchmarks/inventory.py, which makes it. Each look is asked many times of the
inventory, and of the same file by bare `sqlite3` queries that answer the same. Writes
benchmarks/results/glances.md.
"""

import argparse
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from capsule_adapters.providers import PROVIDERS
from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.ledger import SqliteLedger
from capsule_adapters.store.state import state_database
from capsule_domain.models.billing import Terms
from capsule_domain.services.dashboard import dashboard
from capsule_domain.services.living import meant

RESULTS = Path(__file__).parent / "results" / "glances.md"
ROUNDS, MOST = 15, 200
REMOVED = "node-77"
LAST = "\U0010ffff"
RATES = """
    SELECT currency, sum(hourly), sum(monthly) FROM xnode_spans
    WHERE end_us IS NULL AND (running = 1 OR provider NOT IN (?, ?)) GROUP BY 1
"""
STOPPED = """
    SELECT name FROM xnodes WHERE status = 'stopped' AND provider NOT IN (?, ?)
    ORDER BY name LIMIT 20
"""
NAMES = "SELECT name FROM xnodes WHERE gone = 0 AND name BETWEEN ? AND ? ORDER BY name LIMIT ?"
TAGS = """
    SELECT DISTINCT tag FROM xnode_tags JOIN xnodes ON id = xnode_id
    WHERE gone = 0 AND tag BETWEEN ? AND ? ORDER BY tag LIMIT ?
"""
HISTORY = """
    SELECT * FROM xnode_changes WHERE xnode_id = (
        SELECT xnode_id FROM xnode_changes WHERE action = 'removed' AND name = ?
        ORDER BY sequence DESC LIMIT 1
    )
"""

Look = Callable[[], object]


def ours(home: Path) -> dict[str, Look]:
    """As the commands ask."""
    database = state_database(home)
    inventory, ledger = SqliteInventory(database), SqliteLedger(database)
    terms = {name: Terms.of(cloud.capabilities) for name, cloud in PROVIDERS.items()}
    return {
        "`openmesh` alone": lambda: dashboard(
            inventory,
            [],
            ledger.rates(terms.__getitem__),
            configured=[*PROVIDERS],
            known=len(PROVIDERS),
            owned=True,
            bills_when_stopped=lambda name: terms[name].bills_when_stopped,
        ),
        "`capsule` alone": inventory.count,
        "completing a name": lambda: inventory.names("node-12", limit=MOST),
        "completing a tag": lambda: inventory.tags("team-", limit=MOST),
        "the history of one that was removed": lambda: inventory.changes(
            inventory.removed(REMOVED)
        ),
        "one by its name": lambda: meant(inventory, ["node-4711"]),
    }


def bare(home: Path) -> dict[str, Look]:
    """The same by the queries that one would write."""
    connection = sqlite3.connect(home / "state.db")

    def rows(*queries: tuple[str, tuple[object, ...]]) -> Look:
        return lambda: [connection.execute(sql, given).fetchall() for sql, given in queries]

    free = ("aws", "scaleway")
    return {
        "`openmesh` alone": rows(
            ("SELECT status, provider, count(*) FROM xnodes WHERE gone = 0 GROUP BY 1, 2", ()),
            (RATES, free),
            (STOPPED, free),
        ),
        "`capsule` alone": rows(("SELECT count(*) FROM xnodes WHERE gone = 0", ())),
        "completing a name": rows(
            (NAMES, ("node-12", "node-12" + LAST, MOST)),
        ),
        "completing a tag": rows(
            (TAGS, ("team-", "team-" + LAST, MOST)),
        ),
        "the history of one that was removed": rows(
            (HISTORY, (REMOVED,)),
        ),
        "one by its name": rows(("SELECT body FROM xnodes WHERE name = ?", ("node-4711",))),
    }


def taken_ms(look: Look) -> list[float]:
    """Milliseconds of processor time of each round, after one that is not counted."""
    look()
    found = []
    for _ in range(ROUNDS):
        started = time.process_time()
        look()
        found.append((time.process_time() - started) * 1000)
    return found


def measured(home: Path) -> list[str]:
    """A row a look."""
    theirs, lines = bare(home), []
    for name, look in ours(home).items():
        mine, other = taken_ms(look), taken_ms(theirs[name])
        figures = (median(mine), max(mine), median(other))
        told = " | ".join(f"{figure:.2f}" for figure in figures)
        lines.append(f"| {name} | {told} | {median(mine) / median(other):.1f} |")
    return lines


def page(count: int, rows: list[str]) -> str:
    """The figures as Markdown."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return "\n".join(
        [
            f"# Quick looks at {count:,} xNodes",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}, {machine}.",
            "Milliseconds of processor time, asked many times after one that is not counted; a",
            "program takes its start beside them (`results/startup.md`). `bare` are `sqlite3`",
            "queries of the same file that answer the same. Made by `benchmarks/glances.py`.",
            "",
            "| look | median ms | max ms | bare median ms | × bare |",
            "|---|---:|---:|---:|---:|",
            *rows,
            "",
        ]
    )


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xnodes", type=int, default=100_000)
    parser.add_argument("--dry-run", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        maker = Path(__file__).with_name("inventory.py")
        making = [sys.executable, str(maker), "--home", folder, "--make", str(given.xnodes)]
        subprocess.run(making, check=True)
        database = state_database(Path(folder))
        inventory = SqliteInventory(database)
        inventory.remove(inventory.get(REMOVED, exact=True).id)
        database.close()
        text = page(given.xnodes, measured(Path(folder)))
    print(text)
    if not given.dry_run:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
