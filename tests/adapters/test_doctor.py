"""What doctor looks at: each thing as it should be, and each thing wrong."""

import os
import shlex
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePath, PurePosixPath

import pytest

from capsule_adapters.doctor import machine, nix, privacy, ssh, state
from capsule_adapters.doctor.check import Check, SideBySide
from capsule_adapters.store.choices import YamlChoices
from capsule_adapters.store.state import state_database
from capsule_domain.errors import (
    ConfigurationError,
)
from capsule_domain.models.diagnosis import Diagnosis, ok
from capsule_domain.models.profile import Environment, Profile
from tests.contracts.test_inventory import xnode
from tests.fakes.choices import FakeChoices
from tests.fakes.inventory import FakeInventory
from tests.fakes.known_hosts import FakeKnownHosts
from tests.fakes.nix_environment import FakeNixEnvironment
from tests.fakes.nix_tool import FakeNixTool
from tests.tools import needs_tool

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1Fk0CZXqXM1oD8iY5UxkF3q0eNnR4dVXc8m1l9b1sV"


def verdicts(found: Iterable[Diagnosis]) -> list[str]:
    return [one.verdict.value for one in found]


def only(found: Iterable[Diagnosis]) -> Diagnosis:
    (one,) = found
    return one


# -- side by side ---------------------------------------------------------------------------


def test_checks_run_side_by_side_and_answer_in_their_order() -> None:
    def slow(name: str) -> list[Diagnosis]:
        time.sleep(0.2)
        return [ok(name, "…")]

    names = [f"check-{number}" for number in range(20)]
    checks = [Check(name, lambda name=name: slow(name)) for name in names]  # type: ignore[misc]
    started = time.monotonic()
    found = SideBySide(checks).run()
    assert time.monotonic() - started < 2
    assert [one.rule for one in found] == names


def test_a_check_that_hangs_is_an_error_and_holds_up_nobody() -> None:
    never = threading.Event()

    def hang() -> list[Diagnosis]:
        never.wait(60)
        return []

    checks = [Check("hung", hang, deadline_seconds=0.1), Check("fine", lambda: [ok("fine", "…")])]
    started = time.monotonic()
    found = SideBySide(checks).run()
    assert time.monotonic() - started < 5
    never.set()
    assert [(one.rule, one.verdict) for one in found] == [("hung", "error"), ("fine", "ok")]
    assert "no answer within 0.1 s" in found[0].message


def test_a_process_with_a_hung_check_still_ends() -> None:
    code = (
        "import time; from capsule_adapters.doctor.check import Check, SideBySide;"
        "print(SideBySide([Check('x', lambda: time.sleep(60), 0.1)]).run()[0].message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True
    )
    assert "no answer" in done.stdout


def test_an_error_of_a_check_is_its_diagnosis_with_its_place() -> None:
    def fail() -> list[Diagnosis]:
        raise ConfigurationError("unknown key", file="config.yml", line=3, hint="look")

    found = only(SideBySide([Check("configuration", fail)]).run())
    assert (found.verdict, found.file, found.line, found.hint) == ("error", "config.yml", 3, "look")


def test_a_bug_in_a_check_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> list[Diagnosis]:
        raise ZeroDivisionError

    found = only(SideBySide([Check("disk", fail)]).run())
    assert found.verdict == "error"
    assert "ZeroDivisionError" in found.message
    assert "Traceback" in caplog.text


def test_offline_asks_no_cloud() -> None:
    def ask() -> list[Diagnosis]:
        raise AssertionError("the network was used")

    found = only(SideBySide([Check("cloud", ask, online=True)]).run(offline=True))
    assert (found.verdict, found.message) == ("skipped", "not asked, because of --offline")
    named = Check("cloud", ask, online=True, subject="linode")
    found = only(SideBySide([named]).run(offline=True))
    assert found.message == "linode not asked, because of --offline"


# -- Nix ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("2.28.3", "ok"),
        ("2.18.0", "ok"),
        ("3.0", "ok"),
        ("2.8.0", "warning"),
        ("2.3.16", "error"),
        ("1.11", "error"),
        (None, "warning"),
        ("pre", "ok"),
    ],
)
def test_nix_is_judged_by_its_version(version: str | None, verdict: str) -> None:
    found = only(nix.nix(FakeNixTool(version)))
    assert found.verdict == verdict
    assert found.hint or verdict == "ok"


