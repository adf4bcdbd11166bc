"""How long a fleet of 100,000 xNodes is listed, counted and priced, and how much memory that takes.

    .venv/bin/python benchmarks/inventory.py [--xnodes 100000] [--import 0] [--dry-run]

The fleet is made in a home of its own. Each question is asked many times inside a process of
its own: of the inventory, of the same file by a bare `sqlite3` query that answers the same, and of
one JSON file as the original Capsule kept it, which is read whole. `--import N` also takes N
xNodes in from a CSV file and from a JSON file, and writes them out again; a million take minutes.
Writes benchmarks/results/inventory.md.
"""

import argparse
import json
import os
import platform
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TextIO

from capsule_adapters.providers import PROVIDERS
from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.ledger import SqliteLedger
from capsule_adapters.store.state import state_database
from capsule_domain.models.billing import Terms
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode, XNodeFilter
from capsule_domain.services.cost import cost_report
from capsule_domain.services.fleet_stats import fleet_stats

RESULTS = Path(__file__).parent / "results" / "inventory.md"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLOUDS = ("aws", "digitalocean", "vultr", "linode", "hivelocity", "equinix", "scaleway")
ROUNDS, MOST = 15, 50
CHANGE = "one change"
CHOSEN = XNodeFilter(status=ServerStatus.RUNNING, provider="aws", region="region-3")

Ask = Callable[[Path], Callable[[], object]]


def fleet(count: int) -> Iterator[XNode]:
    """The same every time: seven clouds, twelve regions each, twelve sizes."""
    dice = random.Random(6)  # noqa: S311 (no secret)
    for number in range(count):
        size = dice.randrange(1, 13)
        ended = dice.random() < 0.1
        born = NOW - timedelta(minutes=dice.randrange(60, 500_000))
        yield XNode(
            id=f"{number:010x}",
            name=f"node-{number}",
            provider=CLOUDS[number % len(CLOUDS)],
            server_id=str(number),
            region=f"region-{dice.randrange(12)}",
            template=f"size-{size}",
            status=ServerStatus.GONE
            if ended
            else dice.choice([ServerStatus.RUNNING] * 9 + [ServerStatus.STOPPED]),
            address="203.0.113.9",
            price_per_hour=Money.of(f"0.0{size:02}"),
            price_per_month=Money.of(size * 6),
            tags=(f"team-{number % 100}", "all"),
            created_at=born,
            terminated_at=born + timedelta(minutes=50) if ended else None,
        )


def make(home: Path, count: int) -> None:
    """The same fleet as state.db and as the original's inventory.json."""
    database = state_database(home)
    SqliteInventory(database).save_all(fleet(count))
    database.close()
    xnodes = {
        one.id: {
            "id": one.id,
            "name": one.name,
            "provider": one.provider,
            "region": one.region,
            "template": one.template,
            "status": one.status.value,
            "tags": list(one.tags),
            "deployed_at": one.created_at.isoformat(),
            "ended_at": one.terminated_at and one.terminated_at.isoformat(),
            "cost_hourly": float(one.price_per_hour.amount),
            "cost_monthly": float(one.price_per_month.amount),
        }
        for one in fleet(count)
    }
    text = json.dumps({"version": "1.0", "xnodes": xnodes, "history": []}, indent=2)
    (home / "one.json").write_text(text)


def ours_list(home: Path) -> Callable[[], object]:
    """As `capsule openmesh xnodes` asks."""
    inventory = SqliteInventory(state_database(home))
    return lambda: inventory.list(CHOSEN, limit=MOST)


def bare_list(home: Path) -> Callable[[], object]:
    """The same rows, as far as Python knows JSON by itself."""
    connection = sqlite3.connect(home / "state.db")
    query = """
        SELECT body FROM xnodes WHERE status = ? AND provider = ? AND region = ?
        ORDER BY name, created_at_us, id LIMIT ?
    """
    wanted = ("running", CHOSEN.provider, CHOSEN.region, MOST)
    return lambda: [json.loads(body) for (body,) in connection.execute(query, wanted)]


