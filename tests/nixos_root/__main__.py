"""`python -m tests.nixos_root [--short] [--at-once N] [WORD…]`: the machine's fault matrix.

Writes a table of its cases, with how each ended, and how many disagreements there were.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.nixos_root.faults import Case, cases


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.nixos_root")
    parser.add_argument("--short", action="store_true", help="only what every test run has")
    parser.add_argument("--at-once", type=int, default=6)
    parser.add_argument("words", nargs="*", help="only cases with one of these in their name")
    options = parser.parse_args()
    chosen = [case for case in cases() if case.short or not options.short]
    if options.words:
        chosen = [case for case in chosen if any(word in case.name for word in options.words)]
    began = time.monotonic()
    _say("| what happens | ends | disagreements |\n|---|---|---|")
    with (
        TemporaryDirectory(prefix="capsule-faults-") as folder,
        ThreadPoolExecutor(options.at_once) as pool,
    ):
        futures = [
            pool.submit(_told, case, Path(folder) / str(number))
            for number, case in enumerate(chosen)
        ]
        broken = sum(future.result() for future in futures)
    _say(f"\n{len(chosen)} cases, {broken} disagreements, {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


def _told(case: Case, folder: Path) -> int:
    try:
        wrong = case.run(folder)
    except Exception as error:  # a case that breaks is told like one that fails
        wrong = [f"{type(error).__name__}: {error}"]
    ends = ", ".join(case.ends) or "not begun"
    _say("\n".join([f"| {case.name} | {ends} | {len(wrong)} |", *(f"  - {w}" for w in wrong)]))
    return len(wrong)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
