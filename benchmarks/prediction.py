"""How often guesses from the history are wrong, and how often they are right in time.

    .venv/bin/python benchmarks/prediction.py [--series 40] [--recorded FOLDER] [--dry-run]

Replays whole histories hour by hour through the guesses and the rules that everyone has, as
the collector would, and counts what fires. Disks: made-up courses of five weeks, of which some
fill up and most do not. CPU: made-up courses as well, and with --recorded those of real
machines: FOLDER holds files of `timestamp,value` every five minutes, such as those named
cpu_utilization of the Numenta Anomaly Benchmark (MIT), and its combined_windows.json, which says
what is no false alarm there. Writes benchmarks/results/prediction.md.
"""

import argparse
import csv
import json
import math
import os
import platform
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, groupby
from pathlib import Path
from statistics import median

from capsule_domain.models.alert import Alert, AlertSeverity, StepKind
from capsule_domain.models.history import HourOf
from capsule_domain.models.rule import Quantity
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.services.alert_rules import RuleBook, Subject, default_rules
from capsule_domain.services.alert_state import step
from capsule_domain.services.outlook import outlook

RESULTS = Path(__file__).parent / "results" / "prediction.md"
START = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 35 * 24
LOOKS_BACK = 14 * 24 + 3
NODE = Subject("x", "x")
RULES = RuleBook(default_rules())
PLAN = WatchPlan()

Made = Callable[[random.Random], Sequence[float]]


@dataclass(frozen=True)
class Fired:
    """An alert that fired at the end of hour `at`, and the value it had."""

    at: int
    severity: AlertSeverity
    value: float


def replay(means: Sequence[float], figure: str, start: datetime = START) -> list[Fired]:
    """All that fires, with two guesses an hour; each is of hours that were over then."""
    hours = [
        HourOf(
            hour=start + at * HOUR,
            figure=figure,
            instance="/" if figure == "used_percent" else "",
            low=value,
            mean=value,
            high=value,
            count=12,
        )
        for at, value in enumerate(means)
    ]
    ids = (str(number) for number in count())
    alerts: dict[tuple[str, str], Alert] = {}
    fired = []
    for at in range(24, len(hours)):
        known = hours[max(0, at - LOOKS_BACK) : at + 1]
        for minutes in (10, 40):
            now = start + at * HOUR + timedelta(minutes=minutes)
            for rule, reading in RULES.readings(NODE, outlook(known, now), alerts):
                key = (rule.name, reading.key.instance)
                stale = {"stale_seconds": PLAN.stale_seconds_of(rule.quantity)}
                timing = rule.timing.model_copy(update=stale)
                taken = step(alerts.get(key), reading, timing, now, lambda: next(ids))
                if taken is None:
                    continue
                alerts[key] = taken.alert
                if taken.kind is StepKind.DROPPED:
                    del alerts[key]
                if taken.kind in (StepKind.FIRED, StepKind.ESCALATED):
                    fired.append(Fired(at, taken.alert.severity, taken.alert.value or 0.0))
    return fired


def _steady(rng: random.Random) -> Sequence[float]:
    level, noise = rng.uniform(10, 84), rng.uniform(0.02, 1)
    return [level + rng.gauss(0, noise) for _ in range(HOURS)]


def _wandering(rng: random.Random) -> Sequence[float]:
    """Drawn back to where it belongs, as where something tidies up."""
    level, value = rng.uniform(20, 70), 0.0
    found: list[float] = []
    for _ in range(HOURS):
        value = value * 0.98 + rng.gauss(0, 0.6)
        found.append(min(99.0, max(1.0, level + value)))
    return found


def _rotated(period: int) -> Made:
    def make(rng: random.Random) -> Sequence[float]:
        low, rise, phase = rng.uniform(20, 60), rng.uniform(3, 30), rng.randrange(period)
        return [
            low + (at + phase) % period / period * rise * rng.uniform(0.95, 1.05)
            for at in range(HOURS)
        ]

    return make


def _in_steps(rng: random.Random) -> Sequence[float]:
    """Deployments add, and now and then old generations are collected."""
    value = rng.uniform(30, 50)
    found: list[float] = []
    for at in range(HOURS):
        if rng.random() < 1 / 36:
            value += rng.uniform(0.5, 4)
        if value > 80 or (at % 336 == 335):
            value = rng.uniform(30, 45)
        found.append(value + rng.gauss(0, 0.05))
    return found


def _filled_once(rng: random.Random) -> Sequence[float]:
    """Data is loaded for some hours, and stays."""
    low, rise = rng.uniform(10, 40), rng.uniform(10, 50)
    begin, lasts = rng.randrange(400, 600), rng.randrange(2, 60)
    return [
        low + rise * min(1.0, max(0.0, (at - begin) / lasts)) + rng.gauss(0, 0.1)
        for at in range(HOURS)
    ]


