"""The `Host` port on this machine."""

import time
from pathlib import Path

import pytest

from capsule_adapters.installers.this_machine import ThisMachine
from capsule_domain.errors import CommandFailed, HostUnreachable


def test_a_command_gives_both_outputs_its_exit_code_and_is_heard() -> None:
    heard: list[str] = []
    done = ThisMachine().run("echo out; echo one >&2; printf two >&2; exit 3", heard=heard.append)
    assert (done.exit_code, done.stdout, done.stderr) == (3, "out\n", "one\ntwo")
    assert heard == ["one", "two"]


def test_input_reaches_the_command_whole_and_need_not_be_read() -> None:
    assert ThisMachine().run("wc -c", stdin="x" * 3_000_000).stdout.strip() == "3000000"
    assert ThisMachine().run("head -c 3", stdin="x" * 3_000_000).stdout == "xxx"


def test_with_check_a_failure_is_an_error_that_names_the_cause() -> None:
    with pytest.raises(CommandFailed, match=r"\(3\): no"):
        ThisMachine().run("echo no >&2; exit 3", check=True)


def test_a_command_ended_by_a_signal_has_exit_code_minus_one() -> None:
    assert ThisMachine().run("kill -9 $$").exit_code == -1


@pytest.mark.parametrize("at_terminal", [True, False])
def test_a_command_that_does_not_end_in_time_is_ended(at_terminal: bool) -> None:  # noqa: FBT001
    begun = time.monotonic()
    with pytest.raises(HostUnreachable, match=r"within 0\.2 s"):
        ThisMachine(at_terminal=at_terminal).run("exec sleep 30", timeout_seconds=0.2)
    assert time.monotonic() - begun < 10


def test_a_flood_of_output_is_an_error_not_a_flood_of_memory() -> None:
    with pytest.raises(CommandFailed, match="8 MiB"):
        ThisMachine().run("head -c 9000000 /dev/zero")


def test_only_what_is_given_is_in_the_environment() -> None:
    machine = ThisMachine({"PATH": "/usr/bin:/bin", "SEEN": "yes"})
    assert machine.run('echo "$SEEN${HOME:-}"').stdout == "yes\n"


def test_a_file_is_put_whole_with_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b"
    ThisMachine().put(str(file), b"one")
    ThisMachine().put(str(file), b"two", mode=0o755)
    assert file.read_bytes() == b"two"
    assert file.stat().st_mode & 0o777 == 0o755
    with pytest.raises(CommandFailed, match="folder"):
        ThisMachine().put(str(tmp_path / "a"), b"x")
