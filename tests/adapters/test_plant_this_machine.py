"""What is particular to the `Host` port on this machine; the rest is in its contract suite."""

import os
import time

import pytest

from capsule_adapters.installers.this_machine import ThisMachine
from capsule_domain.errors import HostUnreachable


@pytest.mark.parametrize("at_terminal", [True, False])
def test_a_command_that_does_not_end_in_time_is_ended(at_terminal: bool) -> None:  # noqa: FBT001
    begun = time.monotonic()
    with pytest.raises(HostUnreachable, match=r"within 0\.2 s"):
        ThisMachine(at_terminal=at_terminal).run("exec sleep 30", timeout_seconds=0.2)
    assert time.monotonic() - begun < 10


def test_what_it_started_ends_with_it() -> None:
    heard: list[str] = []
    with pytest.raises(HostUnreachable):
        ThisMachine().run("sleep 60 & echo $! >&2; wait", timeout_seconds=0.3, heard=heard.append)
    deadline = time.monotonic() + 5
    while _runs(int(heard[0])):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="utf-8") as status:  # noqa: PTH123
            return status.read().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_what_it_leaves_running_is_not_waited_for() -> None:
    begun = time.monotonic()
    done = ThisMachine().run("sleep 5 & echo $!", timeout_seconds=10)
    os.kill(int(done.stdout), 9)
    assert time.monotonic() - begun < 4


def test_only_at_the_terminal_it_stays_in_our_group_of_processes() -> None:
    asked = "ps -o pgid= -p $$"
    assert int(ThisMachine(at_terminal=True).run(asked).stdout) == os.getpgrp()
    assert int(ThisMachine().run(asked).stdout) != os.getpgrp()


def test_only_what_is_given_is_in_the_environment() -> None:
    machine = ThisMachine({"PATH": "/usr/bin:/bin", "SEEN": "yes"})
    assert machine.run('echo "$SEEN${HOME:-}"').stdout == "yes\n"
