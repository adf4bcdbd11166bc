"""Figures over time as characters."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from capsule_cli.sparks import chart, columns, sparkline

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = START + timedelta(hours=1)


def at(*minutes: float, value: float = 50.0) -> list[tuple[datetime, float]]:
    return [(START + timedelta(minutes=minute), value) for minute in minutes]


def drawn(minutes: list[float], width: int, gap_seconds: float = 150) -> str:
    found = columns(at(*minutes), START, HOUR, width=width, gap_seconds=gap_seconds)
    return sparkline(found, top=100).plain


def test_no_line_is_drawn_over_a_gap() -> None:
    before, after = [float(m) for m in range(20)], [float(m) for m in range(40, 60)]
    assert drawn([*before, *after], 60) == "▅" * 20 + "·" * 20 + "▅" * 20


def test_a_part_between_two_near_readings_is_no_gap() -> None:
    assert drawn([0, 2, 4, 6], 60)[:8] == "▅▅▅▅▅▅▅·"
    assert drawn([0, 5], 60)[:6] == "▅····▅", "further apart than two and a half intervals"


def test_nothing_read_is_all_gap_and_the_last_moment_counts() -> None:
    assert drawn([], 10) == "·" * 10
    assert drawn([60], 10) == "·" * 9 + "▅"


def test_levels_reach_from_nothing_to_the_top_and_not_beyond() -> None:
    assert sparkline([0, 50, 100, 250, None], top=100).plain == "▁▅██·"
    assert sparkline([0.0], top=0).plain == "▁"


def test_a_chart_has_axes_and_a_mark_where_nothing_was_observed() -> None:
    rows = [
        line.plain for line in chart([0, 50, 100, None], START, HOUR, top=100, height=2, unit="%")
    ]
    assert rows == ["100% ┤  █ ", "  0% ┤▁██·", "     └12:00 13:00"]


def test_a_chart_of_days_has_days() -> None:
    rows = chart([1.0] * 20, START, START + timedelta(days=7), top=100, height=3, unit="%")
    assert rows[-1].plain == "     └23 Nov        30 Nov"


@given(
    st.lists(st.floats(0, 3600), max_size=50),
    st.integers(1, 90),
    st.floats(0, 4000),
)
def test_every_reading_is_in_exactly_one_part(
    seconds: list[float], width: int, gap_seconds: float
) -> None:
    points = [(START + timedelta(seconds=one), 1.0) for one in sorted(seconds)]
    found = columns(points, START, HOUR, width=width, gap_seconds=gap_seconds)
    assert len(found) == width
    step = 3600 / width
    for one in seconds:
        place = min(int(one / step + 1e-9), width - 1)
        near = found[max(place - 1, 0) : place + 2]
        assert any(value is not None for value in near)
    if not points:
        assert found == [None] * width