def json_list(home: Path) -> Callable[[], object]:
    """The original's way: everything is read, then looked through."""

    def ask() -> object:
        found = [
            one
            for one in json.loads((home / "one.json").read_bytes())["xnodes"].values()
            if (one["status"], one["provider"], one["region"])
            == ("running", CHOSEN.provider, CHOSEN.region)
        ]
        return sorted(found, key=lambda one: str(one["name"]))[:MOST]

    return ask


def ours_stats(home: Path) -> Callable[[], object]:
    """As `capsule openmesh inventory stats` asks."""
    inventory = SqliteInventory(state_database(home))
    return lambda: fleet_stats(inventory, XNodeFilter(), now=NOW, capped=lambda _: True, most=5)


def bare_stats(home: Path) -> Callable[[], object]:
    """The same figures, each by the query that one would write for it."""
    connection = sqlite3.connect(home / "state.db")
    now_us = int(NOW.timestamp()) * 1_000_000
    month = NOW.year * 12 + NOW.month - 1
    queries: list[tuple[str, tuple[int, ...]]] = [
        ("SELECT status, count(*) FROM xnodes GROUP BY status", ()),
        ("SELECT provider, count(*) FROM xnodes WHERE gone = 0 GROUP BY provider", ()),
        ("SELECT provider, region, count(*) FROM xnodes WHERE gone = 0 GROUP BY 1, 2", ()),
        (
            """
            SELECT body FROM xnodes WHERE gone = 0 AND currency = 'USD'
            ORDER BY month_nano DESC, name LIMIT 5
            """,
            (),
        ),
        ("SELECT body FROM xnodes WHERE status = 'running' ORDER BY created_at_us LIMIT 5", ()),
        (
            """
            SELECT currency, sum(min(
                price_hour * (coalesce(ended_at_us, ?) - created_at_us) / 3.6e9,
                price_month * (coalesce(ended_month, ?) - created_month + 1)))
            FROM xnodes GROUP BY currency
            """,
            (now_us, month),
        ),
    ]
    return lambda: [connection.execute(sql, given).fetchall() for sql, given in queries]


def json_stats(home: Path) -> Callable[[], object]:
    """The original's way."""

    def ask() -> object:
        xnodes = list(json.loads((home / "one.json").read_bytes())["xnodes"].values())
        counts = [Counter(one[key] for one in xnodes) for key in ("status", "provider", "region")]
        hours = (
            (datetime.fromisoformat(one["ended_at"]) if one["ended_at"] else NOW)
            - datetime.fromisoformat(one["deployed_at"])
            for one in xnodes
        )
        spent = sum(
            one["cost_hourly"] * span.total_seconds() / 3600
            for one, span in zip(xnodes, hours, strict=True)
        )
        dearest = sorted(xnodes, key=lambda one: -float(one["cost_monthly"]))[:5]
        oldest = sorted(xnodes, key=lambda one: str(one["deployed_at"]))[:5]
        return counts, spent, dearest, oldest

    return ask


def ours_costs(home: Path) -> Callable[[], object]:
    """As `capsule openmesh cost-report --by region` asks."""
    ledger = SqliteLedger(state_database(home))
    terms = {name: Terms.of(cloud.capabilities) for name, cloud in PROVIDERS.items()}
    return lambda: cost_report(ledger, by="region", now=NOW, terms=terms.__getitem__)


