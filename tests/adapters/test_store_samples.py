"""metrics.db: what any sample may be, who uses it side by side, and older files."""

import itertools
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsule_adapters.store.samples import SqliteSamples
from capsule_adapters.store.samples_fresh import Fresh, read
from capsule_adapters.store.samples_rows import sample_row
from capsule_adapters.store.samples_schema import METRICS_MIGRATIONS
from capsule_adapters.store.sqlite import open_database
from capsule_domain.errors import StoreError
from capsule_domain.models.health import Check, CheckKind, Health, HealthStatus
from capsule_domain.models.metric import Disk, Metrics, Observation
from capsule_domain.ports.samples import Figure

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


@pytest.fixture
def samples(tmp_path: Path) -> Iterator[SqliteSamples]:
    made = SqliteSamples(tmp_path / "home" / "metrics.db")
    yield made
    made.close()


def seen(minutes: float, *, cpu: float | None = 5.0, name: str = "web") -> Observation:
    moment = NOON + timedelta(minutes=minutes)
    health = Health.judged(name, (Check(kind=CheckKind.SSH, ok=True, latency_ms=1.5),), moment)
    metrics = Metrics(xnode=name, cpu_percent=cpu, collected_at=moment)
    return Observation(health=health, metrics=metrics)


def remember(samples: SqliteSamples, xnode_id: str, one: Observation) -> None:
    samples.append({xnode_id: one}, one.health.checked_at)


def test_another_process_sees_the_same(samples: SqliteSamples, tmp_path: Path) -> None:
    remember(samples, "a1", seen(0))
    other = SqliteSamples(tmp_path / "home" / "metrics.db")
    assert dict(other.latest()) == {"a1": seen(0)}
    remember(other, "a2", seen(1, name="db"))
    other.close()
    remember(samples, "a2", seen(2, name="db"))
    assert dict(samples.latest()) == {"a1": seen(0), "a2": seen(2, name="db")}


def test_a_name_that_a_process_forgot_is_nobody_elses(
    samples: SqliteSamples, tmp_path: Path
) -> None:
    remember(samples, "a1", seen(0))
    with closing(SqliteSamples(tmp_path / "home" / "metrics.db")) as other:
        other.prune(NOON + timedelta(days=91))
        remember(other, "b2", seen(0, name="other"))
    remember(samples, "a1", seen(1))
    assert {id_: one.health.xnode for id_, one in samples.latest().items()} == {
        "a1": "web",
        "b2": "other",
    }


def test_threads_may_append_side_by_side(samples: SqliteSamples) -> None:
    failures: list[BaseException] = []

    def append(name: str) -> None:
        try:
            for minute in range(20):
                remember(samples, name, seen(minute, name=name))
                samples.prune(NOON)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=append, args=(f"x{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {name: one.health.checked_at for name, one in samples.latest().items()} == {
        f"x{n}": NOON + timedelta(minutes=19) for n in range(6)
    }


def test_a_day_is_kept_and_what_is_older_goes(samples: SqliteSamples) -> None:
    for hour in range(50):
        remember(samples, "a1", seen(60 * hour))
    remember(samples, "a2", seen(0, name="idle"))
    samples.prune(NOON + timedelta(hours=49))
    kept = [one.health.checked_at for one in samples.history("a1", LONG_AGO)]
    assert kept == [NOON + timedelta(hours=hour) for hour in range(25, 50)]
    assert len(samples.hourly("a1", LONG_AGO)) == 50
    assert samples.latest()["a2"] == seen(0, name="idle")


@pytest.mark.parametrize(
    "spoilt",
    [
        "UPDATE samples SET status = 77",
        "UPDATE samples SET more = '[]'",
        "UPDATE samples SET more = '{\"disks\": 3}'",
        "UPDATE checks SET body = 'x'",
        "UPDATE fresh SET status = 77",
        "UPDATE fresh SET body = 'x'",
    ],
)
def test_a_record_that_is_not_ours_is_told(samples: SqliteSamples, spoilt: str) -> None:
    remember(samples, "a1", seen(0))
    samples.prune(NOON)
    remember(samples, "a1", seen(5))
    with samples._database.change() as transaction:
        transaction.execute(spoilt)
    with pytest.raises(StoreError, match=r"metrics\.db holds a record"):
        samples.history("a1", LONG_AGO)


def test_a_last_record_that_is_not_ours_is_told(samples: SqliteSamples) -> None:
    remember(samples, "a1", seen(0))
    with samples._database.change() as transaction:
        transaction.execute("UPDATE last SET body = '{}'")
    with pytest.raises(StoreError, match=r"metrics\.db holds a record"):
        samples.latest()


def test_samples_that_wait_to_be_moved_and_those_that_were_are_read_as_one(
    samples: SqliteSamples,
) -> None:
    figures = [Figure("cpu_percent")]
    minutes = [0, 1, 2, 5, 6, 7]
    for minute in minutes:
        remember(samples, "a1", seen(minute, cpu=minute))
        if minute == 2:
            samples.prune(NOON)
    history = samples.history("a1", LONG_AGO)
    assert [bool(one.health.checks) for one in history] == [True, False, False, True, False, False]
    whole = samples.series("a1", figures, LONG_AGO)
    assert [list(column) for column in whole.columns] == [minutes]
    (hour,) = samples.hourly("a1", LONG_AGO)
    assert (hour.low, hour.high, hour.count) == (0, 7, 6)
    samples.prune(NOON)
    assert samples.history("a1", LONG_AGO) == history
    assert samples.series("a1", figures, LONG_AGO) == whole


