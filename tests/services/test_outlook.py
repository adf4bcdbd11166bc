"""Guesses from the history: what is said, and above all what is not."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from re import fullmatch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsule_domain.errors import StoreError
from capsule_domain.models.alert import AlertSeverity, AlertState
from capsule_domain.models.health import Health
from capsule_domain.models.history import HourOf
from capsule_domain.models.metric import Disk, Metrics, Observation
from capsule_domain.models.rule import AlertRule, Bound, Quantity
from capsule_domain.services.alert_rules import default_rules
from capsule_domain.services.disk_outlook import DiskOutlook, disk_outlook
from capsule_domain.services.isolation import Isolation
from capsule_domain.services.outlook import Outlook, outlook
from capsule_domain.services.rounds import Rounds
from capsule_domain.services.trend import trend
from capsule_domain.services.usual import usual
from tests.fakes.alert_book import FakeAlertBook
from tests.fakes.clock import FakeClock
from tests.fakes.samples import FakeSamples
from tests.fakes.supervision import FakeAnchors
from tests.services.watching import PLAN
from tests.xnodes import an_xnode

NOW = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
THIS_HOUR = NOW.replace(minute=0)
HOUR = timedelta(hours=1)
Course = Callable[[int], float]
"""What a figure was so many hours ago."""


def hours(course: Course, many: int = 15 * 24, figure: str = "used_percent") -> list[HourOf]:
    """Hours up to the one that is not over, oldest first, a little unsteady."""
    random = Random(7)  # noqa: S311  (no secret)
    instance = "/" if figure == "used_percent" else ""
    found = []
    for ago in range(many, -1, -1):
        mean = min(100.0, max(0.0, course(ago) + random.gauss(0, 0.2)))
        hour = THIS_HOUR - ago * HOUR
        found.append(
            HourOf(
                hour=hour, figure=figure, instance=instance, low=mean, mean=mean, high=mean, count=9
            )
        )
    return found


def test_a_steady_rise_is_a_line_that_outliers_do_not_bend() -> None:
    points = [(float(x), 2.0 * x + 5.0) for x in range(30)]
    points[3], points[17], points[22] = (3.0, 99.0), (17.0, -40.0), (22.0, 1e9)
    line = trend(points)
    assert line is not None
    assert line.per_hour == pytest.approx(2.0)
    assert line.at(10) == pytest.approx(25.0)
    assert line.least <= 2.0 <= line.most


def test_few_points_and_points_of_one_moment_are_no_line() -> None:
    assert trend([(float(x), 1.0) for x in range(5)]) is None
    assert trend([(1.0, float(y)) for y in range(20)]) is None


def test_ten_thousand_points_cost_no_more_than_a_hundred() -> None:
    line = trend([(x / 10, x / 20) for x in range(10_000)])
    assert line is not None
    assert line.per_hour == pytest.approx(0.5)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e9, 1e9)), max_size=60))
def test_whatever_the_points_are_the_slope_lies_between_its_bounds(
    points: list[tuple[float, float]],
) -> None:
    line = trend(sorted(points))
    assert line is None or line.least <= line.per_hour <= line.most


def test_a_disk_that_fills_up_for_a_day_is_full_when_it_says() -> None:
    guess = disk_outlook(hours(lambda ago: 92 - 0.5 * ago if ago < 30 else 77), NOW)
    assert isinstance(guess, DiskOutlook)
    assert guess.soonest <= guess.hours <= guess.latest
    assert guess.hours == pytest.approx(15.5, abs=2)


@pytest.mark.parametrize("minute", [0, 10, 25, 35, 50, 59])
def test_a_disk_that_is_full_in_hours_is_foreseen_at_any_minute(minute: int) -> None:
    guess = disk_outlook(hours(lambda ago: 90 - 3 * ago, 20), THIS_HOUR.replace(minute=minute))
    assert guess is not None
    assert guess.seen_hours == 6


def test_a_slow_leak_is_seen_days_ahead() -> None:
    guess = disk_outlook(hours(lambda ago: 90 - 0.1 * ago, 15 * 24), NOW)
    assert guess is not None
    assert guess.hours == pytest.approx(100, rel=0.15)
    assert guess.seen_hours == 168


QUIET: dict[str, Course] = {
    "steady": lambda _ago: 88,
    "slowly emptied": lambda ago: 50 + 0.1 * ago,
    "a step": lambda ago: 80 if ago < 5 else 60,
    "rotated every day": lambda ago: 60 + (-ago % 24) * 1.5,
    "tidied every week": lambda ago: 40 + (-ago % 168) / 168 * 55,
    "levelling off": lambda ago: 80 - 40 * 0.9 ** (200 - min(ago, 200)),
    "just emptied": lambda ago: 30 if ago == 0 else 95 - 0.5 * ago,
    "too far away": lambda ago: 30 - 0.02 * ago,
}


@pytest.mark.parametrize("course", QUIET.values(), ids=QUIET)
def test_what_fills_no_disk_is_no_reason_to_say_so(course: Course) -> None:
    assert disk_outlook(hours(course), NOW) is None


def test_a_machine_that_is_new_is_not_judged_by_its_first_hours() -> None:
    assert disk_outlook(hours(lambda ago: 80 - 2 * ago, 10), NOW) is None
    assert disk_outlook([], NOW) is None


def test_a_gap_is_not_drawn_over() -> None:
    rising = hours(lambda ago: 92 - 0.5 * ago if ago < 30 else 77)
    assert disk_outlook([one for one in rising if not 3 <= _ago(one) <= 80], NOW) is None


def _ago(one: HourOf) -> float:
    return (THIS_HOUR - one.hour) / HOUR


def busy(now: float, days: Course = lambda _ago: 20) -> list[HourOf]:
    """CPU: `now` in the last hour that is over, `days` before."""
    return hours(lambda ago: now if ago <= 1 else days(ago), figure="cpu_percent")


def test_an_hour_far_above_all_its_like_is_unusual() -> None:
    found = usual(busy(90), NOW)
    assert found is not None
    assert found.times > 10
    assert found.common == pytest.approx(20, abs=1)


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (90, lambda ago: 90 if ago in (1 + 24 * 7, 1 + 24 * 14) else 20),
        (90, lambda ago: 90 if ago <= 49 else 20),
        (90, lambda ago: 90 if ago % 24 == 2 else 20),
        (35, lambda _ago: 20),
        (1, lambda _ago: 60),
    ],
    ids=["weekly", "since two days", "daily, an hour earlier", "little more", "idle"],
)
def test_what_has_been_before_and_what_is_little_more_is_usual(now: float, days: Course) -> None:
    found = usual(busy(now, days), NOW)
    assert found is not None
    assert found.times == 0


def test_too_few_days_are_no_habit_and_no_hour_is_no_news() -> None:
    assert usual(busy(90)[-90:], NOW) is None
    assert usual(busy(90)[:-2], NOW) is None
    assert usual([], NOW) is None


def test_guesses_are_figures_with_words_of_their_own() -> None:
    history = [*hours(lambda ago: 92 - 0.5 * ago if ago < 30 else 77), *busy(90)]
    found = outlook(history, NOW)
    assert set(found) == {Quantity.DISK_FULL_HOURS, Quantity.CPU_UNUSUAL}
    assert found[Quantity.DISK_FULL_HOURS][0].instance == "/"
    assert fullmatch(
        r"/ is full in about 1\d h \(1\d h to 1\d h with 95 % confidence\)"
        r" if it goes on as in the last 24 h",
        found[Quantity.DISK_FULL_HOURS][0].detail,
    )
    assert found[Quantity.CPU_UNUSUAL][0].detail == (
        "CPU was at 90 % in the hour from 11:00 UTC, where 20 % is usual"
    )


def test_a_disk_that_was_not_seen_for_hours_is_not_guessed_about() -> None:
    assert outlook(hours(lambda ago: 92 - 0.5 * ago)[:-3], NOW) == {}


class CountingSamples(FakeSamples):
    """Counts what is read, and may be broken."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.broken = False

    def hourly(self, xnode_id: str, since: datetime, names: Sequence[str] = ()) -> Sequence[HourOf]:
        self.read.append(xnode_id)
        if self.broken:
            raise StoreError("cannot read metrics.db", hint="df -h")
        return []


