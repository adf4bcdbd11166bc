"""What every journal keeps: the fake, and SQLite."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from capsule_adapters.store.journal import SqliteJournal
from capsule_adapters.store.sqlite import Database
from capsule_adapters.store.state import state_database
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.deployment import (
    Deployment,
    DeploymentEvent,
    DeploymentId,
    DeploymentState,
)
from capsule_domain.models.requirements import Requirements
from capsule_domain.ports.journal import Journal
from capsule_domain.services.plan import plan_deploy
from tests.fakes.journal import FakeJournal
from tests.fakes.offers import DEFAULT_OFFERS
from tests.services.renting import RATES

MAKERS: dict[str, Callable[[Database], Journal]] = {
    "fake": lambda _: FakeJournal(),
    "sqlite": SqliteJournal,
}
START = datetime(2026, 11, 23, 12, 0, 0, 654321, tzinfo=UTC)


@pytest.fixture(params=MAKERS)
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    database = state_database(tmp_path)
    yield MAKERS[request.param](database)
    database.close()


def deployment(
    id_: str, name: str, state: DeploymentState = DeploymentState.INTENDED
) -> Deployment:
    return Deployment(
        id=DeploymentId(id_),
        name=name,
        state=state,
        provider="digitalocean",
        region="ams3",
        slug="s-1vcpu-1gb",
        started_at=START,
    )


def event(step: str, seconds: float = 0, detail: str = "") -> DeploymentEvent:
    return DeploymentEvent(time=START + timedelta(seconds=seconds), step=step, detail=detail)


def test_an_intent_comes_back_exactly(journal: Journal) -> None:
    intent = deployment("d1", "web").model_copy(
        update={"events": (event("asked", detail="naïve ✓"),), "server_id": "7"}
    )
    journal.begin(intent)
    assert journal.get("d1") == intent
    assert journal.list() == [intent]


def test_one_at_a_time_works_on_a_deployment(journal: Journal) -> None:
    with journal.hold(DeploymentId("d1")):
        with (
            pytest.raises(Conflict, match="another Capsule works on"),
            journal.hold(DeploymentId("d1")),
        ):
            raise AssertionError("held twice")
        with journal.hold(DeploymentId("../d2")):
            pass
    with journal.hold(DeploymentId("d1")):
        pass


def test_the_plan_comes_back_exactly(journal: Journal) -> None:
    plan = plan_deploy("web", DEFAULT_OFFERS, Requirements(), RATES, tags=("a", "b"))
    journal.begin(deployment("d1", "web").model_copy(update={"plan": plan}))
    journal.record(DeploymentId("d1"), event("rented"), state=DeploymentState.RENTED)
    assert journal.get("d1").plan == plan


def test_events_are_kept_in_the_order_of_recording(journal: Journal) -> None:
    journal.begin(deployment("d1", "web"))
    steps = [
        event("intended"),
        event("rented", 3),
        event("clock went back", -50),
        event("ready", 9),
    ]
    for step in steps:
        journal.record(DeploymentId("d1"), step)
    assert journal.get("d1").events == tuple(steps)
    assert journal.get("d1").state is DeploymentState.INTENDED


def test_state_and_server_change_only_when_given(journal: Journal) -> None:
    journal.begin(deployment("d1", "web"))
    rented = journal.record(
        DeploymentId("d1"), event("rented"), state=DeploymentState.RENTED, server_id="4242"
    )
    assert (rented.state, rented.server_id) == (DeploymentState.RENTED, "4242")
    later = journal.record(DeploymentId("d1"), event("waiting"))
    assert (later.state, later.server_id) == (DeploymentState.RENTED, "4242")
    assert journal.get("d1") == later


def test_recording_for_an_unknown_deployment_is_not_found(journal: Journal) -> None:
    journal.begin(deployment("d1", "web"))
    for word in ("web", "d", "d2"):
        with pytest.raises(NotFound):
            journal.record(DeploymentId(word), event("rented"))
    assert journal.get("d1").events == ()


def test_a_second_deployment_of_an_unfinished_name_is_a_conflict(journal: Journal) -> None:
    for state in (DeploymentState.INTENDED, DeploymentState.RENTED, DeploymentState.BOOTED):
        journal.begin(deployment(f"first-{state}", f"web-{state}", state))
        with pytest.raises(Conflict, match=f"first-{state}"):
            journal.begin(deployment(f"second-{state}", f"web-{state}"))
    assert len(journal.list()) == 3


@pytest.mark.parametrize("end", [s for s in DeploymentState if not s.unfinished])
def test_a_name_is_free_again_when_its_deployment_is_finished(
    journal: Journal, end: DeploymentState
) -> None:
    journal.begin(deployment("d1", "web"))
    journal.record(DeploymentId("d1"), event("ended"), state=end)
    journal.begin(deployment("d2", "web"))
    assert [d.id for d in journal.list()] == ["d2", "d1"]
    assert [d.id for d in journal.list(unfinished=True)] == ["d2"]


def test_a_finished_deployment_cannot_become_a_second_unfinished_one(journal: Journal) -> None:
    journal.begin(deployment("d1", "web", DeploymentState.FAILED))
    journal.begin(deployment("d2", "web"))
    with pytest.raises(Conflict):
        journal.record(DeploymentId("d1"), event("resumed"), state=DeploymentState.RENTED)
    assert journal.get("d1").events == ()


def test_a_taken_id_is_a_conflict(journal: Journal) -> None:
    journal.begin(deployment("d1", "web", DeploymentState.FAILED))
    with pytest.raises(Conflict, match="d1"):
        journal.begin(deployment("d1", "other"))


def test_a_name_means_its_newest_deployment(journal: Journal) -> None:
    journal.begin(deployment("d1", "web", DeploymentState.FAILED))
    journal.begin(deployment("d2", "web", DeploymentState.READY))
    journal.begin(deployment("d3", "db"))
    assert journal.get("web").id == "d2"


def test_a_unique_prefix_of_an_id_is_understood_but_not_of_a_name(journal: Journal) -> None:
    journal.begin(deployment("7f3a", "web"))
    journal.begin(deployment("7f9b", "db"))
    assert journal.get("7f3").id == "7f3a"
    with pytest.raises(Conflict):
        journal.get("7f")
    with pytest.raises(NotFound) as caught:
        journal.get("wed")
    assert caught.value.suggestion == "web"


@pytest.mark.parametrize("word", ["", "%", "7f\x00", "\udcff", "' OR 1=1 --"])
def test_odd_words_find_nothing_and_break_nothing(journal: Journal, word: str) -> None:
    journal.begin(deployment("7f3a", "web"))
    with pytest.raises(NotFound):
        journal.get(word)


def test_many_deployments_are_listed_newest_first_each_with_its_own_events(
    journal: Journal,
) -> None:
    for number in range(600):
        state = DeploymentState.FAILED if number % 2 else DeploymentState.INTENDED
        made = deployment(f"d{number:03}", f"web-{number}", state)
        journal.begin(made.model_copy(update={"events": (event(f"step {number}"),)}))
    listed = journal.list()
    assert [d.id for d in listed] == [f"d{n:03}" for n in reversed(range(600))]
    assert [d.events[0].step for d in listed] == [f"step {n}" for n in reversed(range(600))]
    assert len(journal.list(unfinished=True)) == 300
