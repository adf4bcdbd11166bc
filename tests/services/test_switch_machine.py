"""A switch is confirmed over new connections, and success is told only when it was read."""

from typing import Any

import pytest

from capsule_domain.errors import (
    ConfigurationError,
    Conflict,
    HostKeyChanged,
    HostUnreachable,
    NotFound,
    StoreError,
)
from capsule_domain.models.facts import Sudo
from capsule_domain.models.switch import SwitchMode, SwitchState
from capsule_domain.models.switch_outcome import Verdict
from capsule_domain.ports.host import Destination, Target
from tests.fakes.nixos_hosts import Cut
from tests.fakes.nixos_machine import Behaviour
from tests.services.switching import ADDRESS, NEW, OLD, WEB, Stage


def at_port(port: int) -> Target:
    return WEB.model_copy(update={"port": port})


def test_a_system_that_holds_is_committed_and_starts_next_time() -> None:
    stage = Stage()
    done = stage.switch()
    assert (done.verdict, done.running, done.profile) == (Verdict.COMMITTED, NEW, NEW)
    assert stage.ends_in() == "new"
    kept = stage.journal.get("switch-1234")
    assert (kept.state, kept.detail) == (SwitchState.COMMITTED, "committed")
    assert kept.ended_at is not None


def test_the_journal_is_written_before_the_machine_is_told() -> None:
    stage = Stage()
    stage.journal.full_disk = True
    with pytest.raises(StoreError):
        stage.switch()
    assert stage.hosts.calls == []


REVERTS: dict[str, tuple[Behaviour, str]] = {
    "fails": (Behaviour(exit_code=1), "its activation failed (1)"),
    "some units fail": (Behaviour(exit_code=4), "its activation failed (4)"),
    "hangs": (Behaviour(hangs=True), "not activated within 600 s"),
    "sshd is broken": (Behaviour(ports=()), "nobody confirmed within 90 s"),
    "a firewall refuses new connections": (
        Behaviour(refuses_new=True),
        "nobody confirmed within 90 s",
    ),
    "our key is gone": (Behaviour(lets_in=False), "nobody confirmed within 90 s"),
    "another host key": (Behaviour(other_host_key=True), "nobody confirmed within 90 s"),
    "another address": (Behaviour(addresses=("203.0.113.77",)), "nobody confirmed within 90 s"),
    "another port": (Behaviour(ports=(2222,)), "nobody confirmed within 90 s"),
}


@pytest.mark.parametrize("case", REVERTS)
def test_a_system_that_does_not_hold_is_reverted_and_the_old_one_seen_to_run(case: str) -> None:
    behaviour, why = REVERTS[case]
    stage = Stage()
    done = stage.switch(behaviour)
    assert done.verdict is Verdict.REVERTED
    assert done.detail.startswith(why)
    assert stage.ends_in() == "old"
    assert stage.journal.unfinished("web") == []


def test_why_it_was_not_confirmed_is_told() -> None:
    stage = Stage()
    stage.machine.ports = (22, 2222)  # the new one listens at 22 alone
    done = stage.switch(Behaviour(ports=(22,)), endpoints=(at_port(2222), WEB))
    assert done.verdict is Verdict.REVERTED
    assert done.detail.endswith("it was not reached anew: cannot reach 203.0.113.9:2222: timed out")


def test_why_nothing_was_heard_is_told() -> None:
    done = Stage().switch(Behaviour(refuses_new=True))
    assert done.detail == (
        "nobody confirmed within 90 s; not reached meanwhile:"
        " cannot reach 203.0.113.9:22: timed out"
    )


def test_sudo_that_asks_in_the_new_system_is_not_confirmed() -> None:
    stage = Stage()
    stage.machine.user = "deploy"
    target = WEB.model_copy(update={"user": "deploy"})
    done = stage.switch(Behaviour(sudo=Sudo.ASKS), endpoints=(target,), machine=target)
    assert done.verdict is Verdict.REVERTED
    assert stage.ends_in() == "old"


def test_a_port_that_moved_is_confirmed_where_it_is_now() -> None:
    stage = Stage()
    done = stage.switch(Behaviour(ports=(2222,)), endpoints=(at_port(2222),))
    assert done.verdict is Verdict.COMMITTED
    assert stage.ends_in() == "new"


def test_an_address_that_moved_is_confirmed_where_it_is_now_by_the_key_that_is_known() -> None:
    stage = Stage()
    there = Destination(host=ADDRESS).moved(host="203.0.113.77", port=22)
    done = stage.switch(Behaviour(addresses=("203.0.113.77",)), endpoints=(there,))
    assert done.verdict is Verdict.COMMITTED


def test_every_endpoint_has_to_be_reached() -> None:
    stage = Stage()
    done = stage.switch(Behaviour(ports=(2222,)), endpoints=(at_port(2222), WEB))
    assert done.verdict is Verdict.REVERTED
    assert stage.ends_in() == "old"


