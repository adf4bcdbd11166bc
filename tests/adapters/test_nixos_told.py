"""What machines say of themselves, and nonsense."""

import re
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.installers.script import Answer, ask_script
from capsule_adapters.installers.this_machine import ThisMachine
from capsule_adapters.nixos import told
from capsule_adapters.nixos.hosts import ShellNixosHost
from capsule_domain.errors import (
    CommandFailed,
)
from capsule_domain.models.switch import SwitchOrder
from capsule_domain.ports.host import Completed
from tests.fakes.hosts import FakeHost, FakeMachine

RUNNING = f"/nix/store/{'0' * 32}-nixos-system-web-26.05"

LIVE = [
    ("hostname", "web"),
    ("user", "root"),
    ("sudo", "root"),
    ("machine", "x86_64"),
    ("running", RUNNING),
    ("booted", RUNNING),
    ("end", "yes"),
]


def test_the_least_that_a_machine_must_tell_is_enough() -> None:
    assert told.live_system(Answer(0, LIVE, ()), "web").hostname == "web"


@pytest.mark.parametrize("name", ["sudo", "running", "booted"])
def test_what_cannot_be_is_not_believed(name: str) -> None:
    others = [pair for pair in LIVE if pair[0] != name]
    with pytest.raises(CommandFailed, match="web says of itself what cannot be"):
        told.live_system(Answer(0, [*others, (name, "no such thing")], ()), "web")


SAID = ("switch", "state", "running", "generation", "route4", "route6", "address", "connection")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                (*SAID, "seconds_left", "inhibitors", "free_boot_mib", "profile", "old")
            ),
            st.text(st.characters(exclude_characters="\n"), max_size=20),
        ),
        max_size=8,
    )
)
def test_nonsense_is_told_as_such_and_never_a_traceback(facts: Sequence[tuple[str, str]]) -> None:
    answer = Answer(0, [*facts, *LIVE], ())
    for read in (told.live_system, told.generations, told.report):
        with suppress(CommandFailed):
            read(answer, "web")


def test_what_a_machine_says_does_nothing_to_a_terminal() -> None:
    script = 'printf "%s hostname we\\033]0;gone\\007b\\tx\\303\\251\\n" "$1"'
    answer = ask_script(ThisMachine(), script, timeout_seconds=30)
    assert answer.facts == [("hostname", "we]0;goneb\tx\u00e9")]


def test_a_script_that_does_not_come_to_its_end_is_told_with_its_last_words() -> None:
    broken = Completed(exit_code=127, stdout="welcome\n", stderr="sh: df: not found\n")
    machine = FakeMachine(answers={"sh -s": broken})
    with pytest.raises(CommandFailed, match="web did not come to an end: sh: df: not found"):
        ShellNixosHost(FakeHost(machine), "web").look()


def test_the_command_is_the_same_line_for_every_login_shell() -> None:
    machine = FakeMachine(answers={"sh -s": ""})
    host = ShellNixosHost(FakeHost(machine), "web")
    order = SwitchOrder(
        id="20261123-quotes", old=RUNNING, new=RUNNING, ports=(22, 2222), old_ports=(22,)
    )
    for call in (host.look, lambda: host.follow(order.id), lambda: host.begin(order)):
        with pytest.raises(CommandFailed):
            call()
    for command in machine.commands:
        assert re.fullmatch(r"sh -s -- [0-9a-f]{32}[ \w./,-]*", command), command
    assert machine.commands[-1].endswith(
        f" 20261123-quotes {RUNNING} {RUNNING} - trial 600 90 180 no 22,2222 22"
    )
