"""What every `Hosts` and its `Host` do: a script, a real sshd, the sandbox's machines.

A `Host` may also be this machine, to which there is no way: it passes what is a `Host`'s.
"""

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from capsule_adapters.installers.this_machine import ThisMachine
from capsule_adapters.sandbox.hosts import SandboxMachines
from capsule_adapters.sandbox.isolation import Folders
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.keys import SshKeys
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.errors import CommandFailed, HostKeyChanged, HostUnreachable
from capsule_domain.ports.host import Completed, Host, Hosts, KnownHosts, Target
from capsule_domain.services.user_data import user_data
from tests.fakes.hosts import Answer, FakeHosts
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.rehearsed import bubblewrap
from tests.sshd import Sshd

ALIAS = "xnode-1"

# What the commands of this suite give on a true machine.
SCRIPTED: dict[str, Answer] = {
    "echo ready": "welcome\nready now\n",
    "echo never": "never\n",
    "echo out; echo err >&2": Completed(exit_code=0, stdout="out\n", stderr="err\n"),
    "cat": lambda stdin: Completed(exit_code=0, stdout=stdin, stderr=""),
    "head -c 3": lambda stdin: Completed(exit_code=0, stdout=stdin[:3], stderr=""),
    "wc -c": lambda stdin: Completed(exit_code=0, stdout=f"{len(stdin)}\n", stderr=""),
    "echo no >&2; exit 3": Completed(exit_code=3, stdout="", stderr="no\n"),
    "kill -9 $$": Completed(exit_code=-1, stdout="", stderr=""),
    "echo one >&2; echo two >&2": Completed(exit_code=0, stdout="", stderr="one\ntwo\n"),
    "sleep 30": HostUnreachable("a command did not end"),
    "printf '\\377x'": Completed(exit_code=0, stdout="\N{REPLACEMENT CHARACTER}x", stderr=""),
    "head -c 9000000": lambda _: Completed(exit_code=0, stdout="x" * 9_000_000, stderr=""),
    "echo $((6 * 7))": "42\n",
    "echo again": "again\n",
    "true": "",
}


@dataclass
class Site:
    """A machine that runs, is pinned and lets us in."""

    hosts: Hosts
    target: Target
    known_hosts: KnownHosts
    go_away: Callable[[], None]
    folder: str
    """An absolute path on the machine where files may be put."""
    read: Callable[[str], tuple[bytes, int]]
    """Content and mode of a file on the machine."""


def scripted(_: Path) -> Iterator[Site]:
    known_hosts = FakeKnownHosts()
    hosts = FakeHosts(known_hosts)
    key = FakeKeys().new_host_key().public_openssh
    machine = hosts.add("192.0.2.1", host_key=key, answers=SCRIPTED)
    machine.private_keys = frozenset({"the key"})
    known_hosts.pin(ALIAS, key)
    target = Target(address="192.0.2.1", key_alias=ALIAS, private_key="the key")
    yield Site(
        hosts,
        target,
        known_hosts,
        lambda: setattr(machine, "up", False),
        "/srv",
        lambda path: machine.files[path],
    )


def over_sshd(folder: Path) -> Iterator[Site]:
    known_hosts = KnownHostsFile(folder / "known_hosts")
    with Sshd(folder / "sshd") as sshd, closing(SshHosts(folder / "known_hosts")) as hosts:
        known_hosts.pin(ALIAS, sshd.host_key)
        target = Target(
            address="127.0.0.1",
            port=sshd.port,
            user=sshd.user,
            key_alias=ALIAS,
            private_key=sshd.private_key,
        )
        yield Site(hosts, target, known_hosts, sshd.stop, str(sshd.home), on_disk)


def on_disk(path: str) -> tuple[bytes, int]:
    return Path(path).read_bytes(), Path(path).stat().st_mode & 0o777


def over_folders(folder: Path) -> Iterator[Site]:
    return rehearsed(folder, SandboxMachines(folder / "machines", isolation=Folders()))


def over_bubblewrap(folder: Path) -> Iterator[Site]:
    return rehearsed(folder, SandboxMachines(folder / "machines", isolation=bubblewrap()))


