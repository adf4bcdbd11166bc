"""A command of this program that goes on behind it."""

import os
import signal
import sys
from collections.abc import Sequence

import pytest

from capsule_adapters.background import OwnSession
from capsule_adapters.processes import end_process, process_started
from capsule_domain.errors import HostError

STAYS = """
import os, sys, time
print("ready", os.getpid(), os.getsid(0), *sys.argv[1:], flush=True)
for _ in range(600):
    sys.stderr.write("still here\\n" * 100)
    time.sleep(0.05)
"""


def program(source: str) -> Sequence[str]:
    return (sys.executable, "-c", source)


def test_it_goes_on_in_a_session_of_its_own_whatever_it_writes_to_stderr() -> None:
    begun = OwnSession(program(STAYS)).start(["a", "--b"])
    assert begun.said is not None
    word, pid, leader, *given = begun.said.split()
    try:
        assert (word, given) == ("ready", ["a", "--b"])
        assert pid == leader != str(os.getsid(0))
        started = process_started(int(pid))
        assert started is not None
    finally:
        os.kill(int(pid), signal.SIGKILL)
        os.waitpid(int(pid), 0)
    assert end_process(int(pid), started, patience_seconds=1)


def test_its_complaint_and_exit_code_are_told_when_it_does_not_begin() -> None:
    begun = OwnSession(program("import sys; sys.stderr.write('no ü'); sys.exit(5)")).start([])
    assert (begun.said, begun.exit_code, begun.complaint) == (None, 5, "no ü")


def test_half_a_line_is_no_beginning() -> None:
    begun = OwnSession(program("import sys; sys.stdout.write('rea')")).start([])
    assert begun.said is None


def test_one_that_says_nothing_is_ended() -> None:
    with pytest.raises(HostError, match="nothing was heard of it in 0 s"):
        OwnSession(program("import time; time.sleep(60)"), patience_seconds=0.2).start([])
