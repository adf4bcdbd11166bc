"""What whoever helps xNodes does: the fake, and a real sshd on which `systemctl` is a script."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsule_adapters.ssh.first_aid import SshFirstAid
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.errors import CommandFailed, HostError, HostUnreachable, OutcomeUnknown
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.first_aid import FirstAid
from tests.fakes.first_aid import FakeFirstAid
from tests.fakes.hosts import FakeHosts
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.sshd import Sshd
from tests.xnodes import an_xnode

SYSTEMCTL = """#!/bin/sh
echo "$@" >>"$HOME/systemctl.log"
case $1 in
  restart) [ -e "$HOME/refuses" ] && echo "Job for $3 failed." >&2 && exit 1 ;;
  is-failed) [ -e "$HOME/fails-again" ] && exit 0 || exit 1 ;;
esac
exit 0
"""
# Whoever runs the tests need not be root, and does not wait.
SCRIPTS = {
    "systemctl": SYSTEMCTL,
    "sudo": '#!/bin/sh\nshift\nexec "$@"\n',
    "sleep": "#!/bin/sh\n",
}


@dataclass
class Ward:
    """An xNode that can be helped; `done` are the units that were restarted."""

    aid: FirstAid
    xnode: XNode
    done: Callable[[], Sequence[str]]
    fail: Callable[[], None]
    """The next restart fails."""


def path_with_scripts(folder: Path) -> str:
    """A PATH that finds the scripts, made in `folder`, before this machine's programs."""
    folder.mkdir(parents=True)
    for name, script in SCRIPTS.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@contextmanager
def fake(_: Path) -> Iterator[Ward]:
    aid = FakeFirstAid()
    yield Ward(
        aid,
        an_xnode("n1"),
        lambda: [given.removeprefix("n1: restart ") for given in aid.given],
        lambda: aid.failures.append(CommandFailed("it failed")),
    )


@contextmanager
def over_sshd(folder: Path) -> Iterator[Ward]:
    with (
        Sshd(folder / "sshd", environment={"PATH": path_with_scripts(folder / "bin")}) as sshd,
        closing(SshHosts(folder / "known_hosts")) as hosts,
    ):
        xnode = an_xnode(
            "n1",
            address="127.0.0.1",
            ssh_port=sshd.port,
            ssh_user=sshd.user,
            ssh_key=sshd.private_key,
        )
        KnownHostsFile(folder / "known_hosts").pin(xnode.id, sshd.host_key)
        log = sshd.home / "systemctl.log"

        def done() -> Sequence[str]:
            lines = log.read_text().splitlines() if log.exists() else []
            return [line.split()[-1] for line in lines if line.startswith("restart")]

        yield Ward(SshFirstAid(hosts), xnode, done, (sshd.home / "refuses").touch)


Maker = Callable[[Path], AbstractContextManager[Ward]]
MAKERS: dict[str, Maker] = {"fake": fake, "sshd": over_sshd}


@pytest.fixture(scope="module", params=MAKERS)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    with MAKERS[request.param](tmp_path_factory.mktemp("aid") / "w") as ward:
        yield ward


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ward, Path]]:
    folder = tmp_path_factory.mktemp("real") / "w"
    with over_sshd(folder) as ward:
        yield ward, folder / "sshd" / "home"


def test_a_unit_is_restarted(shared: Ward) -> None:
    shared.aid.restart_unit(shared.xnode, "nginx.service", deadline_seconds=20)
    assert shared.done()[-1] == "nginx.service"


def test_a_program_is_run(shared: Ward) -> None:
    shared.aid.run(shared.xnode, ["true", "and", "more"], deadline_seconds=20)


def test_a_unit_that_cannot_be_restarted_is_a_failure(shared: Ward) -> None:
    shared.fail()
    with pytest.raises(CommandFailed):
        shared.aid.restart_unit(shared.xnode, "nginx.service", deadline_seconds=20)


# What the real one owes beyond that.