def test_failed_units_are_taken_only_where_that_was_said() -> None:
    stage = Stage()
    units = ("nginx.service",)
    done = stage.switch(Behaviour(exit_code=4, failed_units=units), allow_failed_units=True)
    assert (done.verdict, done.failed_units) == (Verdict.COMMITTED, units)


@pytest.mark.parametrize("behaviour", [Behaviour(exit_code=11), Behaviour(inhibited=True)])
def test_a_machine_that_refuses_is_as_it_was(behaviour: Behaviour) -> None:
    stage = Stage()
    assert stage.switch(behaviour).verdict is Verdict.REFUSED
    assert stage.ends_in() == "old"


def test_an_old_system_that_does_not_come_back_is_restarted_into() -> None:
    stage = Stage()
    stage.machine.systems[OLD] = Behaviour(exit_code=1)
    done = stage.switch(Behaviour(exit_code=1))
    assert done.verdict is Verdict.REVERTED
    assert stage.ends_in() == "old"
    assert not stage.machine.report("switch-1234").same_boot


def test_a_restart_that_does_not_end_in_time_is_no_rollback() -> None:
    stage = Stage()
    stage.machine.systems[OLD] = Behaviour(hangs=True)
    stage.machine.boot_seconds = 100_000
    done = stage.switch(Behaviour(exit_code=1))
    assert done.verdict in (Verdict.REVERT_FAILED, Verdict.UNKNOWN)
    assert [one.id for one in stage.journal.unfinished("web")] in ([], ["switch-1234"])


def test_a_machine_that_vanishes_is_an_unknown_outcome_that_stays_open() -> None:
    stage = Stage()
    stage.hosts.heard_at = lambda call: stage.machine.power_cut() if call == "confirm" else None
    done = stage.switch()
    assert done.verdict is Verdict.UNKNOWN
    assert [one.id for one in stage.journal.unfinished("web")] == ["switch-1234"]


def test_a_machine_without_power_in_the_trial_comes_back_as_it_was() -> None:
    stage = Stage()

    def happens(call: str) -> None:
        if call == "confirm":
            stage.machine.power_cut()
            stage.clock.advance(60)
            stage.machine.boot()

    stage.hosts.heard_at = happens
    done = stage.switch()
    assert done.verdict is Verdict.REVERTED
    assert done.detail.startswith("the machine was started anew")
    assert stage.ends_in() == "old"


def test_a_restart_into_the_new_system_is_confirmed_and_committed() -> None:
    stage = Stage()
    done = stage.switch(mode=SwitchMode.REBOOT)
    assert done.verdict is Verdict.COMMITTED
    assert stage.ends_in() == "new"


@pytest.mark.parametrize("behaviour", [Behaviour(boots=False), Behaviour(refuses_new=True)])
def test_a_restart_into_a_system_that_cannot_be_reached_ends_in_the_old(
    behaviour: Behaviour,
) -> None:
    stage = Stage()
    done = stage.switch(behaviour, mode=SwitchMode.REBOOT)
    assert done.verdict is Verdict.REVERTED
    assert stage.ends_in() == "old"


NOT_BEGUN: dict[str, tuple[type[Exception], Any]] = {
    "unreachable": (HostUnreachable, {"is_up": False}),
    "no NixOS": (ConfigurationError, {"is_nixos": False}),
    "busy": (Conflict, {"busy": ("nixos-rebuild-switch-to-configuration.service",)}),
}


@pytest.mark.parametrize("case", NOT_BEGUN)
def test_what_did_not_begin_is_an_error_and_closed_in_the_journal(case: str) -> None:
    kind, facts = NOT_BEGUN[case]
    stage = Stage()
    for name, value in facts.items():
        setattr(stage.machine, name, value)
    with pytest.raises(kind):
        stage.switch()
    assert stage.machine.begun == 0
    assert stage.journal.get("switch-1234").detail.startswith("not begun: ")


def test_a_host_key_that_changed_before_is_refused_with_nothing_begun() -> None:
    stage = Stage()
    stage.machine.systems[OLD] = Behaviour(other_host_key=True)
    with pytest.raises(HostKeyChanged):
        stage.switch()
    assert stage.machine.begun == 0


def test_a_generation_that_was_collected_is_not_found() -> None:
    stage = Stage()
    with pytest.raises(NotFound):
        stage.switch(generation=7)
    assert stage.ends_in() == "old"


def test_a_generation_becomes_current_again_and_no_new_one_is_made() -> None:
    stage = Stage()
    stage.machine.profile |= {2: NEW, 3: OLD}
    stage.machine.current = 3
    done = stage.switch(generation=2)
    assert (done.verdict, done.generation) == (Verdict.COMMITTED, 2)
    assert sorted(stage.machine.profile) == [1, 2, 3]


def test_a_lost_answer_to_the_beginning_is_asked_for_again_and_one_switch_begins() -> None:
    for how in Cut:
        stage = Stage()
        stage.hosts.cut(2, how, outage_seconds=10)
        assert stage.switch().verdict is Verdict.COMMITTED
        assert stage.machine.begun == 1