def rehearsed(folder: Path, machines: SandboxMachines) -> Iterator[Site]:
    keys = SshKeys(folder / "ssh")
    ours, theirs = keys.deploy_key(), keys.new_host_key()
    address = machines.boot(
        "1",
        name="web-1",
        public_keys=[ours.public_openssh],
        user_data=user_data(theirs).get_secret_value(),
    )
    known_hosts = KnownHostsFile(folder / "known_hosts")
    known_hosts.pin(ALIAS, theirs.public_openssh)
    with closing(SshHosts(folder / "known_hosts", machines.ssh_config)) as hosts:
        target = Target(address=address, key_alias=ALIAS, private_key=ours.private_path)
        with hosts.connect(target) as host:
            inside = host.run("cd && pwd -P", check=True).stdout.strip()

        def read(path: str) -> tuple[bytes, int]:
            with hosts.connect(target) as host:
                text = host.run(f"cat {shlex.quote(path)}", check=True).stdout
                mode = host.run(f"stat -c %a {shlex.quote(path)}", check=True).stdout
            return text.encode(), int(mode, 8)

        yield Site(hosts, target, known_hosts, lambda: machines.switch_off("1"), inside, read)
    machines.stop()


MAKERS: dict[str, Callable[[Path], Iterator[Site]]] = {
    "fake": scripted,
    "sshd": over_sshd,
    "sandbox-folders": over_folders,
    "sandbox-bubblewrap": over_bubblewrap,
}