def test_each_is_guessed_about_every_half_hour_and_a_few_at_a_time() -> None:
    samples = CountingSamples()
    guess = Outlook(samples, lambda error: pytest.fail(error.message))
    names = [f"x{number}" for number in range(50)]
    sizes = []
    for minute in range(180):
        before = len(samples.read)
        guess(names, NOW + timedelta(minutes=minute))
        sizes.append(len(samples.read) - before)
    assert sum(sizes[:6]) >= 50
    assert max(sizes) == 10
    assert max(sizes[30:]) < 10
    assert all(5 <= samples.read.count(name) <= 7 for name in names)


def test_where_there_is_but_one_round_all_are_guessed_about() -> None:
    samples = CountingSamples()
    Outlook(samples, lambda error: pytest.fail(error.message), None)(map(str, range(50)), NOW)
    assert len(samples.read) == 50


def filling(at: datetime) -> Observation:
    """An xNode whose disk fills up since yesterday, as it is at a moment."""
    used = min(100.0, max(60.0, 80 + (at - NOW) / HOUR))
    metrics = Metrics(
        xnode="web", disks=(Disk(mount="/", used_percent=used),), cpu_percent=1, collected_at=at
    )
    return Observation(xnode_id="x-web", health=Health.judged("web", (), at), metrics=metrics)


def test_a_disk_that_fills_up_is_told_after_its_second_guess_and_only_as_a_warning() -> None:
    clock, samples, book = FakeClock(NOW), FakeSamples(), FakeAlertBook()
    ids = (str(number) for number in count())
    rounds = Rounds(
        samples=samples,
        book=book,
        isolation=Isolation(FakeAnchors()),
        clock=clock,
        new_id=lambda: next(ids),
        outlook=Outlook(samples, lambda error: pytest.fail(error.message)),
    )
    for ago in range(10 * 24 * 2, 0, -1):
        at = NOW - ago * HOUR / 2
        samples.append({"x-web": filling(at)}, at)
    states = []
    for _ in range(3):
        rounds.run([filling(clock.now())], {"x-web": an_xnode("web")}, PLAN)
        states += [(one.key.rule, one.state, one.severity) for one in book.list()]
        clock.advance(1800)
    kept = ("disk-outlook", AlertState.FIRING, AlertSeverity.WARNING)
    assert states == [("disk-outlook", AlertState.PENDING, AlertSeverity.WARNING), kept, kept]


def test_a_history_that_cannot_be_read_is_told_and_stops_nothing() -> None:
    samples = CountingSamples()
    samples.broken = True
    told: list[StoreError] = []
    assert Outlook(samples, told.append)(["a", "b"], NOW) == {}
    assert len(told) == 1


def test_a_guess_is_never_critical() -> None:
    guesses = [rule for rule in default_rules() if rule.quantity.is_guess]
    assert len(guesses) == 3
    assert all(AlertSeverity.CRITICAL not in rule.bounds for rule in guesses)
    with pytest.raises(ValueError, match="is a guess: info or warning, never critical"):
        AlertRule(name="own", quantity=Quantity.CPU_UNUSUAL, critical=Bound(enter=9, leave=8))
