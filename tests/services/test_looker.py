"""Looks that go on beside everything else."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from capsule_domain.errors import StoreError
from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.services.looker import Looker
from tests.fakes.clock import FakeClock
from tests.fakes.probes import FakeProbes
from tests.xnodes import an_xnode

NODES = [an_xnode(name) for name in ("a", "b", "c")]
PLAN = LookPlan()


class Later:
    """Keeps works until a test has them done."""

    def __init__(self) -> None:
        self.works: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.works.append(work)

    def done(self) -> None:
        while self.works:
            self.works.pop(0)()


class Breaking:
    """Sees the first, and then fails as a whole."""

    def look(self, xnodes: Sequence[XNode], plan: LookPlan) -> Iterator[Observation]:
        yield from FakeProbes(FakeClock()).look(xnodes[:1], plan)
        raise StoreError("cannot read known_hosts: permission denied")

    def close(self) -> None:
        """Nothing is open."""


def names(found: Sequence[Observation]) -> list[str]:
    return [one.health.xnode for one in found]


def test_what_is_found_is_gathered_when_it_is_there() -> None:
    later = Later()
    looker = Looker(FakeProbes(FakeClock()), run=later)
    assert looker.start(NODES, PLAN) == []
    assert looker.gather() == []
    later.done()
    assert names(looker.gather()) == ["a", "b", "c"]
    assert looker.gather() == []


def test_none_is_looked_at_twice_at_a_time() -> None:
    later = Later()
    looker = Looker(FakeProbes(FakeClock()), run=later)
    looker.start(NODES[:2], PLAN)
    assert [xnode.name for xnode in looker.start(NODES, PLAN)] == ["a", "b"]
    later.done()
    assert names(looker.gather()) == ["a", "b", "c"]
    assert looker.start(NODES, PLAN) == []


def test_a_look_that_fails_as_a_whole_is_told_after_what_it_found_and_holds_nothing_up() -> None:
    looker = Looker(Breaking(), run=lambda work: work())
    looker.start(NODES, PLAN)
    assert names(looker.gather()) == ["a"]
    with pytest.raises(StoreError):
        looker.gather()
    assert looker.gather() == []
    assert looker.start(NODES, PLAN) == []
