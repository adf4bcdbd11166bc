"""The person's own ssh, told whom to trust: its command line, and a real login by it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.ssh.program import SystemSsh, ssh_command
from capsule_domain.errors import HostKeyChanged, ToolMissing
from capsule_domain.ports.host import Target
from tests.sshd import Sshd
from tests.tools import needs_tool

TARGET = Target(address="203.0.113.9", user="root", key_alias="x1", private_key="/k/id")


def options(command: list[str]) -> dict[str, str]:
    given = [command[at + 1] for at, word in enumerate(command) if word == "-o"]
    return dict(word.split("=", 1) for word in given)


def test_only_what_we_pinned_is_trusted_and_only_our_key_is_shown() -> None:
    command = ssh_command("/bin/ssh", TARGET, ["uptime"], known_hosts=Path("/h/known_hosts"))
    assert command[0] == "/bin/ssh"
    assert command[-5:] == ["-l", "root", "--", "203.0.113.9", "uptime"]
    assert "-p" not in command
    assert "-F" not in command
    assert options(command) == {
        "HostKeyAlias": "x1",
        "UserKnownHostsFile": '"/h/known_hosts"',
        "GlobalKnownHostsFile": "none",
        "KnownHostsCommand": "none",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "VerifyHostKeyDNS": "no",
        "CheckHostIP": "no",
        "ControlPath": "none",
        "ServerAliveInterval": "15",
        "IdentityFile": '"/k/id"',
        "IdentitiesOnly": "yes",
    }


def test_without_a_key_of_ours_the_agent_is_asked() -> None:
    agent = TARGET.model_copy(update={"private_key": None, "port": 2222})
    command = ssh_command(
        "ssh", agent, [], known_hosts=Path("/h"), ssh_config=Path("/sandbox/config")
    )
    assert not {"IdentityFile", "IdentitiesOnly"} & set(options(command))
    assert command[1:3] == ["-F", "/sandbox/config"]
    assert command[command.index("-p") + 1] == "2222"


@pytest.mark.parametrize("name", ["a b", "100%", 'say "hi"', "back\\slash", "a%db"])
def test_ssh_reads_a_path_as_it_is(name: str, tmp_path: Path) -> None:
    file = tmp_path / name / "known_hosts"
    command = ssh_command(needs_tool("ssh"), TARGET, [], known_hosts=file)
    read = subprocess.run(
        [command[0], "-G", "-F", "none", *command[1:]],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert f"userknownhostsfile {file}\n" in read.stdout


def test_a_command_that_looks_like_an_option_is_none() -> None:
    command = ssh_command(needs_tool("ssh"), TARGET, ["-V"], known_hosts=Path("/h"))
    read = subprocess.run(
        [command[0], "-G", "-F", "none", *command[1:]], capture_output=True, text=True, check=True
    )
    assert "hostname 203.0.113.9\n" in read.stdout


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd") as running:
        yield running


def target(sshd: Sshd) -> Target:
    return Target(
        address="127.0.0.1",
        port=sshd.port,
        user=sshd.user,
        key_alias="x1",
        private_key=sshd.private_key,
    )


def test_a_real_login_runs_a_command_and_passes_its_exit_code_on(
    sshd: Sshd, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    needs_tool("ssh")
    known = tmp_path / "with space" / "known_hosts"
    KnownHostsFile(known).pin("x1", sshd.host_key)
    program = SystemSsh(known)
    assert program.run(program.command(target(sshd), ["echo", "in;", "exit", "7"])) == 7
    assert capfd.readouterr().out == "in\n"


def test_a_machine_with_another_key_is_not_entered(
    sshd: Sshd, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    needs_tool("ssh")
    known = tmp_path / "known_hosts"
    client = Path(f"{sshd.private_key}.pub").read_text()
    KnownHostsFile(known).pin("x1", client)  # any key but its own
    program = SystemSsh(known)
    assert program.run(program.command(target(sshd), ["echo", "in"])) == 255
    told = capfd.readouterr()
    assert told.out == ""
    assert "HOST IDENTIFICATION HAS CHANGED" in told.err


def test_nothing_is_called_without_a_pinned_key(tmp_path: Path) -> None:
    needs_tool("ssh")
    with pytest.raises(HostKeyChanged, match="no host key is known for x1"):
        SystemSsh(tmp_path / "known_hosts").command(TARGET)


def test_a_machine_without_ssh_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="ssh is not installed"):
        SystemSsh(tmp_path / "known_hosts").command(TARGET)