def test_a_moment_that_comes_again_after_its_sample_was_moved_is_replaced(
    samples: SqliteSamples,
) -> None:
    for minute in (0, 1, 2):
        remember(samples, "a1", seen(minute, cpu=minute))
    samples.prune(NOON)
    remember(samples, "a1", seen(1, cpu=99))
    for _ in range(2):
        found = samples.series("a1", [Figure("cpu_percent")], LONG_AGO)
        assert [list(column) for column in found.columns] == [[0, 99, 2]]
        samples.prune(NOON)


def test_what_is_written_is_moved_whenever_much_of_it_waits(tmp_path: Path) -> None:
    """Whoever tidies up never, or not often enough, reads as quickly."""
    with closing(open_database(tmp_path / "metrics.db", METRICS_MIGRATIONS)) as database:
        writers = [Fresh(), Fresh()]
        for tick in range(50):
            rows = [sample_row(1, 100 * tick + n, seen(0), None) for n in range(100)]
            with database.change() as transaction:
                writers[tick % 2].add(transaction, rows)
        ((waiting,),) = database.rows("SELECT count(*) FROM fresh")
        with database.snapshot() as transaction:
            found = read(transaction, 1, "at_ms", 0, 10_000)
    assert waiting < 4000
    assert [at_ms for (at_ms,) in found] == list(range(5000))


def test_a_file_of_the_first_form_goes_over_with_all_that_it_held(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    open_database(path, METRICS_MIGRATIONS[:1]).close()
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO nodes VALUES (1, 'a1'), (2, 'a2')")
        row = "INSERT INTO observations VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
        us = int(NOON.timestamp()) * 1_000_000
        checks = '[{"kind":"ssh","ok":true,"latency_ms":1.5,"error":null}]'
        disks = '[{"mount":"/a b","used_percent":34.5,"inodes_percent":null}]'
        figures = (us + 2_000, 12.5, 50.25, 0.5, 1.0, 1.5, 99.0, disks)
        old.execute(row, (1, us, "web", "healthy", checks, *figures))
        old.execute(row, (1, us - 60_000_000, "web", "unhealthy", "[]", *(None,) * 8))
        old.execute(row, (2, us, "db", "unknown", "[]", *(None,) * 8))
        old.execute("INSERT INTO last VALUES (1, ?), (2, ?)", (us, us))
    with closing(SqliteSamples(path)) as samples:
        expected = Metrics(
            xnode="web",
            cpu_percent=12.5,
            memory_percent=50.25,
            load_1=0.5,
            load_5=1.0,
            load_15=1.5,
            uptime_seconds=99.0,
            disks=(Disk(mount="/a b", used_percent=34.5),),
            collected_at=NOON + timedelta(milliseconds=2),
        )
        before, now = samples.history("a1", LONG_AGO)
        assert before.health.status is HealthStatus.UNHEALTHY
        assert now.metrics == expected
        last = samples.latest()
        assert last["a1"].metrics == expected
        assert last["a1"].health.checks == now.health.checks
        assert last["a2"].health == Health(xnode="db", status=HealthStatus.UNKNOWN, checked_at=NOON)


NUMBERS = itertools.count()
PERCENT = st.floats(0, 100)
FIGURE = st.none() | st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.datetimes(timezones=st.just(UTC)).filter(lambda m: 1000 < m.year < 9000)
CHECKS = st.builds(
    Check,
    kind=st.sampled_from(CheckKind),
    ok=st.booleans(),
    latency_ms=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    error=st.none() | st.text(max_size=20),
)
DISKS = st.builds(
    Disk, mount=st.text(max_size=9), used_percent=PERCENT, inodes_percent=st.none() | PERCENT
)


@st.composite
def anything(draw: st.DrawFn) -> Observation:
    name = draw(st.text(max_size=10))
    health = Health(
        xnode=name,
        status=draw(st.sampled_from(HealthStatus)),
        checks=tuple(draw(st.lists(CHECKS, max_size=3))),
        checked_at=draw(MOMENTS),
    )
    if draw(st.booleans()):
        return Observation(xnode_id="any", health=health)
    metrics = Metrics(
        xnode=name,
        cpu_percent=draw(st.none() | PERCENT),
        memory_percent=draw(st.none() | PERCENT),
        disks=draw(st.none() | st.lists(DISKS, max_size=2).map(tuple)),
        load_1=draw(FIGURE),
        uptime_seconds=draw(FIGURE),
        received_bytes_per_second=draw(FIGURE),
        failed_units=draw(st.none() | st.lists(st.text(max_size=9), max_size=2).map(tuple)),
        generation=draw(st.none() | st.integers(-5, 2**70)),
        collected_at=draw(MOMENTS),
    )
    return Observation(xnode_id="any", health=health, metrics=metrics)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(observation=anything())
def test_whatever_was_seen_comes_back(samples: SqliteSamples, observation: Observation) -> None:
    xnode_id = f"any-{next(NUMBERS)}"
    remember(samples, xnode_id, observation)
    assert samples.latest()[xnode_id] == observation
    (kept,) = samples.history(xnode_id, LONG_AGO)
    assert kept.health.status == observation.health.status
    assert kept.health.checks == observation.health.checks
    assert abs(kept.health.checked_at - observation.health.checked_at) < timedelta(milliseconds=1)
    before, after = observation.metrics, kept.metrics
    assert (before is None) == (after is None)
    if before is None or after is None:
        return
    assert (after.disks, after.failed_units) == (before.disks, before.failed_units)
    assert after.generation == before.generation
    for name, unit in (("cpu_percent", 0.01), ("load_1", 0.01), ("received_bytes_per_second", 1)):
        old, new = getattr(before, name), getattr(after, name)
        assert (old is None) == (new is None)
        assert old is None or new == pytest.approx(old, abs=unit / 2 + 1e-9)
    samples.hourly(xnode_id, LONG_AGO)
