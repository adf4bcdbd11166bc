"""Guesses for who asks: as patient as the collector's."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from capsule_domain.models.alert import AlertSeverity
from capsule_domain.models.guess import Guess
from capsule_domain.models.history import HourOf
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.services.alert_rules import default_rules, with_own
from capsule_domain.services.disk_outlook import disk_outlook
from capsule_domain.services.foresee import Foresee
from tests.fakes.clock import FakeClock
from tests.fakes.samples import FakeSamples
from tests.services.test_outlook import NOW, hours
from tests.xnodes import an_xnode

WEB = an_xnode("web")
PLAN = WatchPlan(rules=tuple(default_rules()))


class Remembered(FakeSamples):
    """Hours that a test made."""

    def __init__(self, some: Sequence[HourOf]) -> None:
        super().__init__()
        self.some = some

    def hourly(self, xnode_id: str, since: datetime, names: Sequence[str] = ()) -> Sequence[HourOf]:
        return [one for one in self.some if one.figure in names] if xnode_id == WEB.id else []


def guessed(
    *some: HourOf, now: datetime = NOW, plan: WatchPlan = PLAN
) -> Sequence[tuple[str, AlertSeverity]]:
    return [(one.rule, one.severity) for one in guesses(*some, now=now, plan=plan)]


def guesses(*some: HourOf, now: datetime = NOW, plan: WatchPlan = PLAN) -> Sequence[Guess]:
    return Foresee(Remembered(some), FakeClock(now), plan).of(WEB)


def filling(many: int = 15 * 24) -> list[HourOf]:
    return hours(lambda ago: 92 - 0.5 * ago if ago < 30 else 77, many)


def test_a_disk_that_fills_up_is_guessed_with_its_confidence_and_says_that_it_is_a_guess() -> None:
    (guess,) = guesses(*filling())
    assert (guess.rule, guess.instance) == ("disk-outlook", "/")
    assert guess.severity is AlertSeverity.WARNING
    assert guess.low is not None
    assert guess.high is not None
    assert guess.low <= guess.value <= guess.high
    assert guess.message.startswith("a guess: / is full in about 1")
    assert "95 % confidence" in guess.message


def test_little_history_and_none_are_silent() -> None:
    assert guessed(*filling(5)) == []
    assert guessed() == []
    assert Foresee(Remembered(filling()), FakeClock(NOW), PLAN).of(an_xnode("other")) == ()


def test_what_was_not_guessed_half_an_hour_ago_is_not_told_yet() -> None:
    now = NOW + timedelta(minutes=20)
    short, long = (hours(lambda ago: 90 - 3 * ago, many) for many in (11, 12))
    assert disk_outlook(short, now) is not None
    assert guessed(*short, now=now) == []
    assert guessed(*long, now=now) == [("disk-outlook", AlertSeverity.WARNING)]


def test_a_figure_is_unusual_from_its_second_hour_on() -> None:
    def busy(since_hours: int) -> list[HourOf]:
        return hours(lambda ago: 90 if ago <= since_hours else 20, figure="cpu_percent")

    assert guessed(*busy(1)) == []
    (guess,) = guesses(*busy(2))
    assert (guess.rule, guess.severity) == ("cpu-unusual", AlertSeverity.INFO)
    assert (guess.low, guess.high) == (None, None)
    assert guess.message.startswith("a guess: CPU was at 90 %")


def test_who_has_switched_a_rule_off_or_loosened_it_is_not_told_by_it() -> None:
    (rule,) = (rule for rule in default_rules() if rule.name == "disk-outlook")
    off = rule.model_copy(update={"enabled": False})
    assert guessed(*filling(), plan=WatchPlan(rules=with_own([off]))) == []
    loose = rule.model_copy(update={"warning": None})
    plan = WatchPlan(rules=with_own([loose]))
    assert guessed(*filling(), plan=plan) == [("disk-outlook", AlertSeverity.INFO)]
    elsewhere = rule.model_copy(update={"tags": ("database",)})
    assert guessed(*filling(), plan=WatchPlan(rules=with_own([elsewhere]))) == []