def test_a_store_of_ones_own_needs_no_daemon(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    surroundings = {"NIX_STORE_DIR": str(tmp_path / "store")}
    assert only(nix.nix_store(FakeNixTool(), surroundings)).verdict == "ok"


def test_a_store_behind_a_silent_daemon_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    surroundings = {
        "NIX_STORE_DIR": str(tmp_path / "store"),
        "NIX_STATE_DIR": str(tmp_path),
        "NIX_REMOTE": "daemon",
    }
    assert only(nix.nix_store(FakeNixTool(), surroundings)).verdict == "error"
    (tmp_path / "daemon-socket").mkdir()
    with closing(socket.socket(socket.AF_UNIX)) as daemon:
        daemon.bind(str(tmp_path / "daemon-socket" / "socket"))
        daemon.listen()
        assert only(nix.nix_store(FakeNixTool(), surroundings)).verdict == "ok"


def test_a_store_that_is_gone_is_an_error_and_without_nix_none_is_missed(tmp_path: Path) -> None:
    surroundings = {"NIX_STORE_DIR": str(tmp_path / "none")}
    assert only(nix.nix_store(FakeNixTool(), surroundings)).verdict == "error"
    assert only(nix.nix_store(FakeNixTool(None), surroundings)).verdict == "skipped"


# -- the machine ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "verdict"),
    [
        ("utf-8", "ok"),
        ("UTF8", "ok"),
        ("ascii", "warning"),
        ("latin-1", "warning"),
        (None, "skipped"),
    ],
)
def test_a_terminal_shows_utf_8_or_not(encoding: str | None, verdict: str) -> None:
    assert only(machine.terminal(encoding)).verdict == verdict


class Shell:
    """A search path that is a list."""

    def __init__(self, *folders: PurePath) -> None:
        self.folders = folders

    def holds(self, folder: PurePath) -> bool:
        return folder in self.folders

    def start_up_file(self) -> PurePath:
        return PurePosixPath("/home/me/.profile")

    def line(self, folder: PurePath) -> str:
        return f'export PATH="{folder}:$PATH"'

    def is_written(self, folder: PurePath) -> bool:
        return folder in self.folders

    def add(self, folder: PurePath) -> bool:
        raise AssertionError(f"looking changed the search path: {folder}")


class Installed(FakeNixEnvironment):
    """An environment whose link is where a test put it."""

    def __init__(self, link: Path) -> None:
        super().__init__()
        self._link = link

    @property
    def link(self) -> PurePosixPath:
        return PurePosixPath(self._link)


def test_what_setup_installed_should_be_on_the_path(tmp_path: Path) -> None:
    link = tmp_path / "capsule"
    assert only(machine.path(Installed(link), Shell())).verdict == "skipped"
    link.symlink_to(tmp_path)
    lost = only(machine.path(Installed(link), Shell()))
    assert (lost.verdict, lost.hint) == ("warning", f'export PATH="{link}/bin:$PATH"')
    assert only(machine.path(Installed(link), Shell(link / "bin"))).verdict == "ok"


def test_room_is_judged_by_what_is_needed(tmp_path: Path) -> None:
    none = tmp_path / "not" / "there" / "yet"
    enough, little, nothing = (tmp_path, 0, 0), (none, 1e9, 0), (none, 1e9, 1e9)
    assert verdicts(machine.disk([enough, little, nothing])) == ["ok", "warning", "error"]
    assert not none.exists()


def test_python_and_the_sandbox_say_what_they_are() -> None:
    assert sys.prefix in only(machine.python()).message
    assert "kept apart by" in only(machine.sandbox()).message


# -- rights ---------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a secret in it, as it should be."""
    made = tmp_path / "ca psule"
    (made / "ssh").mkdir(parents=True)
    for name in ("providers.yml", "ssh/id_ed25519"):
        (made / name).write_text("secret")
        (made / name).chmod(0o600)
    (made / "ssh" / "id_ed25519.pub").write_text("public")
    made.chmod(0o700)
    return made


def cured(found: Diagnosis) -> None:
    """Do what the hint says."""
    assert found.hint is not None
    subprocess.run(shlex.split(found.hint), check=True)


def test_a_home_as_it_should_be_is_said_to_be_so(home: Path) -> None:
    assert only(privacy.permissions(home)).verdict == "ok"
    assert only(privacy.permissions(home / "none")).verdict == "skipped"


