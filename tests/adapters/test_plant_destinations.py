"""Machines as a person names them: their own ~/.ssh/config and known_hosts, and no more trust."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.ssh.host import SshHosts
from capsule_domain.errors import HostKeyChanged, HostUnreachable, UsageError
from capsule_domain.ports.host import Completed, Destination
from tests.sshd import Sshd
from tests.tools import needs_tool


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd") as running:
        yield running


@pytest.fixture
def dot_ssh(own_home: Path) -> Path:
    folder = own_home / ".ssh"
    folder.mkdir(mode=0o700)
    return folder


def accept(dot_ssh: Path, name: str, key: str, *, file: str = "known_hosts") -> Path:
    path = dot_ssh / file
    with path.open("a") as lines:
        lines.write(f"{name} {key}\n")
    return path


def configure(dot_ssh: Path, text: str) -> None:
    (dot_ssh / "config").write_text(text)


def known_as(sshd: Sshd) -> str:
    return f"[127.0.0.1]:{sshd.port}"


def entry(sshd: Sshd, name: str = "web", *, more: str = "") -> str:
    return (
        f"Host {name}\n  HostName 127.0.0.1\n  Port {sshd.port}\n"
        f"  User {sshd.user}\n  IdentityFile {sshd.private_key}\n{more}"
    )


def run(folder: Path, destination: Destination, *, secluded: bool = False) -> Completed:
    config = Path("~/.ssh/config").expanduser()
    with (
        closing(SshHosts(folder / "ours", config, secluded=secluded)) as hosts,
        hosts.connect(destination, timeout_seconds=5) as host,
    ):
        return host.run("echo in")


def test_the_persons_config_names_the_address_the_port_the_user_and_the_key(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    configure(dot_ssh, entry(sshd))
    accept(dot_ssh, known_as(sshd), sshd.host_key)
    assert run(tmp_path, Destination.named("web")).stdout == "in\n"


def test_what_is_said_beats_the_config(sshd: Sshd, dot_ssh: Path, tmp_path: Path) -> None:
    configure(dot_ssh, f"Host *\n  Port 1\n  User nobody\n  IdentityFile {sshd.private_key}\n")
    accept(dot_ssh, known_as(sshd), sshd.host_key)
    said = Destination.named(f"{sshd.user}@127.0.0.1", port=sshd.port)
    assert run(tmp_path, said).stdout == "in\n"


def test_without_a_config_the_usual_key_and_the_current_user_are_taken(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    (dot_ssh / "id_ed25519").write_bytes(Path(sshd.private_key).read_bytes())
    (dot_ssh / "id_ed25519").chmod(0o600)
    accept(dot_ssh, known_as(sshd), sshd.host_key)
    assert run(tmp_path, Destination.named("127.0.0.1", port=sshd.port)).stdout == "in\n"


def test_hashed_known_hosts_are_read(sshd: Sshd, dot_ssh: Path, tmp_path: Path) -> None:
    configure(dot_ssh, entry(sshd))
    file = accept(dot_ssh, known_as(sshd), sshd.host_key)
    subprocess.run([needs_tool("ssh-keygen"), "-q", "-H", "-f", file], check=True)
    assert "127.0.0.1" not in file.read_text()
    assert run(tmp_path, Destination.named("web")).stdout == "in\n"


def test_an_alias_for_the_key_and_another_file_are_honoured(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    more = "  HostKeyAlias the-web\n  UserKnownHostsFile ~/.ssh/others\n"
    configure(dot_ssh, entry(sshd, more=more))
    accept(dot_ssh, "the-web", sshd.host_key, file="others")
    assert run(tmp_path, Destination.named("web")).stdout == "in\n"


def test_a_line_that_does_not_hold_hides_no_other(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    configure(dot_ssh, entry(sshd))
    accept(dot_ssh, "@nonsense", "x y z")
    accept(dot_ssh, known_as(sshd), sshd.host_key)
    assert run(tmp_path, Destination.named("web")).stdout == "in\n"


def test_a_machine_never_met_is_refused_and_stays_unknown(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    configure(dot_ssh, entry(sshd, more="  StrictHostKeyChecking no\n"))
    with pytest.raises(HostKeyChanged, match="no host key is known for web") as refused:
        run(tmp_path, Destination.named("web"))
    assert str(refused.value.hint).endswith(": ssh web")
    assert known_as(sshd) in refused.value.message
    assert not (dot_ssh / "known_hosts").exists()


@pytest.mark.parametrize("switched_off", ["none", "/dev/null"])
def test_a_config_that_switches_checking_off_is_not_followed(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path, switched_off: str
) -> None:
    more = f"  StrictHostKeyChecking no\n  UserKnownHostsFile {switched_off}\n"
    configure(dot_ssh, entry(sshd, more=more))
    with pytest.raises(HostKeyChanged, match="no host key is known"):
        run(tmp_path, Destination.named("web"))


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_a_machine_that_shows_another_key_is_refused(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path, kind: str
) -> None:
    configure(dot_ssh, entry(sshd))
    other = asyncssh.generate_private_key(kind).export_public_key().decode().strip()
    accept(dot_ssh, known_as(sshd), other)
    with pytest.raises(HostKeyChanged, match="not the one we know") as refused:
        run(tmp_path, Destination.named("web"))
    assert "ssh-keygen -R" in str(refused.value.hint)


def test_a_revoked_key_is_refused(sshd: Sshd, dot_ssh: Path, tmp_path: Path) -> None:
    configure(dot_ssh, entry(sshd))
    accept(dot_ssh, known_as(sshd), sshd.host_key)
    accept(dot_ssh, f"@revoked {known_as(sshd)}", sshd.host_key)
    with pytest.raises(HostKeyChanged):
        run(tmp_path, Destination.named("web"))


def test_jump_hosts_are_gone_through_and_verified_too(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    with Sshd(tmp_path / "jump") as jump:
        configure(dot_ssh, entry(jump, "jump") + entry(sshd, more="  ProxyJump jump\n"))
        accept(dot_ssh, known_as(sshd), sshd.host_key)
        with pytest.raises(HostKeyChanged, match=r"127\.0\.0\.1"):
            run(tmp_path, Destination.named("web"))
        accept(dot_ssh, known_as(jump), jump.host_key)
        assert run(tmp_path, Destination.named("web")).stdout == "in\n"
        jump.stop()
        with pytest.raises(HostUnreachable):
            run(tmp_path, Destination.named("web"))


def test_reaching_goes_the_same_way_and_asks_for_no_key(sshd: Sshd, dot_ssh: Path) -> None:
    configure(dot_ssh, entry(sshd))
    with closing(SshHosts(dot_ssh / "ours", dot_ssh / "config")) as hosts:
        assert 0 <= hosts.reach(Destination.named("web"), timeout_seconds=3) < 3000
        with pytest.raises(HostUnreachable, match="cannot reach web:1"):
            hosts.reach(Destination.named("web", port=1), timeout_seconds=3)


def test_a_config_that_does_not_hold_is_told(dot_ssh: Path, tmp_path: Path) -> None:
    configure(dot_ssh, "Host web\n  Port ninety\n")
    with pytest.raises(HostUnreachable, match="cannot reach web"):
        run(tmp_path, Destination.named("web"))


def test_a_rehearsal_reads_nothing_of_the_persons(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    configure(dot_ssh, entry(sshd))
    accept(dot_ssh, known_as(sshd), sshd.host_key)
    with pytest.raises(HostKeyChanged):
        run(tmp_path, Destination.named("web"), secluded=True)
    (tmp_path / "ours").write_text(f"{known_as(sshd)} {sshd.host_key}\n")
    assert run(tmp_path, Destination.named("web"), secluded=True).stdout == "in\n"


def test_whom_the_machine_does_not_let_in_is_told(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    accept(dot_ssh, known_as(sshd), sshd.host_key)
    with pytest.raises(HostUnreachable, match=f"does not let {sshd.user} in"):
        run(tmp_path, Destination.named(f"{sshd.user}@127.0.0.1", port=sshd.port))


@pytest.mark.parametrize(
    ("text", "host", "user", "label"),
    [
        ("web", "web", None, "web:2222"),
        ("deploy@web.example.org", "web.example.org", "deploy", "deploy@web.example.org:2222"),
        ("root@[2001:db8::1]", "2001:db8::1", "root", "root@[2001:db8::1]:2222"),
        ("2001:db8::1", "2001:db8::1", None, "[2001:db8::1]:2222"),
    ],
)
def test_a_machine_is_named_as_ssh_names_it(
    text: str, host: str, user: str | None, label: str
) -> None:
    named = Destination.named(text, port=2222)
    assert (named.host, named.user, named.label) == (host, user, label)


@pytest.mark.parametrize(
    "text", ["", "@", "@web", "root@", "-oProxyCommand=x", "a b", "root@-x", "we b", "x/y", "a;b"]
)
def test_what_names_no_machine_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no machine"):
        Destination.named(text)


@given(st.text(max_size=30))
def test_no_name_becomes_an_option_or_a_word_of_its_own(text: str) -> None:
    try:
        named = Destination.named(text)
    except UsageError:
        return
    for part in filter(None, (named.host, named.user)):
        assert not part.startswith("-")
        assert part.isascii()
        assert not set(part) & set(" \t\n;&|$`'\"\\<>()*?/")
