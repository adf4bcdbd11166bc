"""What is told, what is explained by something else, and what never happens."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState, StepKind
from capsule_domain.models.notification import Grouping
from capsule_domain.models.rule import Quantity
from capsule_domain.models.silence import Silence
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.services.alert_rules import FLEET, RuleBook, Subject, default_rules
from capsule_domain.services.hushed import explained
from capsule_domain.services.judge import Judge, Round
from capsule_domain.services.measure import Measured
from tests.fakes.alert_book import FakeAlertBook

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = {rule.name: rule.quantity for rule in default_rules()}
NODES = [Subject(f"i{n}", f"n{n}", frozenset({"prod"} if n else ())) for n in range(2)]
WATCHED = {subject.id: subject for subject in (*NODES, FLEET)}


def alert(rule: str, of: str = "i0", state: AlertState = AlertState.FIRING) -> Alert:
    return Alert(
        id=f"{rule}-{of}",
        xnode=of,
        key=AlertKey(xnode_id=of, rule=rule),
        severity=AlertSeverity.CRITICAL,
        state=state,
        message="",
        since=START,
        seen_at=START,
        fired_at=START,
    )


@pytest.mark.parametrize(
    ("firing", "hushed"),
    [
        (["cpu", "disk"], []),
        (
            ["ssh", "cpu", "disk", "ping", "http", "service"],
            ["cpu", "disk", "http", "ping", "service"],
        ),
        (["host-key", "ssh", "cpu"], ["cpu", "ssh"]),
        (["ssh", "certificate", "ttl", "host-key"], ["ssh"]),
        (["ping", "cpu"], []),
    ],
)
def test_an_xnode_that_is_down_explains_what_else_is_wrong_with_it(
    firing: Sequence[str], hushed: Sequence[str]
) -> None:
    alerts = [*(alert(rule) for rule in firing), alert("cpu", "other")]
    assert sorted(explained(alerts, RULES)) == sorted(f"{rule}-i0" for rule in hushed)


def test_a_collector_that_is_cut_off_explains_everything_but_itself_and_money() -> None:
    alerts = [alert("collector", ""), alert("budget", ""), alert("ssh"), alert("ttl", "other")]
    assert explained(alerts, RULES) == {"ssh-i0", "ttl-other"}
    assert explained([alert("collector", "", AlertState.PENDING), alert("ssh")], RULES) == set()


def silence(**matcher: object) -> Silence:
    span = {"starts_at": START, "ends_at": START + timedelta(hours=1), "created_by": "anna"}
    return Silence.model_validate({"id": "s", **span, **matcher})


@pytest.mark.parametrize(
    ("matcher", "hushes"),
    [
        ({}, True),
        ({"xnode": "i0"}, True),
        ({"xnode": "other"}, False),
        ({"rule": "cpu"}, True),
        ({"rule": "cpu", "xnode": "other"}, False),
        ({"tag": "prod"}, True),
        ({"tag": "test"}, False),
        ({"severity": "critical"}, True),
        ({"severity": "warning"}, False),
    ],
)
def test_a_silence_is_for_what_matches_all_that_it_says(
    matcher: dict[str, object],
    hushes: bool,  # noqa: FBT001
) -> None:
    one = silence(**matcher)
    assert one.hushes(alert("cpu"), {"prod"}, START) is hushes
    assert not one.hushes(alert("cpu"), {"prod"}, one.ends_at)
    assert not one.hushes(alert("cpu"), {"prod"}, START - timedelta(seconds=1))


def test_a_silence_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends after"):
        silence(ends_at=START)


class Court:
    """Rounds of judging over a book in memory."""

    def __init__(self, *, at_once: bool = False) -> None:
        self.book = FakeAlertBook()
        self.now = START
        ids = (f"a{number:04}" for number in count(1))
        self.judge = Judge(
            rules=RuleBook(default_rules()),
            grouping=Grouping(),
            channels=("console",),
            stale_seconds=WatchPlan().stale_seconds_of,
            new_id=lambda: next(ids),
            at_once=at_once,
        )

    def sits(self, cpu: Sequence[float | None], *, restart: bool = False) -> Round:
        """A minute later; the CPU of each node, None for one that was not looked at."""
        self.now += timedelta(minutes=1)
        seen = [
            (node, {Quantity.CPU: [Measured(Quantity.CPU, value)]})
            for node, value in zip(NODES, cpu, strict=True)
            if value is not None
        ]
        page = self.book.page(self.now)
        made = self.judge.round(page, seen, WATCHED.get, self.now, restart=restart)
        self.book.apply(made.entry, page.revision)
        return made


def test_a_look_by_hand_waits_for_nothing() -> None:
    court = Court(at_once=True)
    court.sits([99, 10])
    assert [one.state for one in court.book.list()] == [AlertState.FIRING]
    court.sits([10, 10])
    assert [one.state for one in court.book.list()] == [AlertState.RESOLVED]


@pytest.mark.parametrize(
    ("figure", "every"),
    [
        (Measured(Quantity.DISK, 99, "/"), timedelta(minutes=5)),
        (Measured(Quantity.FAILED_UNITS, 1, "a.service"), timedelta(minutes=5)),
        (Measured(Quantity.DISK_FULL_HOURS, 10, "/"), timedelta(minutes=30)),
    ],
)
def test_what_is_measured_seldom_fires_and_ends_all_the_same(
    figure: Measured, every: timedelta
) -> None:
    court = Court()
    calm = figure._replace(value=9999.0 if figure.quantity.is_guess else 0.0)
    kinds: list[object] = []
    for value in (figure, figure, *[calm] * 8):
        court.now += every
        page = court.book.page(court.now)
        seen = [(NODES[0], {figure.quantity: [value]})]
        made = court.judge.round(page, seen, WATCHED.get, court.now)
        court.book.apply(made.entry, page.revision)
        kinds += [step.kind for step in made.steps]
    assert kinds == [StepKind.BEGAN, StepKind.FIRED, StepKind.RESOLVED]


def test_nothing_to_say_writes_nothing() -> None:
    court = Court()
    assert court.sits([10, None]).entry.is_empty


def test_a_rule_that_is_there_no_more_ends_its_alerts() -> None:
    court = Court(at_once=True)
    court.sits([99, 99])
    page = court.book.page(court.now)
    made = Judge(
        rules=RuleBook([]),
        grouping=Grouping(),
        channels=(),
        stale_seconds=WatchPlan().stale_seconds_of,
        new_id=lambda: "x",
    ).round(page, [], WATCHED.get, court.now)
    assert {step.alert.state for step in made.steps} == {AlertState.RESOLVED}


CPU = st.none() | st.sampled_from([10.0, 72.0, 80.0, 99.0])


@settings(max_examples=60)
@given(st.lists(st.tuples(CPU, CPU, st.booleans()), max_size=60))
def test_whatever_is_seen_an_end_is_told_only_after_its_beginning_and_seldom_enough(
    minutes: Sequence[tuple[float | None, float | None, bool]],
) -> None:
    court = Court()
    told: set[str] = set()
    fired: set[str] = set()
    spoken: datetime | None = None
    for first, second, restart in minutes:
        made = court.sits([first, second], restart=restart)
        fired |= {step.alert.id for step in made.steps if step.alert.fired_at}
        for step in made.steps:
            assert step.alert.state is not AlertState.RESOLVED or step.alert.id in fired
        for message in made.entry.notifications:
            assert {one.id for one in message.resolved} <= told
            told |= {one.id for one in message.firing}
            assert spoken is None or court.now - spoken >= timedelta(minutes=5)
            spoken = court.now
        open_ones = [one.key for one in court.book.list() if one.resolved_at is None]
        assert len(open_ones) == len(set(open_ones))
    values = {one.key.instance for one in court.book.list()}
    assert values <= {""}