def bare_costs(home: Path) -> Callable[[], object]:
    """What the month came to by region, as one writes it over the inventory itself: by the
    hour, at most the month's price, without history, stops and each cloud's rounding; and
    the names of those that cost nothing.
    """
    connection = sqlite3.connect(home / "state.db")
    month_us = int(NOW.replace(day=1, hour=0).timestamp()) * 1_000_000
    query = """
        SELECT region, currency, count(*),
            sum(CASE WHEN gone = 0 THEN price_hour ELSE 0 END),
            sum(CASE WHEN gone = 0 THEN price_month ELSE 0 END),
            sum(min(price_month + 0, price_hour
                * max(coalesce(ended_at_us, ?) - max(created_at_us, ?), 0) / 3.6e9))
        FROM xnodes GROUP BY region, currency
    """
    given = (int(NOW.timestamp()) * 1_000_000, month_us)
    free = """
        SELECT name FROM xnodes
        WHERE status = 'stopped' AND provider IN ('aws', 'scaleway') ORDER BY name
    """
    return lambda: (
        connection.execute(query, given).fetchall(),
        connection.execute(free).fetchall(),
    )


def json_costs(home: Path) -> Callable[[], object]:
    """The original's way: its rates alone, for it keeps no time."""

    def ask() -> object:
        sums: Counter[str] = Counter()
        for one in json.loads((home / "one.json").read_bytes())["xnodes"].values():
            sums[one["region"]] += one["cost_hourly"]
        return sums

    return ask


def ours_change(home: Path) -> Callable[[], object]:
    """One xNode is changed, on the disk when that returns, with its history."""
    inventory = SqliteInventory(state_database(home))
    one, addresses = inventory.get("node-7"), iter(range(10**9))
    return lambda: inventory.update(
        one.model_copy(update={"address": f"203.0.113.{next(addresses)}"})
    )


def json_change(home: Path) -> Callable[[], object]:
    """The original's way: the whole file is read and written again."""

    def ask() -> object:
        whole = json.loads((home / "one.json").read_bytes())
        whole["xnodes"][f"{7:010x}"]["status"] = "stopped"
        return (home / "other.json").write_text(json.dumps(whole, indent=2))

    return ask


QUESTIONS: dict[str, dict[str, Ask]] = {
    f"a filtered list of {MOST}": {
        "Capsule": ours_list,
        "bare sqlite3": bare_list,
        "one JSON file": json_list,
    },
    "stats": {"Capsule": ours_stats, "bare sqlite3": bare_stats, "one JSON file": json_stats},
    "cost-report": {
        "Capsule": ours_costs,
        "bare sqlite3": bare_costs,
        "one JSON file": json_costs,
    },
    CHANGE: {"Capsule": ours_change, "one JSON file": json_change},
}


def peak_mib() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def asked(home: Path, question: str, way: str) -> tuple[list[float], float]:
    """Milliseconds of each round, and the peak of memory, both of a process of its own."""
    command = [sys.executable, __file__, "--home", str(home), "--ask", question, way]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    return told["ms"], told["mib"]


def ask_here(home: Path, question: str, way: str) -> None:
    """Print what `asked` reads."""
    ask = QUESTIONS[question][way](home)
    ask()
    taken = []
    rounds = 3 if way == "one JSON file" else ROUNDS
    # A change waits for the disk; all else is the processor's, whatever else the machine does.
    now = time.perf_counter if question == CHANGE else time.process_time
    for _ in range(rounds):
        started = now()
        ask()
        taken.append((now() - started) * 1000)
    print(json.dumps({"ms": taken, "mib": peak_mib()}))


def as_csv(count: int, file: TextIO) -> None:
    """So many rows, as a person's spreadsheet has them."""
    file.write("id,name,provider,region,template,status,price_per_hour,tags\n")
    file.writelines(
        f"{number:x},n{number},aws,eu-west-1,aws-t3-micro,running,0.0104,a;b\n"
        for number in range(count)
    )


def as_json(count: int, file: TextIO) -> None:
    """The same as an array with one a line."""
    row = (
        '{{"id": "{0:x}", "name": "n{0}", "provider": "aws", "region": "eu-west-1", '
        '"template": "aws-t3-micro", "status": "running", "tags": ["a", "b"], '
        '"price_per_hour": {{"amount": "0.0104", "currency": "USD"}}}}'
    )
    file.writelines(
        ("[\n" if number == 0 else ",\n") + row.format(number) for number in range(count)
    )
    file.write("\n]\n")