def _levelling(rng: random.Random) -> Sequence[float]:
    low, rise, begin = rng.uniform(10, 50), rng.uniform(10, 35), rng.randrange(380, 500)
    slow = rng.uniform(20, 200)
    return [
        low + rise * (1 - math.exp(-max(0, at - begin) / slow)) + rng.gauss(0, 0.1)
        for at in range(HOURS)
    ]


def _leaking(lasts: tuple[int, int]) -> Made:
    """Steady, and then it fills up and is full, with days and nights."""

    def make(rng: random.Random) -> Sequence[float]:
        level, begin, hours = rng.uniform(20, 60), rng.randrange(400, 480), rng.randint(*lasts)
        found: list[float] = []
        for at in range(HOURS):
            share = max(0, at - begin) / hours
            wave = 0.3 * math.sin(at / 24 * 2 * math.pi)
            value = level + (100 - level) * share + wave + rng.gauss(0, 0.2)
            if value >= 100:
                return [*found, 100.0]
            found.append(value)
        return found

    return make


QUIET_DISKS: dict[str, Made] = {
    "steady": _steady,
    "wandering, and drawn back": _wandering,
    "rotated every day": _rotated(24),
    "tidied every week": _rotated(168),
    "in steps, collected now and then": _in_steps,
    "filled once by 10 to 50 points": _filled_once,
    "levelling off": _levelling,
}
FILLING_DISKS: dict[str, tuple[int, int]] = {
    "full within 12 to 24 h": (12, 24),
    "full within 1 to 4 days": (24, 96),
    "full within 4 to 14 days": (96, 336),
}


def _cpu_of_people(rng: random.Random) -> Sequence[float]:
    """Busy by day, less at weekends, with short bursts."""
    night, day = rng.uniform(2, 15), rng.uniform(15, 55)
    found = []
    for at in range(HOURS):
        moment = START + at * HOUR
        share = max(0.0, math.sin((moment.hour - 6) / 12 * math.pi))
        share *= 0.4 if moment.weekday() > 4 else 1.0
        value = (night + day * share) * rng.lognormvariate(0, 0.15)
        found.append(min(100.0, value))
    return found


