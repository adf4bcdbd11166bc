"""How figures went, over fakes."""

from datetime import timedelta

import pytest

from capsule_domain.models.look import LookPlan
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.services.look_back import LookBack
from tests.fakes.clock import FakeClock
from tests.fakes.probes import FakeProbes, Scene
from tests.fakes.samples import FakeSamples
from tests.xnodes import an_xnode

WEB = an_xnode("web")


def watched(minutes: int, *, every: int = 1) -> tuple[LookBack, FakeClock]:
    """One whose CPU rises by a hundredth of a percent a minute."""
    clock, samples = FakeClock(), FakeSamples()
    probes = FakeProbes(clock)
    for minute in range(0, minutes, every):
        probes.play(WEB.id, Scene(figures={"cpu_percent": minute / 100}))
        found = probes.look([WEB], LookPlan(disks=minute % 5 == 0))
        samples.append({one.xnode_id: one for one in found}, clock.now())
        clock.advance(60 * every)
    return LookBack(samples, clock, WatchPlan()), clock


def test_each_figure_has_its_extremes_and_its_points() -> None:
    back, clock = watched(60)
    past = back.run(WEB.id, WEB.name, clock.now() - timedelta(minutes=30))
    courses = {(one.figure, one.instance): one for one in past.courses}
    cpu = courses["cpu_percent", ""]
    assert (cpu.low, cpu.high, cpu.count) == (0.30, 0.59, 30)
    assert cpu.mean == pytest.approx(0.445)
    assert cpu.gap_seconds == 150
    assert courses["used_percent", "/"].count == 6
    assert courses["used_percent", "/"].gap_seconds == 750, "df is asked every five minutes"
    assert ("received_bytes_per_second", "") not in courses, "nothing was read of it"
    assert not past.hourly


def test_what_is_older_than_a_day_comes_from_hours() -> None:
    back, clock = watched(60 * 50, every=5)
    past = back.run(WEB.id, WEB.name, clock.now() - timedelta(hours=48))
    cpu = past.courses[0]
    assert past.hourly
    assert 48 <= len(cpu.points) <= 49
    assert cpu.count == len(cpu.points) * 12
    assert cpu.low < cpu.points[0][1] < cpu.points[-1][1] < cpu.high


def test_one_never_looked_at_has_no_courses() -> None:
    back, clock = watched(0)
    assert back.run("x-other", "other", clock.now() - timedelta(hours=1)).courses == ()
