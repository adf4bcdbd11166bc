"""How long it takes to bring a large graph of stacks into the order of its needs.

    .venv/bin/python benchmarks/resolve.py [--rounds 15] [--dry-run]

1,000 stacks with 5,000 edges, all chosen at once; random, but the same each time. Writes
benchmarks/results/resolve.md.
"""

import argparse
import os
import platform
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from capsule_domain.models.stack import Stack
from capsule_domain.services.compose import order

RESULTS = Path(__file__).parent / "results" / "resolve.md"
STACKS = 1_000
EDGES = 5_000


def graph() -> dict[str, Stack]:
    """Stacks that need only such as come before them, so that there is no circle."""
    chance = random.Random(1)  # noqa: S311  (not a secret)
    needs: list[set[int]] = [set() for _ in range(STACKS)]
    edges = 0
    while edges < EDGES:
        needing = chance.randrange(1, STACKS)
        needed = chance.randrange(needing)
        if needed not in needs[needing]:
            needs[needing].add(needed)
            edges += 1
    return {
        f"s{number}": Stack(
            name=f"s{number}",
            category="made",
            summary="made",
            requires=tuple(f"s{needed}" for needed in sorted(needs[number])),
        )
        for number in range(STACKS)
    }


def main() -> None:
    """Measure, print, and keep the result unless this is a dry run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="counted rounds (at least 5)")
    parser.add_argument("--dry-run", action="store_true", help="print only")
    chosen = parser.parse_args()
    if chosen.rounds < 5:
        parser.error("fewer than 5 rounds say nothing")
    stacks = graph()
    wanted = sorted(stacks)
    order(stacks, wanted)  # not counted
    took = []
    for _ in range(chosen.rounds):
        started = time.perf_counter()
        found = order(stacks, wanted)
        took.append(1000 * (time.perf_counter() - started))
        assert len(found) == STACKS
    python = f"{platform.python_implementation()} {platform.python_version()}"
    text = (
        "# Resolving stacks\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {python}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors.\n"
        "Made by `benchmarks/resolve.py`.\n\n"
        "| graph | rounds | median ms | min ms | max ms |\n|---|---:|---:|---:|---:|\n"
        f"| {STACKS:,} stacks, {EDGES:,} edges, all chosen | {chosen.rounds} "
        f"| {median(took):.1f} | {min(took):.1f} | {max(took):.1f} |\n"
    )
    sys.stdout.write(text)
    if not chosen.dry_run:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
