"""Ctrl-C while machines are switched: once it is undone, twice it is left to itself."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.switch_desk import Desk

APPLY = ("apply", "--xnode", "web", "--yes", "--json")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.add("web", tags=("prod",))
    return desk


def press() -> None:
    """To the process, whose main thread needs a moment: the clock of this test is not its own."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.3)


def interrupting(*calls: str) -> Callable[[str], None]:
    """Somebody presses at the first of each of these calls."""
    left = list(calls)

    def heard(call: str) -> None:
        if left and call == left[0]:
            left.pop(0)
            press()

    return heard


@pytest.mark.parametrize("call", ["begin", "follow"])
def test_once_in_the_trial_it_is_reverted_and_that_is_seen(desk: Desk, call: str) -> None:
    desk.hosts.heard_at = interrupting(call)
    ran = desk.run(*APPLY)
    assert (ran.code, desk.ends_in("web")) == (130, "old")
    assert ran.stdout == ""
    assert "was rolled back, and runs the old system" in ran.stderr
    assert desk.journal.unfinished("web") == []


def test_in_a_fleet_what_has_not_begun_never_does(desk: Desk) -> None:
    desk.add("db", tags=("prod",))
    desk.hosts.heard_at = interrupting("begin")
    ran = desk.run("apply", "--tags", "prod", "--yes", "--json")
    assert ran.code == 130
    assert [row["result"] for row in ran.data] == ["rolled-back", "not-begun"]
    assert [desk.ends_in(name) for name in ("db", "web")] == ["old", "old"]


def test_after_the_confirmation_was_taken_it_is_committed_all_the_same(desk: Desk) -> None:
    machine = desk.machine("web")
    machine.commit_seconds = 30

    def heard(call: str) -> None:
        if call == "follow" and machine.report(next(iter(machine.switches))).state == "committing":
            desk.hosts.heard_at = lambda _call: None
            press()

    desk.hosts.heard_at = heard
    ran = desk.run(*APPLY)
    assert (ran.code, desk.ends_in("web")) == (0, "new")