@pytest.mark.parametrize(
    ("name", "mode", "verdict"),
    [
        ("providers.yml", 0o640, "error"),
        ("providers.yml", 0o604, "error"),
        ("ssh/id_ed25519", 0o644, "error"),
        (".", 0o755, "warning"),
        (".", 0o777, "error"),
    ],
)
def test_what_others_can_read_is_told_and_the_remedy_cures_it(
    home: Path, name: str, mode: int, verdict: str
) -> None:
    (home / name).chmod(mode)
    found = only(privacy.permissions(home))
    assert found.verdict == verdict
    assert "secret" not in found.message.replace(str(home), "")
    cured(found)
    assert only(privacy.permissions(home)).verdict == "ok"


def test_many_open_files_are_told_in_few_lines(home: Path) -> None:
    (home / "logs").mkdir()
    for number in range(30):
        (home / "logs" / f"{number}.log").write_text("")
        (home / "logs" / f"{number}.log").chmod(0o644)
    found = list(privacy.permissions(home))
    assert len(found) == 6
    assert "25 more" in found[-1].message
    cured(found[-1])
    assert only(privacy.permissions(home)).verdict == "ok"


# -- SSH ------------------------------------------------------------------------------------


@pytest.fixture
def person(tmp_path: Path) -> dict[str, str]:
    """A person's environment, with a ~/.ssh as it should be."""
    folder = tmp_path / "person" / ".ssh"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "id_work").write_text(KEY)
    (folder / "id_work").chmod(0o600)
    (folder / "id_work.pub").write_text(HOST_KEY)
    (folder / "config").write_text("Host *\n")
    (folder / "config").chmod(0o644)
    (folder / "known_hosts").write_text("")
    (folder / "dangling").symlink_to(tmp_path / "none")
    return {"HOME": str(tmp_path / "person"), "PATH": os.environ["PATH"]}


def test_keys_as_they_should_be_are_said_to_be_so(person: dict[str, str], home: Path) -> None:
    assert verdicts(ssh.ssh_keys(person, home, FakeChoices())) == ["ok", "ok"]


@pytest.mark.parametrize(("name", "mode"), [("id_work", 0o644), ("config", 0o666), (".", 0o777)])
def test_rights_that_openssh_refuses_are_told_and_the_remedy_cures_them(
    person: dict[str, str], home: Path, name: str, mode: int
) -> None:
    Path(person["HOME"], ".ssh", name).chmod(mode)
    found = list(ssh.ssh_keys(person, home, FakeChoices()))
    assert verdicts(found) == ["error", "ok"]
    cured(found[0])
    assert verdicts(ssh.ssh_keys(person, home, FakeChoices())) == ["ok", "ok"]


def test_a_configured_key_that_is_gone_is_an_error(
    person: dict[str, str], home: Path, tmp_path: Path
) -> None:
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "openmesh.yml").write_text(f"version: 1\nssh_key: {tmp_path}/gone\n")
    found = list(ssh.ssh_keys(person, home, YamlChoices(tmp_path / "h")))
    assert found[-1].verdict == "error"
    assert "gone" in found[-1].message


def test_the_client_is_looked_for_on_the_path(tmp_path: Path) -> None:
    assert only(ssh.ssh({"PATH": str(tmp_path)})).verdict == "warning"
    (tmp_path / "ssh").write_text("#!/bin/sh\n")
    (tmp_path / "ssh").chmod(0o755)
    assert only(ssh.ssh({"PATH": str(tmp_path)})).verdict == "ok"


@contextmanager
def agent(folder: Path) -> Iterator[str]:
    """OpenSSH's own agent, without a key."""
    place = folder / "agent"
    process = subprocess.Popen([needs_tool("ssh-agent"), "-D", "-a", str(place)], stdout=-3)
    try:
        while not place.exists():
            time.sleep(0.01)
        yield str(place)
    finally:
        process.terminate()
        process.wait()


def test_the_true_agent_tells_how_many_keys_it_holds(tmp_path: Path) -> None:
    needs_tool("ssh-add")
    with agent(tmp_path) as place:
        assert "holds no key" in only(ssh.ssh_agent({"SSH_AUTH_SOCK": place})).message
        key = tmp_path / "key"
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(make, check=True)
        surroundings = {**os.environ, "SSH_AUTH_SOCK": place}
        subprocess.run(["ssh-add", "-q", str(key)], env=surroundings, check=True)
        assert "holds 1 key" in only(ssh.ssh_agent({"SSH_AUTH_SOCK": place})).message


