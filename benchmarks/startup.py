"""How long Capsule takes to start, beside the interpreter that runs it doing nothing.

    .venv/bin/python benchmarks/startup.py [--rounds 15] [--dry-run] [--peer 'COMMAND …']

Whole processes are timed from outside. Each command is paired with a bare interpreter that runs
right before or after it, by turns, so that a machine whose speed drifts slows both alike; the ratio
is taken pair by pair. A peer, such as `linode-cli --help` of an environment of its own on PATH,
takes its turn in the same rounds. Writes benchmarks/results/startup.md.
"""

import argparse
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

RESULTS = Path(__file__).parent / "results" / "startup.md"

Command = Sequence[str]


class Pair(NamedTuple):
    """Wall seconds of a command and of the bare interpreter beside it."""

    command: float
    bare: float


def commands(peers: Sequence[str]) -> dict[str, Command]:
    """What is timed, by the name it has in the table."""
    capsule = str(Path(sys.executable).with_name("capsule"))
    return {
        **{peer_name(peer): shlex.split(peer) for peer in peers},
        "capsule --version": (capsule, "--version"),
        "capsule --help": (capsule, "--help"),
        "capsule stacks": (capsule, "stacks"),
        "capsule show": (capsule, "show"),
        "capsule profiles": (capsule, "profiles"),
        "capsule stacks --json": (capsule, "stacks", "--json"),
        "capsule openmesh templates --json": (capsule, "openmesh", "templates", "--json"),
    }


def peer_name(command: str) -> str:
    """The command without the folders of its program."""
    program, *arguments = shlex.split(command)
    return shlex.join([Path(program).name, *arguments])


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


def pair(command: Command, environment: Mapping[str, str], *, bare_first: bool) -> Pair:
    """Seconds of the command and of the bare interpreter beside it."""
    bare = (sys.executable, "-c", "pass")
    seconds_of(bare, environment)  # not counted: whatever ran before has left its traces
    first, second = (bare, command) if bare_first else (command, bare)
    took_first, took_second = seconds_of(first, environment), seconds_of(second, environment)
    return Pair(took_second, took_first) if bare_first else Pair(took_first, took_second)


def measured(rounds: int, peers: Sequence[str]) -> dict[str, list[Pair]]:
    """The pairs of every command, one a round, after one round that is not counted."""
    timed_commands = commands(peers)
    pairs: dict[str, list[Pair]] = {name: [] for name in timed_commands}
    with tempfile.TemporaryDirectory(prefix="capsule-startup-") as home:
        environment = {
            "HOME": home,
            "CAPSULE_HOME": str(Path(home) / ".capsule"),
            "PATH": os.environ.get("PATH", os.defpath),
            "LINODE_CLI_TOKEN": "none",  # without one linode-cli asks a person
        }
        for number in range(rounds + 1):
            for name, command in timed_commands.items():
                timed = pair(command, environment, bare_first=number % 2 == 0)
                if number > 0:
                    pairs[name].append(timed)
    return pairs


def row(name: str, seconds: Sequence[float], ratio: float) -> str:
    """One line of the table, in milliseconds."""
    low, middle, high = (1000 * value for value in (min(seconds), median(seconds), max(seconds)))
    return f"| `{name}` | {middle:.1f} | {low:.1f} | {high:.1f} | {ratio:.2f} |"


def report(pairs: Mapping[str, Sequence[Pair]], *, when: datetime) -> str:
    """The page that is committed."""
    rounds = len(next(iter(pairs.values())))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    lines = [
        "# Start-up",
        "",
        f"{when:%Y-%m-%d}, {python}, {system}; {rounds} pairs of whole processes",
        "for each command, after one that is not counted. The ratio is the median of the ratios",
        "pair by pair, each to the bare interpreter right beside it.",
        "Made by `benchmarks/startup.py`.",
        "",
        "| command | median ms | min ms | max ms | ratio |",
        "|---|---:|---:|---:|---:|",
        row("python -c pass", [each.bare for timed in pairs.values() for each in timed], 1),
        *(
            row(
                name,
                [each.command for each in timed],
                median(each.command / each.bare for each in timed),
            )
            for name, timed in pairs.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and keep the result unless this is a dry run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="counted rounds (at least 5)")
    parser.add_argument("--peer", action="append", default=[], help="a command to time beside")
    parser.add_argument("--dry-run", action="store_true", help="print only")
    chosen = parser.parse_args()
    if chosen.rounds < 5:
        parser.error("fewer than 5 rounds say nothing")
    text = report(measured(chosen.rounds, chosen.peer), when=datetime.now(UTC))
    sys.stdout.write(text)
    if not chosen.dry_run:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