@pytest.fixture(params=MAKERS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    yield from MAKERS[request.param](tmp_path)


@dataclass
class Place:
    """A `Host`, and where files may be put on it."""

    host: Host
    folder: str
    read: Callable[[str], tuple[bytes, int]]


@pytest.fixture(params=[*MAKERS, "here"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "here":
        yield Place(ThisMachine(), str(tmp_path), on_disk)
        return
    for site in MAKERS[request.param](tmp_path):
        with site.hosts.connect(site.target) as host:
            yield Place(host, site.folder, site.read)


@pytest.fixture
def host(place: Place) -> Host:
    return place.host


def run(site: Site, command: str, *, stdin: str = "", check: bool = False) -> Completed:
    with site.hosts.connect(site.target) as host:
        return host.run(command, stdin=stdin, check=check)


def test_a_command_gives_both_outputs_and_its_exit_code(host: Host) -> None:
    done = host.run("echo out; echo err >&2")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "out\n", "err\n")


def test_a_command_is_a_shells(host: Host) -> None:
    assert host.run("echo $((6 * 7))").stdout == "42\n"


def test_input_reaches_the_command_whole(host: Host) -> None:
    text = "line with ünïcode and 'quotes'\n" * 3
    assert host.run("cat", stdin=text).stdout == text
    assert host.run("wc -c", stdin="x" * 3_000_000).stdout.strip() == "3000000"


def test_a_command_need_not_read_all_of_its_input(host: Host) -> None:
    assert host.run("head -c 3", stdin="x" * 3_000_000).stdout == "xxx"


def test_a_failure_is_told_and_no_error_unless_asked(host: Host) -> None:
    done = host.run("echo no >&2; exit 3")
    assert (done.exit_code, done.stderr) == (3, "no\n")


def test_with_check_a_failure_is_an_error_that_names_the_cause(host: Host) -> None:
    with pytest.raises(CommandFailed, match=r"\(3\): no"):
        host.run("echo no >&2; exit 3", check=True)


def test_a_command_ended_by_a_signal_has_exit_code_minus_one(host: Host) -> None:
    assert host.run("kill -9 $$").exit_code == -1


def test_output_that_is_no_text_is_replaced(host: Host) -> None:
    assert host.run("printf '\\377x'").stdout == "\N{REPLACEMENT CHARACTER}x"


def test_a_flood_of_output_is_an_error_not_a_flood_of_memory(host: Host) -> None:
    with pytest.raises(CommandFailed, match="8 MiB"):
        host.run("head -c 9000000 /dev/zero")


def test_a_command_that_does_not_end_in_time_is_given_up_and_the_next_one_runs(
    host: Host,
) -> None:
    begun = time.monotonic()
    with pytest.raises(HostUnreachable):
        host.run("sleep 30", timeout_seconds=0.3)
    assert time.monotonic() - begun < 10
    assert host.run("echo again").stdout == "again\n"


def test_what_a_command_complains_of_is_heard_line_by_line(host: Host) -> None:
    heard: list[str] = []
    done = host.run("echo one >&2; echo two >&2", heard=heard.append)
    assert heard == ["one", "two"]
    assert done.stderr == "one\ntwo\n"


def test_a_file_is_put_whole_with_its_mode_into_folders_that_are_made(place: Place) -> None:
    path = f"{place.folder}/new/er/it's $HOME"
    place.host.put(path, b"first\n")
    assert place.read(path) == (b"first\n", 0o600)
    place.host.put(path, b"second\n", mode=0o644)
    assert place.read(path) == (b"second\n", 0o644)


def test_a_file_where_a_folder_is_cannot_be_put(place: Place) -> None:
    place.host.put(f"{place.folder}/taken/file", b"x")
    with pytest.raises(CommandFailed, match="is a folder"):
        place.host.put(f"{place.folder}/taken", b"y")
    assert place.read(f"{place.folder}/taken/file")[0] == b"x"


def test_a_command_that_is_kept_runs_as_long_as_the_block(place: Place) -> None:
    gone = f"{place.folder}/gone"
    stay = f"echo welcome; echo ready now >&2; cat >/dev/null; echo yes >{shlex.quote(gone)}"
    with place.host.keep(stay, until="ready") as line:
        assert line == "ready now"
        assert place.host.run("echo again").stdout == "again\n"
        with pytest.raises((OSError, KeyError, CommandFailed)):
            place.read(gone)


def test_a_command_that_ends_before_it_is_ready_is_an_error(host: Host) -> None:
    with (
        pytest.raises(CommandFailed, match="that was to stay ended"),
        host.keep("echo never", until="ready"),
    ):
        pytest.fail("it is not ready")


def test_several_connections_live_side_by_side(site: Site) -> None:
    with site.hosts.connect(site.target) as first, site.hosts.connect(site.target) as second:
        assert second.run("echo again").stdout == first.run("echo again").stdout


def test_after_the_block_the_connection_is_gone(site: Site) -> None:
    with site.hosts.connect(site.target) as host:
        pass
    with pytest.raises(HostUnreachable):
        host.run("true")


def test_a_machine_whose_key_is_not_known_is_refused(site: Site) -> None:
    site.known_hosts.forget(ALIAS)
    with pytest.raises(HostKeyChanged, match="no host key is known"):
        run(site, "true")


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_a_machine_that_shows_another_key_is_refused(site: Site, kind: str) -> None:
    other = asyncssh.generate_private_key(kind).export_public_key().decode()
    site.known_hosts.pin(ALIAS, other)
    with pytest.raises(HostKeyChanged, match="not the one we know"):
        run(site, "true")


def test_who_is_not_let_in_is_told_so(site: Site) -> None:
    stranger = site.target.model_copy(update={"user": "stranger"})
    with (
        pytest.raises(HostUnreachable, match="does not let stranger in"),
        site.hosts.connect(stranger),
    ):
        pass


def test_a_key_that_is_not_there_opens_nothing(site: Site) -> None:
    keyless = site.target.model_copy(update={"private_key": "/nonexistent/key"})
    with pytest.raises(HostUnreachable), site.hosts.connect(keyless):
        pass


def test_a_machine_that_went_away_cannot_be_reached(site: Site) -> None:
    site.go_away()
    begun = time.monotonic()
    with pytest.raises(HostUnreachable), site.hosts.connect(site.target, timeout_seconds=3):
        pass
    with pytest.raises(HostUnreachable):
        site.hosts.reach(site.target, timeout_seconds=3)
    assert time.monotonic() - begun < 10


def test_reaching_tells_the_latency_and_asks_for_no_key(site: Site) -> None:
    site.known_hosts.forget(ALIAS)
    assert 0 <= site.hosts.reach(site.target, timeout_seconds=3) < 3000


def test_the_key_that_a_machine_shows_is_the_one_that_is_pinned(site: Site) -> None:
    (pinned,) = site.known_hosts.pinned(ALIAS)
    site.known_hosts.forget(ALIAS)
    assert site.hosts.shown_key(site.target) == pinned


def test_a_machine_that_does_not_answer_shows_no_key(site: Site) -> None:
    site.go_away()
    with pytest.raises(HostUnreachable):
        site.hosts.shown_key(site.target, timeout_seconds=2)