def test_an_agent_that_is_gone_is_a_warning_and_none_is_fine(tmp_path: Path) -> None:
    gone = {"SSH_AUTH_SOCK": str(tmp_path / "gone")}
    assert only(ssh.ssh_agent(gone)).verdict == "warning"
    assert only(ssh.ssh_agent({})).verdict == "skipped"


def test_an_agent_that_talks_nonsense_is_a_warning(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as nonsense:
        nonsense.bind(str(tmp_path / "s"))
        nonsense.listen()

        def answer() -> None:
            other, _ = nonsense.accept()
            with other:
                other.recv(5)
                other.sendall(b"\0\0\0\x01\x05")

        thread = threading.Thread(target=answer)
        thread.start()
        assert only(ssh.ssh_agent({"SSH_AUTH_SOCK": str(tmp_path / "s")})).verdict == "warning"
        thread.join()


def test_an_xnode_without_a_known_key_is_told(tmp_path: Path) -> None:
    hosts = FakeKnownHosts()
    inventory = FakeInventory([xnode("x1", "web-1", address="127.0.0.1"), xnode("x2", "young")])
    (tmp_path / "state.db").touch()
    found = only(ssh.known_hosts(tmp_path, lambda: inventory, hosts))
    assert found.verdict == "warning"
    assert "web-1" in found.message
    assert "young" not in found.message
    hosts.pin("x1", HOST_KEY)
    assert only(ssh.known_hosts(tmp_path, lambda: inventory, hosts)).verdict == "ok"


def test_looking_makes_no_inventory(tmp_path: Path) -> None:
    def ask() -> FakeInventory:
        raise AssertionError("an inventory was made")

    assert only(ssh.known_hosts(tmp_path, ask, FakeKnownHosts())).verdict == "ok"


# -- what is kept ---------------------------------------------------------------------------


def test_sound_databases_are_said_to_be_so(tmp_path: Path) -> None:
    assert only(state.databases(tmp_path)).verdict == "skipped"
    database = state_database(tmp_path)
    database.open()
    assert only(state.databases(tmp_path)).verdict == "ok"
    database.close()


def test_a_damaged_database_is_told_with_the_way_out(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        database.execute("CREATE TABLE t (x)")
        database.executemany("INSERT INTO t VALUES (?)", [(str(n) * 50,) for n in range(2000)])
        database.commit()
    with (tmp_path / "state.db").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)
    (tmp_path / "metrics.db").write_text("this is no database, and long enough to be told so")
    found = list(state.databases(tmp_path))
    assert verdicts(found) == ["error", "error"]
    assert "damaged" in found[0].message
    assert found[0].hint is not None
    assert found[0].hint.startswith("capsule restore")


def test_a_database_of_a_newer_capsule_is_told(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        database.execute("PRAGMA user_version = 999")
    found = only(state.databases(tmp_path))
    assert (found.verdict, "newer Capsule" in found.message) == ("error", True)


def resolved() -> Environment:
    return Environment(profile=Profile(name="mine"), stacks=(), packages=(), python_packages=())


def test_files_that_hold_are_said_to_resolve() -> None:
    found = only(state.configuration(FakeChoices(), resolved))
    assert (found.verdict, found.message) == ("ok", "the profile mine resolves to 0 stacks")


def test_every_file_that_does_not_hold_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "config.yml").write_text("version: 1\nactiv_profile: web\n")
    (tmp_path / "openmesh.yml").write_text("version: 1\n\nssh_key: [a]\n")
    (tmp_path / "configs" / "mine.yml").write_text("stacks: [docker\n")
    found = list(state.configuration(YamlChoices(tmp_path), resolved))
    assert verdicts(found) == ["error", "error", "error"]
    assert [(Path(one.file or "").name, one.line) for one in found[:2]] == [
        ("config.yml", 2),
        ("openmesh.yml", 3),
    ]


def test_a_profile_that_does_not_resolve_is_told() -> None:
    def fail() -> Environment:
        raise ConfigurationError("stacks require each other in a circle: a → b → a")

    assert only(state.configuration(FakeChoices(), fail)).verdict == "error"