def _cpu_of_jobs(rng: random.Random) -> Sequence[float]:
    """A job every night and a long one every week, which begin an hour later now and then."""
    found = [max(0.5, rng.gauss(8, 2)) for _ in range(HOURS)]
    for day in range(HOURS // 24):
        begin = day * 24 + 2 + (rng.random() < 0.3)
        for at in range(begin, min(HOURS, begin + 2)):
            found[at] = rng.uniform(60, 95)
        if day % 7 == 6:
            for at in range(day * 24 + 10, min(HOURS, day * 24 + 14)):
                found[at] = rng.uniform(80, 100)
    return found


QUIET_CPU: dict[str, Made] = {
    "steady": _steady,
    "wandering, and drawn back": _wandering,
    "people by day": _cpu_of_people,
    "jobs at night and every week": _cpu_of_jobs,
}


def _surprised(rng: random.Random) -> tuple[Sequence[float], int]:
    """People by day, and once six hours of everything there is, at night."""
    found = list(_cpu_of_people(rng))
    begin = rng.randrange(20, 33) * 24 + rng.choice((0, 1, 2, 3))
    found[begin : begin + 6] = [rng.uniform(90, 100) for _ in range(6)]
    return found, begin


def quiet(kinds: dict[str, Made], figure: str, series: int) -> Iterator[str]:
    """A row for each kind: nothing that fires here is right."""
    days = total = 0.0
    for name, make in kinds.items():
        fired = []
        for seed in range(series):
            fired += replay(make(random.Random(f"{name}{seed}")), figure)  # noqa: S311
        lasted = series * HOURS / 24
        warned = sum(one.severity is AlertSeverity.WARNING for one in fired)
        yield f"| {name} | {lasted:.0f} | {len(fired)} | {warned} | {len(fired) / lasted:.4f} |"
        days, total = days + lasted, total + len(fired)
    yield f"| all | {days:.0f} | {total:.0f} | | {total / days:.4f} |"


def filling(series: int) -> Iterator[str]:
    """A row for each kind: how often it was told, how long before, and how far off."""
    for name, lasts in FILLING_DISKS.items():
        ahead, off = [], []
        for seed in range(series):
            means = _leaking(lasts)(random.Random(f"{name}{seed}"))  # noqa: S311
            fired = [one for one in replay(means, "used_percent") if one.at < len(means) - 1]
            if fired:
                left = len(means) - 1 - fired[0].at
                ahead.append(left)
                off.append(abs(fired[0].value - left) / left)
        told = f"{len(ahead)} of {series}"
        if ahead:
            yield f"| {name} | {told} | {median(ahead):.0f} h | {median(off):.0%} |"
        else:
            yield f"| {name} | {told} | - | - |"


def surprises(series: int) -> str:
    """How many of the made-up surprises were told while they lasted, or in the hour after."""
    told = 0
    for seed in range(series):
        means, begin = _surprised(random.Random(f"surprise{seed}"))  # noqa: S311
        told += any(begin <= one.at <= begin + 7 for one in replay(means, "cpu_percent"))
    return f"{told} of {series}"


def recorded(folder: Path) -> Iterator[str]:
    """A row for each file: what fired within a window of its labels, and what did not."""
    labels = json.loads((folder / "combined_windows.json").read_text())
    windows = {Path(name).name: spans for name, spans in labels.items()}
    days = wrong = 0.0
    for file in sorted(folder.glob("*.csv")):
        with file.open() as stream:
            rows = [
                (_moment(one["timestamp"]), float(one["value"])) for one in csv.DictReader(stream)
            ]
        start, means = _hourly(rows)
        spans = [(_moment(a), _moment(b)) for a, b in windows.get(file.name, ())]
        fired = [start + one.at * HOUR for one in replay(means, "cpu_percent", start)]
        right = sum(any(a <= one <= b + 2 * HOUR for a, b in spans) for one in fired)
        lasted = len(means) / 24
        days, wrong = days + lasted, wrong + len(fired) - right
        yield f"| {file.stem} | {lasted:.0f} | {len(fired)} | {right} | {len(fired) - right} |"
    yield f"| all | {days:.0f} | | | {wrong:.0f}: {wrong / days:.3f} a day |"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _hourly(rows: Sequence[tuple[datetime, float]]) -> tuple[datetime, list[float]]:
    """Means of hours; an hour without a row is as the one before it."""
    means = {
        hour: sum(values) / len(values)
        for hour, some in groupby(rows, key=lambda row: row[0].replace(minute=0, second=0))
        if (values := [min(100.0, max(0.0, value)) for _, value in some])
    }
    start, end = min(means), max(means)
    found, last = [], 0.0
    for at in range(int((end - start) / HOUR) + 1):
        last = means.get(start + at * HOUR, last)
        found.append(last)
    return start, found


def cost() -> str:
    """Milliseconds for guessing about one xNode with three disks and two weeks of hours."""
    rng = random.Random(1)  # noqa: S311
    hours = [
        HourOf(
            hour=START + at * HOUR, figure=figure, instance=mount, low=v, mean=v, high=v, count=60
        )
        for figure, mount in (
            ("cpu_percent", ""),
            ("memory_percent", ""),
            *(("used_percent", mount) for mount in ("/", "/nix", "/var")),
        )
        for at in range(LOOKS_BACK)
        for v in [min(95.0, 20 + at * 0.15 + rng.gauss(0, 0.2))]
    ]
    now = START + (LOOKS_BACK - 1) * HOUR + timedelta(minutes=20)
    took = []
    for _ in range(15):
        begun = time.perf_counter()
        outlook(hours, now)
        took.append(time.perf_counter() - begun)
    return f"{1000 * min(took):.1f} ms"


def page(series: int, folder: Path | None) -> str:
    machine = f"{platform.python_implementation()} {platform.python_version()}, "
    machine += f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    disk, cpu = Quantity.DISK_FULL_HOURS, Quantity.CPU_UNUSUAL
    lines = [
        "# Guesses from the history",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}.",
        f"{series} made-up histories of {HOURS // 24} days of each kind; the rules as they are.",
        f"Guesses about one xNode with three disks, by two weeks of hours: {cost()}.",
        "The first days of each are for learning: five for CPU, and a weekly job is known from its",
        "third time on. A disk is judged after twice the hours of a window.",
        "Made by `benchmarks/prediction.py`.",
        "",
        f"## Disks that do not fill up (`{disk}`): each alert is a false one",
        "",
        "| course | days | alerts | of them warnings | a day and disk |",
        "|---|---:|---:|---:|---:|",
        *quiet(QUIET_DISKS, "used_percent", series),
        "",
        "## Disks that fill up",
        "",
        "| course | told before | first told (median) | off by (median) |",
        "|---|---:|---:|---:|",
        *filling(series),
        "",
        f"## CPU as ever (`{cpu}`): each alert is a false one",
        "",
        "| course | days | alerts | of them warnings | a day and xNode |",
        "|---|---:|---:|---:|---:|",
        *quiet(QUIET_CPU, "cpu_percent", series),
        "",
        f"Six hours of full load on one night: told in {surprises(series)}.",
    ]
    if folder is not None:
        lines += [
            "",
            "## Recorded CPU (Numenta Anomaly Benchmark)",
            "",
            "| series | days | alerts | within a labelled window | outside |",
            "|---|---:|---:|---:|---:|",
            *recorded(folder),
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--recorded", type=Path)
    parser.add_argument("--dry-run", action="store_true")
    given = parser.parse_args()
    text = page(given.series, given.recorded)
    print(text)
    if not given.dry_run:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
