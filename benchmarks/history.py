"""How long it takes to keep what a fleet shows, and to read it again.

    .venv/bin/python benchmarks/history.py [--xnodes 1000] [--minutes 1440] [--dry-run]

Fills a metrics.db in a folder of its own: every minute one tick of all xNodes, df and units at
every fifth, checks that change now and then, and the hourly tidying. Then each question is asked
many times. Writes benchmarks/results/history.md.
"""

import argparse
import os
import platform
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from capsule_adapters.store.samples import SqliteSamples
from capsule_domain.models.health import Check, CheckKind, Health
from capsule_domain.models.metric import Disk, Metrics, Observation
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.ports.samples import Figure
from capsule_domain.services.look_back import LookBack

RESULTS = Path(__file__).parent / "results" / "history.md"
START = datetime(2026, 11, 22, tzinfo=UTC)
DICE = random.Random(8)  # noqa: S311 (the same figures at every run)
ROUNDS = 200

Times = list[tuple[float, float]]
Row = tuple[str, Times, str]


def seen(number: int, minute: int) -> Observation:
    """An xNode as it is at that minute: a second of its own within it."""
    moment = START + timedelta(minutes=minute, milliseconds=number * 60_000 // 1000)
    name = f"node-{number:04}"
    up = DICE.random() > 0.001
    checks = tuple(
        Check(kind=kind, ok=up, latency_ms=DICE.uniform(0.5, 80) if up else None)
        for kind in (CheckKind.PING, CheckKind.SSH)
    )
    health = Health.judged(name, checks, moment)
    rare = (minute + number % 12) % 5 == 0  # as the collector does: each in another turn
    metrics = figures(name, minute, moment, rare=rare) if up else None
    return Observation(xnode_id=f"x{number:04}", health=health, metrics=metrics)


def figures(name: str, minute: int, moment: datetime, *, rare: bool) -> Metrics:
    more = {}
    if rare:
        mounts = ("/", "/srv/data")
        disks = tuple(Disk(mount=m, used_percent=DICE.uniform(5, 95)) for m in mounts)
        more = {"disks": disks, "failed_units": (), "generation": 42}
    return Metrics.model_validate(
        {
            "xnode": name,
            "cpu_percent": DICE.uniform(0, 100),
            "steal_percent": DICE.uniform(0, 2),
            "cores": 4,
            "memory_percent": DICE.uniform(20, 90),
            "load_1": DICE.uniform(0, 8),
            "load_5": DICE.uniform(0, 8),
            "load_15": DICE.uniform(0, 8),
            "uptime_seconds": 60.0 * minute + 0.25,
            "boot_id": "5f0a4b0e-7b0c-4f5e-9d2e-0123456789ab",
            "received_bytes_per_second": DICE.uniform(0, 1e6),
            "sent_bytes_per_second": DICE.uniform(0, 1e6),
            "read_bytes_per_second": DICE.uniform(0, 1e6),
            "written_bytes_per_second": DICE.uniform(0, 1e6),
            "collected_at": moment,
            **more,
        }
    )


def filled(samples: SqliteSamples, xnodes: int, minutes: int) -> tuple[Times, Times]:
    """Milliseconds of each tick, and of each hourly tidying."""
    ticks, tidyings = [], []
    for minute in range(minutes):
        moment = START + timedelta(minutes=minute)
        tick = {one.xnode_id: one for one in (seen(n, minute) for n in range(xnodes))}
        ticks.append(timed(lambda tick=tick, at=moment: samples.append(tick, at)))  # type: ignore[misc]
        if minute % 60 == 59:
            tidyings.append(timed(lambda at=moment: samples.prune(at)))  # type: ignore[misc]
    return ticks, tidyings


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds on the clock, and of the processor."""
    started, used = time.perf_counter(), time.process_time()
    work()
    ended = time.perf_counter() - started, time.process_time() - used
    return ended[0] * 1000, ended[1] * 1000


def asked(samples: SqliteSamples, path: Path, xnodes: int, minutes: int) -> list[Row]:
    end = START + timedelta(minutes=minutes)
    day, season = end - timedelta(hours=24), end - timedelta(days=90)

    def anyone() -> str:
        return f"x{DICE.randrange(xnodes):04}"

    asked_for = [Figure(name) for name in ("cpu_percent", "memory_percent", "load_1")]
    asked_for.append(Figure("used_percent", "/"))
    back = LookBack(samples, EndOfDay(end), WatchPlan())
    beside = ("cpu_percent", "memory_percent")

    def times(work: Callable[[], object]) -> Times:
        return [timed(work) for _ in range(ROUNDS)]

    return [
        (
            "24 h of one xNode: what `metrics` draws a line of (CPU, memory)",
            times(lambda: back.run(anyone(), "", day, beside)),
            "5 (median)",
        ),
        (
            "24 h of one xNode: how often it was healthy (`health`)",
            times(lambda: samples.statuses(anyone(), day)),
            "5 (median)",
        ),
        (
            "24 h of one xNode: four figures, in columns",
            times(lambda: samples.series(anyone(), asked_for, day)),
            "5 (median)",
        ),
        (
            "24 h of one xNode: all its courses, as `metrics --since 24h` shows them",
            times(lambda: back.run(anyone(), "", day)),
            "",
        ),
        (
            "24 h of one xNode: everything, as models (no screen asks for it)",
            times(lambda: samples.history(anyone(), day)),
            "",
        ),
        ("the last of every xNode, as models: the first time", first_latest(path), "10 (median)"),
        ("the same again, as a screen does every 2 s", times(samples.latest), "10 (median)"),
        ("the hours of one xNode", times(lambda: samples.hourly(anyone(), season)), ""),
    ]


def first_latest(path: Path) -> Times:
    """By somebody who has the file open and has read nothing of it yet."""
    found = []
    for _ in range(ROUNDS // 4):
        samples = SqliteSamples(path)
        samples.statuses("nobody", START)
        found.append(timed(samples.latest))
        samples.close()
    return found


class EndOfDay:
    """A clock that stands."""

    def __init__(self, end: datetime) -> None:
        self._end = end

    def now(self) -> datetime:
        return self._end

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def page(xnodes: int, minutes: int, rows: list[Row], size_bytes: int) -> str:
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    table = [
        f"| {name} | {middle(t, 0):.2f} | {high(t, 0):.2f} | {middle(t, 1):.2f} | {high(t, 1):.2f}"
        f" | {goal} |"
        for name, t, goal in rows
    ]
    load = f"{os.getloadavg()[2]:.0f}"
    per_sample = size_bytes / (xnodes * minutes)
    return "\n".join(
        [
            "# Keeping and reading history",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}, {machine};",
            f"{xnodes} xNodes, {minutes} ticks at one a minute, twelve figures each, df at every",
            f"fifth, with the checks: {size_bytes / 2**20:.0f} MiB, {per_sample:.0f} bytes a look.",
            "Times with making rows of models, and models of rows; CPU is that of this process,",
            f"which others on the machine lengthen less; its load was {load} for 15 minutes.",
            "Made by `benchmarks/history.py`.",
            "",
            "| what | median ms | p99 ms | median ms of CPU | p99 ms of CPU | goal |",
            "|---|---:|---:|---:|---:|---:|",
            *table,
            "",
        ]
    )


def middle(times: Times, which: int) -> float:
    return median(one[which] for one in times)


def high(times: Times, which: int) -> float:
    return sorted(one[which] for one in times)[min(len(times) - 1, int(len(times) * 0.99))]


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the history of a fleet.")
    parser.add_argument("--xnodes", type=int, default=1000)
    parser.add_argument("--minutes", type=int, default=1440)
    parser.add_argument("--dry-run", action="store_true", help="print, write nothing")
    arguments = parser.parse_args()
    xnodes, minutes = arguments.xnodes, arguments.minutes
    with tempfile.TemporaryDirectory(prefix="capsule-bench-") as folder:
        path = Path(folder) / "metrics.db"
        samples = SqliteSamples(path)
        ticks, tidyings = filled(samples, xnodes, minutes)
        rows = [
            (f"one tick of {xnodes} xNodes stored", ticks, "30 (p99)"),
            ("the hourly tidying of all", tidyings, ""),
            *asked(samples, path, xnodes, minutes),
        ]
        samples.close()
        text = page(xnodes, minutes, rows, path.stat().st_size)
    print(text)
    if not arguments.dry_run:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
