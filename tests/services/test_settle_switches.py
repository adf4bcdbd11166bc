"""What was left open is settled from what the machine itself says."""

import pytest

from capsule_domain.errors import Conflict
from capsule_domain.models.switch import SwitchOrder, SwitchRecord
from capsule_domain.services.settle_switches import SettleSwitches
from tests.fakes.nixos_machine import Behaviour
from tests.services.switching import NEW, OLD, WEB, Stage


def left_open(stage: Stage, behaviour: Behaviour | None = None, *, begun: bool = True) -> None:
    """Begun from here, and then nobody heard of it any more."""
    stage.machine.add_system(NEW, behaviour)
    order = SwitchOrder(id="switch-1234", old=OLD, new=NEW)
    record = SwitchRecord(
        id=order.id,
        key="web",
        machine="web",
        old=OLD,
        new=NEW,
        profile=OLD,
        started_at=stage.clock.now(),
    )
    stage.journal.begin(record)
    if begun:
        stage.machine.begin(order)


def settled(stage: Stage) -> tuple[str, ...]:
    with stage.hosts.enter(WEB) as host:
        return SettleSwitches(stage.journal, stage.clock).run(host, "web")


def test_what_reverted_by_itself_is_told_and_closed() -> None:
    stage = Stage()
    left_open(stage)
    stage.clock.advance(600)
    (sentence,) = settled(stage)
    assert sentence == (
        "the switch of 2026-11-23 12:00 UTC was rolled back: nobody confirmed within 90 s"
    )
    assert stage.journal.unfinished("web") == []
    assert settled(stage) == ()


def test_what_was_confirmed_before_we_were_killed_is_told_as_committed() -> None:
    stage = Stage()
    left_open(stage)
    stage.clock.advance(10)
    stage.machine.confirm("switch-1234")
    stage.clock.advance(10)
    assert settled(stage)[0].endswith("was committed")
    assert stage.journal.get("switch-1234").detail == "was committed"


def test_what_never_came_to_the_machine_is_closed() -> None:
    stage = Stage()
    left_open(stage, begun=False)
    assert settled(stage)[0].endswith("the machine knows nothing of it")
    assert stage.journal.unfinished("web") == []


def test_what_is_on_its_way_is_left_alone_and_stays_open() -> None:
    stage = Stage()
    left_open(stage)
    stage.clock.advance(10)
    with pytest.raises(Conflict, match="is being switched since 12:00 UTC") as caught:
        settled(stage)
    assert "goes back by itself within" in (caught.value.hint or "")
    assert len(stage.journal.unfinished("web")) == 1


def test_another_machines_switches_are_no_business_of_this_one() -> None:
    stage = Stage()
    left_open(stage)
    with stage.hosts.enter(WEB) as host:
        assert SettleSwitches(stage.journal, stage.clock).run(host, "db") == ()
