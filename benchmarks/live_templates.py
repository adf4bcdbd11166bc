"""The wall time of asking every cloud what it sells, beside the slowest of them alone.

    .venv/bin/python benchmarks/live_templates.py [--rounds 5] [--seconds 1] [--dry-run]

It is what `capsule openmesh templates --live` asks: the same service, the true adapters, real
HTTP on loopback. The rehearsal clouds live in a process of their own, and each of their answers
takes a second longer than it would. Writes benchmarks/results/live_templates.md.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from capsule_adapters.clock import SystemClock
from capsule_adapters.presets.catalogue import TomlCatalogue
from capsule_adapters.providers import PROVIDERS, connect
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.clouds import rehearsed
from capsule_adapters.sandbox.machines import NoMachines
from capsule_domain.ports.provider import Provider
from capsule_domain.services.market import Market

RESULTS = Path(__file__).parent / "results" / "live_templates.md"
KEY = "AKIAREHEARSALREHEARSAL"
MANY = 1_000_000
ALL = "all together"

Connects = Mapping[str, Callable[[], Provider]]


def serve(pipe: Connection, folder: str, seconds: float) -> None:
    """All clouds, each of whose answers takes so long, until the other end is closed."""
    with ExitStack() as running:
        endpoints = {}
        for name, rehearse in rehearsed().items():
            made = rehearse(NoMachines(), state_file=Path(folder, name), token=KEY)
            cloud = running.enter_context(made)
            cloud.faults.add(faults.slow(seconds), times=MANY)
            endpoints[name] = cloud.endpoint
        pipe.send(endpoints)
        pipe.poll(None)


@contextmanager
def clouds(seconds: float) -> Iterator[Connects]:
    """How to connect to each of the slow clouds."""
    context = get_context("spawn")
    with TemporaryDirectory(prefix="capsule-live-") as folder:
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, folder, seconds), daemon=True)
        process.start()
        yield {name: partial(connected, name, url) for name, url in ours.recv().items()}
        ours.send(None)
        process.join()


def connected(name: str, endpoint: str) -> Provider:
    """The true adapter of a cloud."""
    tokens = dict.fromkeys(PROVIDERS[name].key_variables, KEY)
    return connect(name, credentials=tokens, endpoint=endpoint, clock=SystemClock())


def seconds_of(asked: Connects) -> float:
    """Wall seconds of asking these clouds, all of which must answer."""
    market = Market(asked, TomlCatalogue().templates(), SystemClock())
    started = time.perf_counter()
    heard = market.ask()
    took = time.perf_counter() - started
    failed = [str(one.error) for one in heard if one.error is not None]
    if failed:
        sys.exit("; ".join(failed))
    return took


def measured(rounds: int, seconds: float) -> dict[str, list[float]]:
    """Wall seconds by round: of each cloud alone, and under `ALL` of all together."""
    with clouds(seconds) as asked:
        seconds_of(asked)  # not counted: moto is loaded, and each list is made once
        took: dict[str, list[float]] = {name: [] for name in (*asked, ALL)}
        for _ in range(rounds):
            for name in asked:
                took[name].append(seconds_of({name: asked[name]}))
            took[ALL].append(seconds_of(asked))
    return took


def ratios(took: Mapping[str, Sequence[float]]) -> list[float]:
    """Round by round, all together by the slowest alone."""
    alone = [values for name, values in took.items() if name != ALL]
    return [together / max(others) for together, *others in zip(took[ALL], *alone, strict=True)]


def report(took: Mapping[str, Sequence[float]], seconds: float, *, when: datetime) -> str:
    """The page that is committed."""
    found = ratios(took)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    lines = [
        "# Asking all clouds what they sell",
        "",
        f"{when:%Y-%m-%d}, {python}, {system}; {len(took[ALL])} rounds after one that is not",
        f"counted; every answer of every cloud takes {seconds:g} s. Seconds of wall time. The",
        "ratio is taken round by round: all together, by the slowest of that round alone.",
        "Made by `benchmarks/live_templates.py`.",
        "",
        "| asked | median s | min s | max s |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {median(values):.2f} | {min(values):.2f} | {max(values):.2f} |"
            for name, values in took.items()
        ),
        "",
        f"All {len(took) - 1} together take **{median(found):.2f}** times as long as the slowest",
        f"alone (median; min {min(found):.2f}, max {max(found):.2f}).",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and keep the result unless this is a dry run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds (at least 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long an answer takes")
    parser.add_argument("--dry-run", action="store_true", help="print only")
    chosen = parser.parse_args()
    if chosen.rounds < 5 and not chosen.dry_run:
        parser.error("fewer than 5 rounds say nothing")
    took = measured(chosen.rounds, chosen.seconds)
    text = report(took, chosen.seconds, when=datetime.now(UTC))
    sys.stdout.write(text)
    if not chosen.dry_run:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
