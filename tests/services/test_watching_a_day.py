"""A day of a fleet in a time of the test's own: outages, a clock that is set, a laptop asleep.

What is told is compared, alert by alert, with what is worked out beforehand.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from capsule_domain.models.alert import AlertState
from capsule_domain.models.health import Check, CheckKind, Fault, Health, HealthStatus
from capsule_domain.models.heard import HeardKind
from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Metrics, Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.services.looker import Looker
from tests.services.watching import START, Room, StepClock
from tests.xnodes import an_xnode

HOUR = 3600.0
INTERVAL = 60.0
SSH_FOR, CPU_FOR, KEEPS = 60.0, 300.0, 300.0
CALM = Metrics(xnode="n", cpu_percent=12.5, collected_at=START)
HOT = Metrics(xnode="n", cpu_percent=97.0, collected_at=START)
OK_SSH = (Check(kind=CheckKind.SSH, ok=True, latency_ms=1.0),)
NO_SSH = (Check(kind=CheckKind.SSH, ok=False, fault=Fault.UNREACHABLE, error="timed out"),)


@dataclass(frozen=True)
class Spell:
    """A trouble of one xNode, by the steady clock."""

    name: str
    rule: str
    start: float
    end: float


class Weather:
    """Probes of a fleet that is well but for its spells. Makes a look in some microseconds."""

    def __init__(self, clock: StepClock, spells: Sequence[Spell]) -> None:
        self._clock = clock
        self._spells: dict[str, list[Spell]] = {}
        for spell in spells:
            self._spells.setdefault(spell.name, []).append(spell)

    def look(self, xnodes: Sequence[XNode], plan: LookPlan) -> Iterator[Observation]:
        now, steady = self._clock.now(), self._clock.monotonic() - self._clock.begun
        for xnode in xnodes:
            bad = {s.rule for s in self._spells.get(xnode.name, ()) if s.start <= steady < s.end}
            yield seen(xnode, now, bad)

    def close(self) -> None:
        """Nothing is open."""


def seen(xnode: XNode, now: datetime, bad: set[str]) -> Observation:
    """Not validated, and not new where that shows nowhere: a day of a thousand is 1.4 million."""
    down = "ssh" in bad
    health = Health.model_construct(
        xnode=xnode.name,
        status=HealthStatus.UNHEALTHY if down else HealthStatus.HEALTHY,
        checks=NO_SSH if down else OK_SSH,
        checked_at=now,
    )
    metrics = None if down else HOT if "cpu" in bad else CALM
    return Observation.model_construct(xnode_id=xnode.id, health=health, metrics=metrics)


def spells_of(names: Sequence[str], hours: float, dice: random.Random) -> list[Spell]:
    """Two troubles or so an xNode and day, long and short, in the first nine tenths of each hour
    and never over its end; each xNode has one in an hour at most."""
    found = []
    for name in names:
        for hour in range(1, int(hours)):
            if dice.random() < 2 / 24:
                start = hour * HOUR + dice.uniform(0, HOUR / 4)
                length = dice.choice([20, 45, 200, 700, 1500])
                rule = dice.choice(["ssh", "cpu"])
                found.append(Spell(name, rule, start, start + length))
    return found


def looks_in(room: Room, spell: Spell) -> list[float]:
    """When the xNode is looked at while the spell lasts: at its own place in each interval."""
    slots = 12
    offset = room.slot(spell.name) * INTERVAL / slots
    first = -(-(spell.start - offset) // INTERVAL) * INTERVAL + offset
    count = max(0, -(-(spell.end - first) // INTERVAL))
    return [first + INTERVAL * number for number in range(int(count))]


def expected(room: Room, spells: Sequence[Spell], breaks: Sequence[float]) -> list[str]:
    """What fires, worked out from when each is looked at; `breaks` restart all waiting."""
    told = []
    for spell in spells:
        since = None
        for look in looks_in(room, spell):
            previous = look - INTERVAL
            broken = [at for at in breaks if previous < at <= look]
            since = look if since is None or broken else since
            if look - since >= (SSH_FOR if spell.rule == "ssh" else CPU_FOR) - 1:
                told.append(f"{spell.name} {spell.rule} {int(spell.start // HOUR)}")
                break
    return sorted(told)


def heard(room: Room, kind: HeardKind) -> list[str]:
    """The same words of what was heard; the hour is that of the steady clock."""
    found = []
    for at, one in zip(room.heard_at, room.heard, strict=True):
        if one.kind is kind and one.alert is not None:
            found.append(f"{one.alert.xnode} {one.alert.key.rule} {int(at // HOUR)}")
    return sorted(found)


def a_day(count: int, hours: float) -> None:
    dice = random.Random(8)  # noqa: S311 (the same day at every run)
    names = [f"n{number:04}" for number in range(count)]
    spells = spells_of(names, hours, dice)
    room = Room([an_xnode(name) for name in names])
    room.engine.looker = Looker(Weather(room.clock, spells), run=lambda work: work())
    breaks = []
    jumps = {0.3: 8 * HOUR, 0.5: -HOUR, 0.7: 90.0, 0.9: -400.0}
    for share, jump in jumps.items():
        at = int(hours * share) * HOUR + 11 * 60 + 2.5
        breaks.append(at)
        room.clock.at(at, lambda jump=jump: room.clock.jump(jump))  # type: ignore[misc]
    room.run(hours * HOUR)

    wanted = expected(room, spells, breaks)
    assert heard(room, HeardKind.FIRED) == wanted
    assert heard(room, HeardKind.RESOLVED) == wanted
    assert len([one for one in room.heard if one.kind is HeardKind.CLOCK]) == len(jumps)
    assert [one for one in room.heard if one.kind is HeardKind.TROUBLE] == []
    assert [one for one in room.book.list() if one.state is not AlertState.RESOLVED] == []
    _every_beginning_and_end_was_told_once(room)


def _every_beginning_and_end_was_told_once(room: Room) -> None:
    begun: list[str] = []
    ended: list[str] = []
    last: dict[str, tuple[float, datetime]] = {}
    for entry in room.entries:
        for message in entry.notifications:
            ended += [alert.id for alert in message.resolved]
            begun += [alert.id for alert in message.firing]
            assert {alert.id for alert in message.resolved} <= set(begun)
            before = last.get(message.group)
            if before is not None and message.created_at >= before[1]:
                assert message.created_at - before[1] >= timedelta(seconds=300)
            last[message.group] = (0.0, message.created_at)
    assert len(ended) == len(set(ended))
    fired = {one.alert.id for one in room.heard if one.kind is HeardKind.FIRED and one.alert}
    # A short one may be over before its group's turn to speak comes: then nobody hears of it.
    assert set(begun) <= fired
    assert set(ended) == set(begun)
    assert len(set(begun)) > len(fired) / 2


def test_a_quarter_of_a_day_of_a_small_fleet_goes_as_worked_out_beforehand() -> None:
    a_day(30, 8)


@pytest.mark.full
def test_a_day_of_a_thousand_goes_as_worked_out_beforehand() -> None:
    a_day(1000, 24)
