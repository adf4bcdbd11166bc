"""`python -m tests.killing [--turned] [--every N] [CLOUD ...]`: a cloud beside the other.

Writes what came of it to standard output; both passes, with `--turned` and without, are in
benchmarks/results/kill_matrix.md.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.killing.matrix import CLOUDS, Tally, run_cloud


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.killing")
    parser.add_argument("--every", type=int, default=1, help="only each such case")
    parser.add_argument(
        "--turned", action="store_true", help="resume what else is undone, and undo the others"
    )
    parser.add_argument("clouds", nargs="*", default=list(CLOUDS))
    options = parser.parse_args()
    began = time.monotonic()
    with (
        TemporaryDirectory(prefix="capsule-killing-") as folder,
        ThreadPoolExecutor(len(options.clouds)) as pool,
    ):
        run = partial(run_cloud, every=options.every, turned=options.turned, tell=_tell)
        futures = {c: pool.submit(run, c, Path(folder) / c) for c in options.clouds}
        tallies = [future.result() for future in futures.values()]
    table = _table(tallies, time.monotonic() - began)
    _tell(table)
    failures = [f"{tally.cloud}: {each}" for tally in tallies for each in tally.failures]
    _tell("\n".join(failures) or "no promise was broken")
    return 1 if failures else 0


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _table(tallies: list[Tally], seconds: float) -> str:
    heads = (
        "cloud",
        "cases",
        "unfinished",
        "resumed to ready",
        "undone",
        "ready",
        "nothing rented",
    )
    rows = [
        (t.cloud, t.cases, t.unfinished, t.resumed, t.abandoned, t.ready, t.never, t.orphans)
        for t in tallies
    ]
    sums = ("all", *(sum(int(row[at]) for row in rows) for at in range(1, 8)))
    lines = [f"| {' | '.join((*heads, 'orphans'))} |", "|" + "---|" * 8]
    lines += [f"| {' | '.join(map(str, row))} |" for row in (*rows, sums)]
    return "\n".join(lines) + f"\n\n{seconds / 60:.0f} minutes.\n"


if __name__ == "__main__":
    sys.exit(main())