def ran(home: Path, *words: str) -> tuple[int, str]:
    """The exit code of `capsule openmesh inventory …`, and what it took."""
    program = Path(sys.executable).with_name("capsule")
    command = [str(program), "--home", str(home), "openmesh", "inventory", *words]
    started = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall, cpu = time.perf_counter() - started, used.ru_utime + used.ru_stime
    peak = used.ru_maxrss / 1024
    return os.waitstatus_to_exitcode(status), f"{wall:.0f} | {cpu:.0f} | {peak:.0f}"


def taken_in(count: int, folder: Path) -> Iterator[str]:
    """A row each: imports from both forms, an export, and a file with its first row once more."""
    for form, write in {"CSV": as_csv, "JSON": as_json}.items():
        source, home = folder / f"fleet.{form.lower()}", folder / form
        with source.open("w") as file:
            write(count, file)
        code, took = ran(home, "import", str(source))
        if code:
            raise SystemExit(f"importing {form} ends with {code}")
        yield f"| `inventory import`, {form} | {took} |"
    code, took = ran(folder / "CSV", "export", "--output", str(folder / "back.csv"))
    if code:
        raise SystemExit(f"exporting ends with {code}")
    yield f"| `inventory export`, CSV | {took} |"
    with (folder / "fleet.csv").open("a") as file:
        file.write("0,other,aws,eu-west-1,aws-t3-micro,running,0.0104,a\n")
    code, took = ran(folder / "twice", "import", str(folder / "fleet.csv"))
    if code == 0:
        raise SystemExit("an id that is there twice is taken in")
    yield f"| `inventory import`, CSV, refused for its last line | {took} |"


def page(count: int, rows: list[str], many: int, imported: list[str]) -> str:
    """The figures as Markdown."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return "\n".join(
        [
            f"# An inventory of {count:,} xNodes",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}, {machine}.",
            "Each row is a process of its own, asked many times after one that is not counted, in",
            "milliseconds of processor time; a change in those that passed: it waits for the disk.",
            "`bare sqlite3` asks the same file for the same; `one JSON file` is the original",
            "Capsule's way. Made by `benchmarks/inventory.py`.",
            "",
            "| question | by | median ms | min ms | max ms | × bare | peak MiB |",
            "|---|---|---:|---:|---:|---:|---:|",
            *rows,
            "",
            *(_of_many(many, imported) if imported else []),
        ]
    )


def _of_many(many: int, rows: list[str]) -> list[str]:
    return [
        f"## {many:,} xNodes taken in",
        "",
        "Whole processes, into an empty home; all of it is kept, or nothing.",
        "",
        "| command | seconds | of them processor | peak MiB |",
        "|---|---:|---:|---:|",
        *rows,
        "",
    ]


def measured(home: Path) -> Iterator[str]:
    """A row a question and way."""
    for question, ways in QUESTIONS.items():
        found = {way: asked(home, question, way) for way in ways}
        bare = median(found["bare sqlite3"][0]) if "bare sqlite3" in found else None
        for way, (taken, mib) in found.items():
            factor = f"{median(taken) / bare:.1f}" if bare else ""
            yield (
                f"| {question} | {way} | {median(taken):.2f} | {min(taken):.2f} | "
                f"{max(taken):.2f} | {factor} | {mib:.0f} |"
            )


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xnodes", type=int, default=100_000)
    parser.add_argument("--import", dest="imported", type=int, default=0)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ask", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(given.home, given.make)
        return
    if given.ask:
        ask_here(given.home, *given.ask)
        return
    with tempfile.TemporaryDirectory() as folder:
        # Not in this process: a child's peak of memory begins with its parent's.
        making = [sys.executable, __file__, "--home", folder, "--make", str(given.xnodes)]
        subprocess.run(making, check=True)
        rows = list(measured(Path(folder)))
        imported = list(taken_in(given.imported, Path(folder))) if given.imported else []
    text = page(given.xnodes, rows, given.imported, imported)
    print(text)
    if not given.dry_run:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
