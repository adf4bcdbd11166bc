"""When each xNode's turn is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.services.schedule import Schedule, Turn

IDS = [f"x{number}" for number in range(600)]


def test_the_fleet_is_spread_over_the_interval_the_same_way_at_every_start() -> None:
    first, second = Schedule(60, 0), Schedule(60, 1234.5)
    assert [first.slot_of(id_) for id_ in IDS] == [second.slot_of(id_) for id_ in IDS]
    sizes = [len(members) for members in first.members(IDS).values()]
    assert sum(sizes) == len(IDS)
    assert max(sizes) < 2 * min(sizes)


def test_turns_come_one_step_after_another() -> None:
    schedule = Schedule(60, 100)
    assert schedule.turns(99) == ([], [])
    assert schedule.turns(100) == ([Turn(0, 0)], [])
    assert schedule.turns(100) == ([], [])
    assert schedule.next_at() == 105
    assert schedule.turns(105.5) == ([Turn(1, 0)], [])
    assert schedule.next_at() == 110


def test_a_late_turn_makes_the_next_ones_no_later() -> None:
    schedule = Schedule(5, 0)
    assert schedule.slots == 5
    schedule.turns(0.9)
    for slot in range(1, 5):
        schedule.turns(slot + 0.9)
    assert schedule.next_at() == 5


def test_after_a_stall_what_was_missed_is_told_and_not_made_up_for() -> None:
    schedule = Schedule(60, 0)
    due, missed = schedule.turns(200)
    assert due == [Turn(4, 3)]
    assert len(missed) == 3 * 12 + 4
    assert schedule.turns(204.9) == ([], [])
    assert schedule.turns(205) == ([Turn(5, 3)], [])


@given(st.lists(st.floats(0.1, 200), min_size=1, max_size=60))
def test_however_time_passes_every_turn_is_due_or_missed_once(pauses: list[float]) -> None:
    schedule, now = Schedule(60, 0), 0.0
    seen: Counter[Turn] = Counter()
    for pause in pauses:
        now += pause
        due, missed = schedule.turns(now)
        assert len(due) <= 2
        seen.update([*due, *missed])
    assert set(seen.values()) <= {1}
    for slot in range(schedule.slots):
        numbers = sorted(turn.number for turn in seen if turn.slot == slot)
        assert numbers == list(range(len(numbers)))
