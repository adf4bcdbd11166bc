"""How long Capsule takes to start, beside the interpreter that runs it doing nothing.

    .venv/bin/python benchmarks/startup.py [--rounds 15] [--dry-run]

Whole processes are timed from outside, in turn (A B C, A B C, …) so that a machine whose speed
drifts slows all of them alike; each is compared with the bare interpreter of its own round.
Writes benchmarks/results/startup.md.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results" / "startup.md"
BARE = "python -c pass"

Command = Sequence[str]


def commands() -> dict[str, Command]:
    """What is timed, by the name it has in the table. The bare interpreter comes first."""
    capsule = str(Path(sys.executable).with_name("capsule"))
    return {
        BARE: (sys.executable, "-c", "pass"),
        "capsule --version": (capsule, "--version"),
        "capsule --help": (capsule, "--help"),
        "capsule stacks --json": (capsule, "stacks", "--json"),
        "capsule openmesh templates --json": (capsule, "openmesh", "templates", "--json"),
    }


def seconds_of(command: Command, environment: Mapping[str, str]) -> float:
    """Wall seconds of one whole process, which must end well."""
    started = time.perf_counter()
    ended = subprocess.run(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    took = time.perf_counter() - started
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr.decode()}")
    return took


def measured(rounds: int) -> dict[str, list[float]]:
    """Seconds of every command, one a round, after one round that is not counted."""
    timed = commands()
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    with tempfile.TemporaryDirectory(prefix="capsule-startup-") as home:
        environment = {
            "HOME": home,
            "CAPSULE_HOME": str(Path(home) / ".capsule"),
            "PATH": os.environ.get("PATH", os.defpath),
        }
        for number in range(rounds + 1):
            for name, command in timed.items():
                took = seconds_of(command, environment)
                if number > 0:
                    seconds[name].append(took)
    return seconds


def row(name: str, seconds: Sequence[float], bare: Sequence[float]) -> str:
    """One line of the table: milliseconds, and the median of the ratios round by round."""
    ratio = median(own / other for own, other in zip(seconds, bare, strict=True))
    low, middle, high = (1000 * value for value in (min(seconds), median(seconds), max(seconds)))
    return f"| `{name}` | {middle:.1f} | {low:.1f} | {high:.1f} | {ratio:.2f} |"


def report(seconds: Mapping[str, Sequence[float]], *, when: datetime) -> str:
    """The page that is committed."""
    bare = seconds[BARE]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    lines = [
        "# Start-up",
        "",
        f"{when:%Y-%m-%d}, {python}, {system};",
        f"{len(bare)} rounds of whole processes in turn, one more before them not counted. The",
        "ratio is to the bare interpreter of the same round. Made by `benchmarks/startup.py`.",
        "",
        "| command | median ms | min ms | max ms | ratio |",
        "|---|---:|---:|---:|---:|",
        *(row(name, values, bare) for name, values in seconds.items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and keep the result unless this is a dry run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="counted rounds (at least 5)")
    parser.add_argument("--dry-run", action="store_true", help="print only")
    chosen = parser.parse_args()
    if chosen.rounds < 5:
        parser.error("fewer than 5 rounds say nothing")
    text = report(measured(chosen.rounds), when=datetime.now(UTC))
    sys.stdout.write(text)
    if not chosen.dry_run:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
