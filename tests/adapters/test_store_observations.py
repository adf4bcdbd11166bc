"""metrics.db: exact, a day of each xNode, and the last of each however old."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsule_adapters.store.observations import SqliteObservations
from capsule_domain.errors import StoreError
from capsule_domain.models.health import Check, CheckKind, Health, HealthStatus
from capsule_domain.models.metric import Disk, Metrics, Observation

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
IDS = {"web": "a1", "db": "a2", "idle": "a2"}


@pytest.fixture
def observations(tmp_path: Path) -> Iterator[SqliteObservations]:
    made = SqliteObservations(tmp_path / "home" / "metrics.db")
    yield made
    made.close()


def seen(minutes: float, *, cpu: float | None = 5.0, name: str = "web") -> Observation:
    moment = NOON + timedelta(minutes=minutes)
    health = Health.judged(name, (Check(kind=CheckKind.SSH, ok=True, latency_ms=1.5),), moment)
    figures = Metrics(
        xnode=name, cpu_percent=cpu, cores=2, failed_units=("ntp.service",), collected_at=moment
    )
    return Observation(xnode_id=IDS.get(name, name), health=health, metrics=figures)


def test_nothing_seen_is_nothing_known(observations: SqliteObservations) -> None:
    assert dict(observations.latest()) == {}
    assert list(observations.history("a1", LONG_AGO)) == []


def test_history_is_oldest_first_from_the_moment_asked_and_of_one_xnode(
    observations: SqliteObservations,
) -> None:
    for minutes in (2, 0, 1):
        observations.remember("a1", seen(minutes))
    observations.remember("a2", seen(1, name="db"))
    assert list(observations.history("a1", LONG_AGO)) == [seen(0), seen(1), seen(2)]
    assert list(observations.history("a1", NOON + timedelta(minutes=1))) == [seen(1), seen(2)]


def test_latest_is_what_was_remembered_last_of_each(observations: SqliteObservations) -> None:
    observations.remember("a1", seen(0))
    observations.remember("a1", seen(5))
    observations.remember("a2", seen(1, name="db"))
    assert dict(observations.latest()) == {"a1": seen(5), "a2": seen(1, name="db")}


def test_a_clock_that_was_wrong_does_not_keep_the_last_in_the_future(
    observations: SqliteObservations,
) -> None:
    observations.remember("a1", seen(60 * 24 * 365))
    observations.remember("a1", seen(0))
    assert observations.latest()["a1"] == seen(0)


def test_a_second_look_at_the_same_moment_replaces_the_first(
    observations: SqliteObservations,
) -> None:
    observations.remember("a1", seen(0, cpu=1))
    observations.remember("a1", seen(0, cpu=2))
    assert list(observations.history("a1", LONG_AGO)) == [seen(0, cpu=2)]


def test_a_day_is_kept_and_what_is_older_goes(observations: SqliteObservations) -> None:
    for hour in range(50):
        observations.remember("a1", seen(60 * hour))
    observations.remember("a2", seen(0, name="idle"))
    kept = [o.health.checked_at for o in observations.history("a1", LONG_AGO)]
    assert kept == [NOON + timedelta(hours=hour) for hour in range(25, 50)]
    assert observations.latest()["a2"] == seen(0, name="idle")


def test_the_last_one_stays_however_old_it_is(observations: SqliteObservations) -> None:
    observations.remember("a1", seen(0))
    observations.remember("a2", seen(60 * 24 * 30, name="db"))
    assert observations.latest()["a1"] == seen(0)


def test_another_process_sees_the_same_after_closing(
    observations: SqliteObservations, tmp_path: Path
) -> None:
    observations.remember("a1", seen(0))
    other = SqliteObservations(tmp_path / "home" / "metrics.db")
    assert dict(other.latest()) == {"a1": seen(0)}
    other.remember("a1", seen(1))
    other.close()
    assert dict(observations.latest()) == {"a1": seen(1)}


def test_threads_may_remember_side_by_side(observations: SqliteObservations) -> None:
    failures: list[BaseException] = []

    def remember(name: str) -> None:
        try:
            for minute in range(20):
                observations.remember(name, seen(minute, name=name))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=remember, args=(f"x{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {name: o.health.checked_at for name, o in observations.latest().items()} == {
        f"x{n}": NOON + timedelta(minutes=19) for n in range(6)
    }


def test_a_record_that_is_not_ours_is_told(observations: SqliteObservations) -> None:
    observations.remember("a1", seen(0))
    with observations._database.change() as transaction:
        transaction.execute("UPDATE observations SET status = 'sleepy'")
    with pytest.raises(StoreError, match=r"metrics\.db holds a record"):
        observations.latest()


PERCENT = st.floats(0, 100)
FIGURE = st.none() | st.floats(allow_nan=False)
MOMENTS = st.datetimes(timezones=st.just(UTC)).filter(lambda m: 1000 < m.year < 9000)
CHECKS = st.builds(
    Check,
    kind=st.sampled_from(CheckKind),
    ok=st.booleans(),
    latency_ms=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    error=st.none() | st.text(max_size=20),
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
    disks = st.builds(
        Disk, mount=st.text(max_size=9), used_percent=PERCENT, inodes_percent=st.none() | PERCENT
    )
    metrics = Metrics(
        xnode=name,
        cpu_percent=draw(st.none() | PERCENT),
        memory_percent=draw(st.none() | PERCENT),
        disks=tuple(draw(st.lists(disks, max_size=2))),
        load_1=draw(FIGURE),
        load_5=draw(FIGURE),
        load_15=draw(FIGURE),
        sent_bytes_per_second=draw(FIGURE),
        generation=draw(st.none() | st.integers(1, 10**6)),
        uptime_seconds=draw(FIGURE),
        collected_at=draw(MOMENTS),
    )
    return Observation(xnode_id="any", health=health, metrics=metrics)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(observation=anything())
def test_whatever_was_seen_comes_back_exactly(
    observations: SqliteObservations, observation: Observation
) -> None:
    observations.remember("any", observation)
    assert observations.latest()["any"] == observation
