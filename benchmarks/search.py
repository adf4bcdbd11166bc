"""How long it takes to find packages in the index of a whole nixpkgs.

    .venv/bin/python benchmarks/search.py [--names ../shared/nix/packages.tsv.gz] [--dry-run]

`--names` is a compressed list of lines, an attribute and its version with a tab between. All of
them are put into an index in a home of its own. Then each question is asked many times of it
inside one process, and the whole `capsule pkg search` is timed as a process. Writes
benchmarks/results/search.md.
"""

import argparse
import gzip
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from capsule_adapters.store.index import SqliteIndex
from capsule_domain.models.package import Nixpkgs, Package

RESULTS = Path(__file__).parent / "results" / "search.md"
NAMES = Path(__file__).resolve().parents[2] / "shared" / "nix" / "packages.tsv.gz"
WORDS = ("ripgrep", "python", "json", "a", "no-such-thing")
ROUNDS, PROCESSES = 50, 7

Row = tuple[str, list[float]]


def packages(names: Path) -> Iterator[Package]:
    """Every name, with a summary of a usual length, which the list has not."""
    with gzip.open(names, "rt", encoding="utf-8") as lines:
        for line in lines:
            attribute, _, version = line.rstrip("\n").partition("\t")
            summary = f"What {attribute} is good for, in about sixty characters or so"
            yield Package(attribute=attribute, version=version or None, summary=summary)


def timed(ask: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each round, after one that is not counted."""
    ask()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def measured(home: Path, index: SqliteIndex) -> list[Row]:
    """Each question with its times."""
    rows: list[Row] = [
        (f"search {word!r}", timed(lambda word=word: index.search(word, limit=20), ROUNDS))  # type: ignore[misc]
        for word in WORDS
    ]
    rows.append(("names near 'ripgerp'", timed(lambda: index.near("ripgerp"), ROUNDS)))
    rows.append(("one package", timed(lambda: index.find("ripgrep"), ROUNDS)))
    capsule = str(Path(sys.executable).with_name("capsule"))
    command = [capsule, "--home", str(home), "pkg", "search", "ripgrep", "--json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}

    def whole() -> None:
        subprocess.run(command, env=environment, check=True, capture_output=True)

    rows.append(("`capsule pkg search ripgrep`, the whole process", timed(whole, PROCESSES)))
    return rows


def page(count: int, fill_seconds: float, size_bytes: int, rows: list[Row]) -> str:
    """The figures as Markdown."""
    table = [
        f"| {name} | {median(taken):.2f} | {min(taken):.2f} | {max(taken):.2f} |"
        for name, taken in rows
    ]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return "\n".join(
        [
            "# Searching the index",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}, {machine};",
            f"{ROUNDS} rounds of each question ({PROCESSES} of the process) after one that is not",
            f"counted. {count} packages were put into the index in {fill_seconds:.2f} s; it is",
            f"{size_bytes / 2**20:.1f} MiB large. Made by `benchmarks/search.py`.",
            "",
            "| question | median ms | min ms | max ms |",
            "|---|---:|---:|---:|",
            *table,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the index of packages.")
    parser.add_argument("--names", type=Path, default=NAMES)
    parser.add_argument("--dry-run", action="store_true", help="print, write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="capsule-bench-") as folder:
        home = Path(folder)
        index = SqliteIndex(home)
        started = time.perf_counter()
        about = index.replace(
            Nixpkgs(source=arguments.names.name),
            packages(arguments.names),
            (),
            built_at=datetime.now(UTC),
        )
        filled = time.perf_counter() - started
        size = (home / "index" / "packages.db").stat().st_size
        text = page(about.packages, filled, size, measured(home, index))
    print(text)
    if not arguments.dry_run:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
