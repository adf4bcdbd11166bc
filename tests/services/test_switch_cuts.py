"""Whatever breaks while a machine is switched: what is said is what it came to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsule_domain.errors import Conflict, HostUnreachable
from capsule_domain.models.switch import SwitchMode
from capsule_domain.models.switch_outcome import Verdict
from tests.fakes.nixos_hosts import Cut
from tests.fakes.nixos_machine import Behaviour
from tests.services.switching import ADDRESS, OLD, Stage


def test_nobody_who_does_not_agree_is_overruled() -> None:
    stage = Stage()
    done = stage.switch(agrees=False)
    assert (done.verdict, done.detail) == (
        Verdict.REVERTED,
        "it was given up; nobody agreed",
    )
    assert stage.ends_in() == "old"


@pytest.mark.parametrize("call", ["begin", "enter", "follow"])
def test_whoever_interrupts_has_it_reverted(call: str) -> None:
    stage = Stage()

    def happens(name: str) -> None:
        stage.stop.asked |= name == call and (call == "begin" or stage.machine.begun == 1)

    stage.hosts.heard_at = happens
    done = stage.switch()
    assert done.verdict is Verdict.REVERTED
    assert stage.ends_in() == "old"


def test_a_full_disk_of_ours_in_the_middle_does_not_stop_the_confirmation() -> None:
    stage = Stage()

    def happens(call: str) -> None:
        stage.journal.full_disk = call == "follow"

    stage.hosts.heard_at = happens
    assert stage.switch().verdict is Verdict.COMMITTED
    assert "our own journal of it stays open" in " ".join(stage.said)


BEHAVIOURS = [
    Behaviour(),
    Behaviour(seconds=40),
    Behaviour(exit_code=1),
    Behaviour(exit_code=4),
    Behaviour(exit_code=11),
    Behaviour(hangs=True),
    Behaviour(refuses_new=True),
    Behaviour(breaks_connections=True),
    Behaviour(ports=()),
    Behaviour(other_host_key=True),
]
CUTS = st.lists(
    st.tuples(
        st.integers(1, 40), st.sampled_from(Cut), st.sampled_from([0.0, 3.0, 40.0, 400.0, 5000.0])
    ),
    max_size=4,
)
POWER = st.none() | st.tuples(st.integers(1, 40), st.sampled_from([5.0, 300.0]))


@settings(max_examples=150, deadline=None)
@given(
    behaviour=st.sampled_from(BEHAVIOURS),
    old=st.sampled_from([Behaviour(), Behaviour(exit_code=1)]),
    mode=st.sampled_from(SwitchMode),
    cuts=CUTS,
    power=POWER,
)
def test_whatever_breaks_the_word_is_what_the_machine_came_to(
    behaviour: Behaviour,
    old: Behaviour,
    mode: SwitchMode,
    cuts: list[tuple[int, Cut, float]],
    power: tuple[int, float] | None,
) -> None:
    stage = Stage()
    stage.machine.systems[OLD] = old
    for nth, how, outage in cuts:
        stage.hosts.cut(nth, how, outage_seconds=outage)
    calls = 0

    def happens(_call: str) -> None:
        nonlocal calls
        calls += 1
        if power is not None and calls == power[0]:
            stage.machine.power_cut()
            stage.clock.advance(power[1])
            stage.machine.boot()

    stage.hosts.heard_at = happens
    try:
        verdict = stage.switch(behaviour, mode=mode).verdict
    except (HostUnreachable, Conflict):
        assert stage.machine.begun == 0
        verdict = Verdict.REFUSED
    said = stage.ends_in()
    stage.settle_down()
    assert stage.ends_in() in ("old", "new")
    if verdict is Verdict.COMMITTED:
        assert (said, stage.ends_in()) == ("new", "new")
    if verdict in (Verdict.REVERTED, Verdict.REFUSED):
        assert (said, stage.ends_in()) == ("old", "old")
    assert stage.machine.listens(ADDRESS, 22)
