"""When a group is told: first, changed, over, again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState
from capsule_domain.models.notification import Grouping, GroupLog, Notification
from capsule_domain.services.alert_groups import AlertGroup

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
GROUPING = Grouping(wait_seconds=30, interval_seconds=300, repeat_seconds=14_400)


def alert(name: str, *, fired_after: float = 0, **changes: object) -> Alert:
    plain = Alert(
        id=name,
        xnode=name,
        key=AlertKey(xnode_id=name, rule="down"),
        severity=AlertSeverity.WARNING,
        state=AlertState.FIRING,
        message="it is down",
        since=START,
        seen_at=START,
        fired_at=START + timedelta(seconds=fired_after),
    )
    return plain.model_copy(update=changes)


def resolved(name: str) -> Alert:
    return alert(name, state=AlertState.RESOLVED, resolved_at=START)


class Teller:
    """One group, asked again and again."""

    def __init__(self) -> None:
        self.log: GroupLog | None = None
        self.sent: list[Notification] = []
        self.ids = (f"m{number}" for number in count(1))

    def at(self, seconds: float, *alerts: Alert) -> str:
        """What is sent at that time: nothing, or kind and names."""
        group = AlertGroup("down", alerts, self.log, GROUPING)
        due = group.due(START + timedelta(seconds=seconds), lambda: next(self.ids))
        if due is None:
            return ""
        message, self.log = due
        self.sent.append(message)
        names = [*(a.xnode for a in message.firing), *(f"-{a.xnode}" for a in message.resolved)]
        return f"{message.kind} {' '.join(names)}"


def test_a_first_message_waits_for_the_others_of_its_group() -> None:
    teller = Teller()
    assert teller.at(10, alert("a")) == ""
    assert teller.at(30, alert("a"), alert("b", fired_after=25)) == "firing a b"
    assert teller.at(60, alert("a"), alert("b")) == ""


def test_a_thousand_at_once_are_one_message() -> None:
    teller = Teller()
    everyone = [alert(f"n{number:04}") for number in range(1000)]
    assert teller.at(31, *everyone)
    assert len(teller.sent) == 1
    assert len(teller.sent[0].firing) == 1000


def test_news_follow_after_the_interval() -> None:
    teller = Teller()
    teller.at(30, alert("a"))
    assert teller.at(200, alert("a"), alert("b", fired_after=190)) == ""
    assert teller.at(330, alert("a"), alert("b", fired_after=190)) == "firing a b"


def test_an_escalation_is_news_and_easing_is_not() -> None:
    teller = Teller()
    teller.at(30, alert("a"))
    worse = alert("a", severity=AlertSeverity.CRITICAL)
    assert teller.at(400, worse) == "firing a"
    assert teller.at(800, alert("a")) == ""


def test_the_end_is_told_once_in_the_same_thread() -> None:
    teller = Teller()
    teller.at(30, alert("a"), alert("b"))
    assert teller.at(400, resolved("a"), alert("b")) == "firing b -a"
    assert teller.at(800, resolved("a"), resolved("b")) == "resolved -b"
    assert teller.at(1200, resolved("a"), resolved("b")) == ""
    assert len({message.thread for message in teller.sent}) == 1


def test_nobody_hears_the_end_of_what_was_never_told() -> None:
    teller = Teller()
    assert teller.at(10, alert("a")) == ""
    assert teller.at(400, resolved("a")) == ""


def test_what_fires_anew_after_its_end_is_told_anew_in_another_thread() -> None:
    teller = Teller()
    teller.at(30, alert("a"))
    teller.at(400, resolved("a"))
    assert teller.at(1000, alert("a2", fired_after=900)) == "firing a2"
    first, _, again = teller.sent
    assert first.thread != again.thread


def test_what_still_fires_is_repeated_unless_somebody_took_it_on() -> None:
    teller = Teller()
    teller.at(30, alert("a"))
    assert teller.at(14_000, alert("a")) == ""
    assert teller.at(14_430, alert("a")) == "repeated a"
    assert teller.at(40_000, alert("a", acknowledged_by="anna")) == ""


def test_a_clock_set_back_stops_nothing() -> None:
    teller = Teller()
    teller.at(30, alert("a"))
    assert teller.at(-7200, alert("a"), alert("b", fired_after=-7300)) == "firing a b"


@given(st.lists(st.sets(st.sampled_from("abc")), max_size=80))
def test_a_message_an_interval_and_every_beginning_before_its_end(
    rounds: Sequence[set[str]],
) -> None:
    """`rounds`: who fires, each half a minute."""
    teller = Teller()
    told: set[str] = set()
    live: dict[str, Alert] = {}
    over: list[Alert] = []
    for number, firing in enumerate(rounds):
        for name in firing - live.keys():
            live[name] = alert(f"{name}{number}", fired_after=30 * number)
        for name in live.keys() - firing:
            ended = live.pop(name)
            over.append(ended.model_copy(update={"state": AlertState.RESOLVED}))
        before = len(teller.sent)
        teller.at(30 * number, *live.values(), *over)
        for message in teller.sent[before:]:
            assert {a.id for a in message.resolved} <= told
            told -= {a.id for a in message.resolved}
            told |= {a.id for a in message.firing}
    times = [message.created_at for message in teller.sent]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(gap >= timedelta(seconds=GROUPING.interval_seconds) for gap in gaps)