def test_the_units_own_words_are_told(real: tuple[Ward, Path]) -> None:
    ward, home = real
    (home / "refuses").touch()
    with pytest.raises(CommandFailed) as failed:
        ward.aid.restart_unit(ward.xnode, "nginx.service", deadline_seconds=20)
    (home / "refuses").unlink()
    assert failed.value.message == (
        "restarting nginx.service failed (1): Job for nginx.service failed."
    )


def test_a_unit_that_fails_again_at_once_is_a_failure(real: tuple[Ward, Path]) -> None:
    ward, home = real
    (home / "fails-again").touch()
    with pytest.raises(CommandFailed, match="it has failed again"):
        ward.aid.restart_unit(ward.xnode, "nginx.service", deadline_seconds=20)
    (home / "fails-again").unlink()
    said = (home / "systemctl.log").read_text().splitlines()[-3:]
    assert said == [
        "reset-failed -- nginx.service",
        "restart -- nginx.service",
        "is-failed --quiet -- nginx.service",
    ]


words = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)


def test_arguments_arrive_as_they_are(real: tuple[Ward, Path]) -> None:
    ward, home = real
    program = home / "keep"
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$@" >"$HOME/arguments"\n')
    program.chmod(0o755)

    @settings(max_examples=15)
    @given(st.lists(words | st.sampled_from(["$(id)", "`id`", "; id", "'", '"', "-x", "a\nb"])))
    def arrive(arguments: list[str]) -> None:
        ward.aid.run(ward.xnode, [str(program), *arguments], deadline_seconds=20)
        held = (home / "arguments").read_bytes().split(b"\0")[:-1]
        assert held == [one.encode() for one in arguments] or (held == [b""] and not arguments)

    arrive()


def test_a_command_that_fails_says_so_in_one_line(real: tuple[Ward, Path]) -> None:
    ward, _ = real
    script = "echo one >&2; printf 'two\\033[31m\\tthree\\n' >&2; exit 7"
    with pytest.raises(CommandFailed) as failed:
        ward.aid.run(ward.xnode, ["sh", "-c", script], deadline_seconds=20)
    assert failed.value.message == "sh failed (7): two [31m three"


def test_a_command_is_ended_at_its_deadline_with_what_it_began(real: tuple[Ward, Path]) -> None:
    ward, home = real
    sleep = shutil.which("sleep")
    assert sleep is not None
    script = f"({sleep} 2; touch {home}/late) & {sleep} 30"
    began = time.monotonic()
    with pytest.raises(CommandFailed, match="sh was ended after 1 s"):
        ward.aid.run(ward.xnode, ["sh", "-c", script], deadline_seconds=1)
    assert time.monotonic() - began < 8
    time.sleep(max(0.0, began + 3 - time.monotonic()))
    assert not (home / "late").exists()


def test_a_machine_that_cannot_be_reached_surely_was_not_helped(real: tuple[Ward, Path]) -> None:
    ward, home = real
    away = ward.xnode.model_copy(update={"ssh_port": 1})
    with pytest.raises(HostError):
        ward.aid.run(away, ["touch", str(home / "done")], deadline_seconds=5)
    stranger = ward.xnode.model_copy(update={"id": "x-other"})
    with pytest.raises(HostError, match="no host key is known"):
        ward.aid.run(stranger, ["touch", str(home / "done")], deadline_seconds=5)
    assert not (home / "done").exists()


def test_a_connection_that_is_lost_leaves_it_open_how_it_ended() -> None:
    known = FakeKnownHosts()
    hosts = FakeHosts(known)
    xnode = an_xnode("n1")
    key = FakeKeys().new_host_key().public_openssh
    known.pin(xnode.id, key)
    machine = hosts.add(str(xnode.address), host_key=key)
    machine.answers["poweroff"] = HostUnreachable("lost the connection to x-n1")
    with pytest.raises(OutcomeUnknown, match="poweroff was begun, and nobody knows how it ended"):
        SshFirstAid(hosts).run(xnode, ["poweroff"], deadline_seconds=5)
