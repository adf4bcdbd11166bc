"""What every `Samples` keeps: the fake, and SQLite."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from capsule_adapters.store.samples import SqliteSamples
from capsule_domain.models.health import Check, CheckKind, Health, HealthStatus
from capsule_domain.models.metric import Disk, Gpu, Metrics, Observation
from capsule_domain.ports.samples import Figure, Samples
from tests.fakes.samples import FakeSamples

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def sqlite(folder: Path) -> Iterator[Samples]:
    made = SqliteSamples(folder / "home" / "metrics.db")
    yield made
    made.close()


def fake(_: Path) -> Iterator[Samples]:
    yield FakeSamples()


MAKERS: dict[str, Callable[[Path], Iterator[Samples]]] = {"fake": fake, "sqlite": sqlite}


@pytest.fixture(params=MAKERS)
def samples(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Samples]:
    yield from MAKERS[request.param](tmp_path)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def seen(
    minutes: float = 0, *, name: str = "web", up: bool = True, **figures: object
) -> Observation:
    check = Check(kind=CheckKind.SSH, ok=up, latency_ms=1.5 if up else None)
    health = Health.judged(name, (check,), at(minutes))
    metrics = Metrics.model_validate({"xnode": name, "collected_at": at(minutes), **figures})
    return Observation(xnode_id="a1", health=health, metrics=metrics if up else None)


def keep(samples: Samples, *observations: Observation, of: str = "a1") -> None:
    for one in observations:
        samples.append({of: one}, one.health.checked_at)


def times(samples: Samples, since: datetime = LONG_AGO, until: datetime | None = None) -> list[int]:
    found = samples.history("a1", since, until)
    return [round((one.health.checked_at - NOON).total_seconds() / 60) for one in found]


def test_nothing_seen_is_nothing_known(samples: Samples) -> None:
    assert dict(samples.latest()) == {}
    assert list(samples.history("a1", LONG_AGO)) == []
    assert list(samples.hourly("a1", LONG_AGO)) == []
    samples.append({}, NOON)
    samples.prune(NOON)


def test_what_was_read_comes_back(samples: Samples) -> None:
    one = seen(
        cpu_percent=12.34,
        steal_percent=0.5,
        cores=4,
        memory_percent=56.78,
        disks=(Disk(mount="/srv/my data", used_percent=91.5, inodes_percent=None),),
        load_1=0.25,
        load_5=1.5,
        load_15=2.75,
        uptime_seconds=1234.5,
        received_bytes_per_second=123456.0,
        sent_bytes_per_second=0.0,
        read_bytes_per_second=7.0,
        written_bytes_per_second=8.0,
        failed_units=("nginx.service",),
        generation=42,
        gpus=(Gpu(name="H100", used_percent=99),),
    )
    keep(samples, one)
    assert list(samples.history("a1", LONG_AGO)) == [one]
    assert dict(samples.latest()) == {"a1": one}


def test_what_was_not_read_is_not_zero(samples: Samples) -> None:
    keep(samples, seen(0), seen(1, disks=(), failed_units=()), seen(2, up=False))
    nothing, empty, dead = samples.history("a1", LONG_AGO)
    assert nothing.metrics is not None
    assert (nothing.metrics.cpu_percent, nothing.metrics.disks) == (None, None)
    assert empty.metrics is not None
    assert (empty.metrics.disks, empty.metrics.failed_units) == ((), ())
    assert (dead.metrics, dead.health.status) == (None, HealthStatus.UNHEALTHY)


def test_history_is_oldest_first_between_two_moments_and_of_one_xnode(samples: Samples) -> None:
    keep(samples, *(seen(minute) for minute in (2, 0, 1, 3)))
    keep(samples, seen(1, name="db"), of="a2")
    assert times(samples) == [0, 1, 2, 3]
    assert times(samples, at(1), at(3)) == [1, 2]


def test_latest_is_what_was_kept_last_of_each_whatever_its_clock_said(samples: Samples) -> None:
    keep(samples, seen(60 * 24 * 365), seen(0), seen(5))
    keep(samples, seen(1, name="db"), of="a2")
    assert dict(samples.latest()) == {"a1": seen(5), "a2": seen(1, name="db")}


def test_a_second_look_at_the_same_moment_replaces_the_first(samples: Samples) -> None:
    keep(samples, seen(0, cpu_percent=1), seen(0, cpu_percent=2))
    assert list(samples.history("a1", LONG_AGO)) == [seen(0, cpu_percent=2)]


def test_a_tick_of_many_is_kept_whole(samples: Samples) -> None:
    samples.append({f"x{n}": seen(0, name=f"n{n}", cpu_percent=n) for n in range(50)}, NOON)
    assert {id_: one.health.xnode for id_, one in samples.latest().items()} == {
        f"x{n}": f"n{n}" for n in range(50)
    }


def test_checks_are_kept_every_five_minutes_and_at_each_change(samples: Samples) -> None:
    down = (7, 8)
    keep(samples, *(seen(minute, up=minute not in down) for minute in range(12)))
    found = samples.history("a1", LONG_AGO)
    with_checks = [n for n, one in enumerate(found) if one.health.checks]
    assert with_checks == [0, 5, 7, 9]
    assert [n for n, one in enumerate(found) if one.health.status != "healthy"] == [7, 8]


def test_an_xnode_is_shown_by_its_newest_name(samples: Samples) -> None:
    keep(samples, seen(0), seen(1, name="shop"))
    assert {one.health.xnode for one in samples.history("a1", at(1))} == {"shop"}


def test_a_series_has_the_figures_asked_for_and_no_line_over_a_gap(samples: Samples) -> None:
    disk = (Disk(mount="/a b", used_percent=40, inodes_percent=10),)
    keep(samples, seen(0, cpu_percent=1.5), seen(1, up=False), seen(2, disks=disk), seen(3))
    asked = [Figure("used_percent", "/a b"), Figure("cpu_percent"), Figure("uptime_seconds")]
    found = samples.series("a1", asked, LONG_AGO)
    assert list(found.moments) == [at(0), at(2)]
    assert list(map(list, found.columns)) == [[None, 40], [1.5, None], [None, None]]
    for nothing in (
        samples.series("a1", asked, at(1), at(2)),
        samples.series("nobody", asked, LONG_AGO),
    ):
        assert list(nothing.moments) == []
        assert list(map(list, nothing.columns)) == [[], [], []]


def test_statuses_are_counted_from_a_moment_on(samples: Samples) -> None:
    keep(samples, seen(0), seen(1, up=False), seen(2), seen(3))
    counted = {HealthStatus.HEALTHY: 2, HealthStatus.UNHEALTHY: 1}
    assert dict(samples.statuses("a1", at(1))) == counted
    assert dict(samples.statuses("nobody", LONG_AGO)) == {}


def test_hours_have_the_least_the_mean_and_the_most(samples: Samples) -> None:
    disk = (Disk(mount="/", used_percent=40, inodes_percent=10),)
    for minute, cpu in ((0, 10.0), (30, 20.0), (59, 60.0), (60, 5.0)):
        keep(samples, seen(minute, cpu_percent=cpu, disks=disk if minute == 30 else None))
    first, *more = samples.hourly("a1", LONG_AGO)
    assert (first.figure, first.low, first.mean, first.high) == ("cpu_percent", 10, 30, 60)
    assert (first.hour, first.count) == (NOON, 3)
    assert [(h.figure, h.instance, h.mean) for h in more if h.hour == NOON] == [
        ("inodes_percent", "/", 10),
        ("used_percent", "/", 40),
    ]
    assert [(h.hour, h.mean) for h in more if h.hour > NOON] == [(at(60), 5)]
    assert [h.hour for h in samples.hourly("a1", at(61))] == [at(60)]
    some = ["cpu_percent", "inodes_percent", "nothing"]
    assert [(h.figure, h.hour) for h in samples.hourly("a1", LONG_AGO, some)] == [
        ("cpu_percent", NOON),
        ("inodes_percent", NOON),
        ("cpu_percent", at(60)),
    ]


def test_hours_outlive_the_samples_they_came_from(samples: Samples) -> None:
    keep(samples, seen(0, cpu_percent=10), seen(1, cpu_percent=30))
    before = list(samples.hourly("a1", LONG_AGO))
    samples.prune(at(60 * 30))
    samples.prune(at(60 * 30))
    assert list(samples.hourly("a1", LONG_AGO)) == before
    assert list(samples.hourly("a1", LONG_AGO, ["cpu_percent"])) == before
    assert list(samples.hourly("a1", LONG_AGO, ["load_1"])) == []
    samples.prune(NOON + timedelta(days=91))
    assert list(samples.hourly("a1", LONG_AGO)) == []


def test_one_that_was_not_seen_for_so_long_that_nothing_is_left_was_never_seen(
    samples: Samples,
) -> None:
    keep(samples, seen(0, cpu_percent=10))
    keep(samples, seen(0, name="db"), of="a2")
    samples.prune(NOON + timedelta(days=1))
    later = 60 * 24 * 91
    keep(samples, seen(later, name="db"), of="a2")
    assert sorted(samples.latest()) == ["a1", "a2"]
    samples.prune(at(later))
    assert list(samples.latest()) == ["a2"]
    assert times(samples) == []
    keep(samples, seen(later + 5))
    assert sorted(samples.latest()) == ["a1", "a2"]
    assert times(samples) == [later + 5]


def test_one_that_was_seen_for_the_first_time_this_hour_is_not_forgotten(samples: Samples) -> None:
    keep(samples, seen(0))
    samples.prune(at(1))
    assert list(samples.latest()) == ["a1"]
