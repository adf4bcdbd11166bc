"""Signs of life: after good rounds, not too often, and in nobody's way."""

from collections.abc import Callable

import pytest

from capsule_domain.errors import ConfigurationError, NotDelivered, StoreError
from capsule_domain.models.heard import HeardKind
from capsule_domain.models.heartbeat import Beat, HeartbeatSettings, Pulse
from capsule_domain.services.heartbeats import Heartbeats
from capsule_domain.services.looker import Looker
from tests.fakes.clock import FakeClock
from tests.fakes.heartbeat import FakeHeartbeat, FakePulseLog
from tests.services.watching import PLAN, Room

ON = HeartbeatSettings(enabled=True)


class Chest:
    """Signs of life over fakes."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.heart = FakeHeartbeat()
        self.log = FakePulseLog()
        self.troubles: list[str] = []
        self.works: list[Callable[[], None]] = []
        self.beats = Heartbeats(
            lambda: self.heart, self.log, self.clock, self.troubles.append, run=lambda work: work()
        )

    def after(self, seconds: float, chosen: HeartbeatSettings = ON, *, good: bool = True) -> None:
        """A round ends so many seconds later."""
        self.clock.advance(seconds)
        self.beats.round_over(chosen, good=good)


def test_one_is_sent_at_most_once_an_interval() -> None:
    chest = Chest()
    for _ in range(25):
        chest.after(5)
    assert chest.heart.beats == [Beat.GOOD] * 3
    assert chest.log.pulse == Pulse(arrived_at=chest.clock.now())


def test_nothing_is_sent_when_it_is_off() -> None:
    chest = Chest()
    chest.after(60, HeartbeatSettings())
    assert (chest.heart.beats, chest.log.pulse) == ([], Pulse())


def test_a_round_that_did_not_go_well_is_told_unless_the_other_side_knows_no_such_thing() -> None:
    chest = Chest()
    chest.after(60, good=False)
    chest.after(60)
    chest.after(60, HeartbeatSettings(enabled=True, fail=False), good=False)
    assert chest.heart.beats == [Beat.FAIL, Beat.GOOD]


def test_the_beginning_is_told_to_who_wants_it() -> None:
    chest = Chest()
    wanted = HeartbeatSettings(enabled=True, start=True)
    chest.after(0, wanted)
    chest.after(60, wanted)
    assert chest.heart.beats == [Beat.START, Beat.GOOD, Beat.GOOD]


def test_what_does_not_arrive_is_counted_and_told_once() -> None:
    chest = Chest()
    chest.heart.refusals = [NotDelivered("heartbeat", "no connection")] * 3
    for _ in range(3):
        chest.after(60)
    assert chest.troubles == ["the heartbeat did not arrive: no connection"]
    assert (chest.log.pulse.missed, chest.log.pulse.failures) == (3, 3)
    assert chest.log.pulse.error == "no connection"
    chest.after(60)
    assert (chest.log.pulse.missed, chest.log.pulse.failures) == (0, 3)
    assert chest.log.pulse.arrived_at == chest.clock.now()


def test_one_that_hangs_keeps_the_next_from_being_begun_and_no_round_from_ending() -> None:
    chest = Chest()
    chest.beats.run = chest.works.append
    for _ in range(3):
        chest.after(60)
    assert len(chest.works) == 1
    chest.works.pop()()
    chest.after(60)
    assert len(chest.works) == 1


def test_a_url_that_is_missing_is_a_beat_that_did_not_arrive() -> None:
    chest = Chest()

    def none() -> FakeHeartbeat:
        raise ConfigurationError("the heartbeat has no heartbeat-url")

    chest.beats.heart = none
    chest.after(60)
    assert chest.log.pulse.error == "the heartbeat has no heartbeat-url"


def test_a_full_disk_is_told_and_stops_nothing() -> None:
    class Full(FakePulseLog):
        def write(self, pulse: Pulse) -> None:
            raise StoreError("cannot write state.db: the disk is full")

    chest = Chest()
    chest.beats.log = Full()
    chest.after(60)
    chest.after(60)
    assert chest.heart.beats == [Beat.GOOD] * 2
    assert chest.troubles == ["cannot write state.db: the disk is full"] * 2


class Heard(Room):
    """A collector whose rounds are noted: when, and whether they went well."""

    def __init__(self) -> None:
        super().__init__(1, PLAN)
        self.rounds: list[tuple[float, bool]] = []
        self.engine.round_over = lambda _plan, good: self.rounds.append(
            (self.clock.steady - self.clock.begun, good)
        )

    def between(self, start: float, end: float) -> set[bool]:
        return {good for at, good in self.rounds if start <= at < end}


def test_rounds_go_well_but_for_those_that_cannot_be_kept() -> None:
    room = Heard()
    room.clock.at(600, lambda: setattr(room.book, "page", broken))
    room.clock.at(900, lambda: delattr(room.book, "page"))
    room.run(1500)
    assert room.said(HeardKind.TROUBLE)
    assert room.between(0, 590) == room.between(910, 1500) == {True}
    assert room.between(610, 890) == {False}


def broken(_now: object) -> None:
    raise StoreError("cannot read state.db")


def test_rounds_without_any_look_do_not_go_well_for_long() -> None:
    room = Heard()
    looker = room.engine.looker
    room.clock.at(600, lambda: setattr(room.engine, "looker", Looker(room.probes, lambda _: None)))
    room.clock.at(1200, lambda: setattr(room.engine, "looker", looker))
    room.run(1800)
    assert room.between(0, 600) == {True}
    assert room.between(800, 1190) == {False}
    assert room.between(1300, 1800) == {True}


@pytest.mark.parametrize("seconds", [9.9, 86_401, float("nan")])
def test_an_interval_that_can_be_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="interval_seconds"):
        HeartbeatSettings(interval_seconds=seconds)
