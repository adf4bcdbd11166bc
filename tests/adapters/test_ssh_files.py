"""known_hosts and key files on a real disk."""

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.ssh.keys import SshKeys
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.ssh.openssh import public_key_line
from capsule_domain.errors import CapsuleError, ConfigurationError, NotFound, StoreError
from tests.tools import needs_tool


def key() -> str:
    made = asyncssh.generate_private_key("ssh-ed25519")
    return " ".join(made.export_public_key().decode().split()[:2])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_known_hosts_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "known_hosts"
    KnownHostsFile(path).pin("web-1", key())
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_lines_of_other_makers_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    foreign = b"# mine\n\n@revoked * ssh-rsa AAAA\nhost,192.0.2.1 ssh-rsa AAAA c\xff\n"
    path.write_bytes(foreign)
    hosts = KnownHostsFile(path)
    hosts.pin("web-1", key())
    hosts.forget("web-1")
    assert path.read_bytes() == foreign


def test_a_last_line_without_its_end_is_not_glued_to_ours(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("other ssh-rsa AAAA")
    pinned = key()
    KnownHostsFile(path).pin("web-1", pinned)
    assert path.read_text() == f"other ssh-rsa AAAA\nweb-1 {pinned}\n"


def test_forgetting_nothing_does_not_make_a_file(tmp_path: Path) -> None:
    KnownHostsFile(tmp_path / "known_hosts").forget("web-1")
    assert not (tmp_path / "known_hosts").exists()


def test_openssh_reads_the_file(tmp_path: Path) -> None:
    tool = needs_tool("ssh-keygen")
    pinned = key()
    KnownHostsFile(tmp_path / "known_hosts").pin("web-1", pinned)
    done = subprocess.run(
        [tool, "-F", "web-1", "-f", str(tmp_path / "known_hosts")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"web-1 {pinned}" in done.stdout


def test_processes_that_pin_at_once_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from capsule_adapters.ssh.known_hosts import KnownHostsFile\n"
        "for n in range(10): KnownHostsFile(Path(sys.argv[1])).pin(sys.argv[2] + str(n), "
        "sys.argv[3])\n"
    )
    path, public = tmp_path / "known_hosts", key()
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), f"p{number}-", public])
        for number in range(3)
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    hosts = KnownHostsFile(path)
    assert all(hosts.pinned(f"p{p}-{n}") == (public,) for p in range(3) for n in range(10))


def test_a_folder_in_the_way_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "known_hosts").mkdir()
    with pytest.raises(StoreError, match="known_hosts"):
        KnownHostsFile(tmp_path / "known_hosts").pin("web-1", key())


@given(st.text(max_size=300))
def test_any_text_is_a_public_key_or_refused(text: str) -> None:
    try:
        line = public_key_line(text)
    except ConfigurationError:
        return
    assert public_key_line(line) == line


def test_our_own_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "ssh"
    made = SshKeys(folder).deploy_key()
    assert mode(folder) == 0o700
    assert mode(Path(made.private_path)) == 0o600
    assert Path(made.private_path).with_suffix(".pub").read_text().split()[:2] == (
        made.public_openssh.split()
    )


def test_openssh_reads_our_own_key(tmp_path: Path) -> None:
    tool = needs_tool("ssh-keygen")
    made = SshKeys(tmp_path).deploy_key()
    done = subprocess.run(
        [tool, "-y", "-f", made.private_path], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[:2] == made.public_openssh.split()


def test_two_capsules_that_start_at_once_come_to_one_key(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom capsule_adapters.ssh.keys import SshKeys\n"
        "print(SshKeys(Path(sys.argv[1])).deploy_key().public_openssh)\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert len({process.communicate(timeout=60)[0] for process in running}) == 1


@pytest.mark.parametrize("options", [["-t", "ed25519"], ["-t", "rsa", "-m", "PEM", "-b", "2048"]])
def test_a_key_that_openssh_locked_is_told_from_junk(tmp_path: Path, options: list[str]) -> None:
    tool = needs_tool("ssh-keygen")
    path = tmp_path / "id"
    subprocess.run([tool, "-q", "-N", "sentinel", *options, "-f", str(path)], check=True)
    assert SshKeys(tmp_path).deploy_key(str(path)).public_openssh
    path.with_name("id.pub").unlink()
    with pytest.raises(ConfigurationError, match=r"passphrase and no \.pub"):
        SshKeys(tmp_path).deploy_key(str(path))


@given(content=st.binary(max_size=400))
def test_any_file_is_a_key_or_refused_with_its_name(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("junk")
    path = folder / "id"
    path.write_bytes(content)
    with pytest.raises(CapsuleError, match="id"):
        SshKeys(folder).deploy_key(str(path))
    shutil.rmtree(folder)


@pytest.mark.parametrize("path", ["~nobody-of-that-name/id", "", "a\0b", "/dev/null", "/etc"])
def test_a_path_that_leads_nowhere_is_not_found(tmp_path: Path, path: str) -> None:
    with pytest.raises(NotFound):
        SshKeys(tmp_path).deploy_key(path)


def test_a_key_is_not_shown_by_an_error(tmp_path: Path) -> None:
    private = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    broken = private.replace("OPENSSH", "OPENSSL")
    (tmp_path / "id").write_text(broken)
    with pytest.raises(ConfigurationError) as caught:
        SshKeys(tmp_path).deploy_key(str(tmp_path / "id"))
    assert private.splitlines()[1] not in f"{caught.value!r}{caught.value.hint}"
