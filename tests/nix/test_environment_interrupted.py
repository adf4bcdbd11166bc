"""`capsule setup` on real Nix, broken off: the generation before it stays, whoever runs it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.nix.environment import NixProfileEnvironment
from capsule_adapters.presets.builtin import BuiltinPresets
from tests.nix.offline import TinyNixpkgs, offline_nix
from tests.tools import ROOT

PATIENCE_SECONDS = 30.0
NOBODY = 65534
PYTHONPATH = os.pathsep.join([str(ROOT / "src"), sysconfig.get_path("purelib")])


@dataclass
class Person:
    """Somebody with a home, a Nix that needs no network, and a profile called `mine`."""

    folder: Path
    variables: dict[str, str]
    user: int | None = None
    python: str = sys.executable
    packages: Sequence[str] = ()

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def kept(self) -> Path:
        return self.home / ".capsule" / "environment"

    @property
    def link(self) -> Path:
        return self.home / ".local" / "state" / "nix" / "profiles" / "capsule"

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.python, "-m", "capsule_cli", *words],
            env={**os.environ, **self.variables},
            cwd=self.folder,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, stdout, stderr

    def told(self, *words: str) -> Any:
        code, stdout, stderr = self.run(*words, "--json")
        assert code == 0, stderr
        return json.loads(stdout)

    def generations(self) -> list[tuple[int, bool]]:
        known = NixProfileEnvironment(link=self.link, kept=self.kept).generations()
        return [(one.generation, one.current) for one in known]

    def choose(self, profile: str, packages: Sequence[str]) -> None:
        """Make `profile` active, with nothing but `base` and these packages."""
        self.packages = packages
        configs = self.home / ".capsule" / "configs"
        configs.mkdir(parents=True, exist_ok=True)
        (configs / f"{profile}.yml").write_text(
            f"version: 1\npackages: {json.dumps(list(packages))}\n"
        )
        (self.home / ".capsule" / "config.yml").write_text(
            f"version: 1\nactive_profile: {profile}\n"
        )
        self.own()

    def sell(self, version: str, profile: str = "mine", **about: dict[str, object]) -> None:
        """Lock `profile` to a nixpkgs that has everything in this version."""
        wanted = (*BuiltinPresets(self.home).stacks()["base"].packages, *self.packages)
        every: dict[str, dict[str, object]] = {name: {"version": version} for name in wanted}
        nixpkgs = TinyNixpkgs.at(self.folder / f"nixpkgs-{version}", [], **{**every, **about})
        nixpkgs.lock(self.kept / profile / "flake.lock")
        self.own()

    def own(self) -> None:
        if self.user is not None:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.lchown(path, self.user, self.user)


@pytest.fixture
def somebody(tmp_path: Path) -> Person:
    variables = {**offline_nix(tmp_path), **homes(tmp_path / "home")}
    (tmp_path / "home").mkdir()
    person = Person(tmp_path, variables)
    person.choose("mine", ["tool"])
    return person


@pytest.fixture
def nobody() -> Iterator[Person]:
    """Somebody who is not root, where tests run as root; else whoever runs them."""
    folder = Path(tempfile.mkdtemp(prefix="capsule-nobody-"))
    try:
        variables = {**offline_nix(folder), **homes(folder / "home")}
        (folder / "home").mkdir()
        person = Person(folder, variables)
        if os.geteuid() == 0:
            person.user, person.python = NOBODY, python_of_nobody()
            variables["PYTHONPATH"] = PYTHONPATH
        person.choose("mine", ["tool"])
        yield person
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def python_of_nobody() -> str:
    """This Python may be in root's own home; the system's does as well if it is of the version."""
    system = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    for python in (sys.executable, system):
        with suppress(OSError):
            words = [python or "", "-c", "import capsule_cli.main, pydantic_core"]
            environment = {"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH}
            done = subprocess.run(
                words, env=environment, user=NOBODY, group=NOBODY, extra_groups=[], check=False
            )
            if python and done.returncode == 0:
                return python
    pytest.skip("no Python here that anybody but root may run")


def homes(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "CAPSULE_HOME": str(home / ".capsule"),
        "XDG_CACHE_HOME": "",
        "XDG_CONFIG_HOME": "",
        "XDG_DATA_HOME": "",
        "XDG_STATE_HOME": "",
    }


def slow(person: Person) -> tuple[dict[str, object], Path, Path]:
    """A package whose build waits for a file; and the file that says that it began."""
    began, go_on = person.folder / "began", person.folder / "go-on"
    wait = f"echo x > {began}; while ! [ -e {go_on} ]; do /bin/sleep 0.05; done"
    return {"version": "2.0", "script": wait}, began, go_on


def until(path: Path, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """Processes that this one started, and theirs."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout.split()
    pairs = list(zip(map(int, table[::2]), map(int, table[1::2]), strict=True))
    found = [pid]
    for parent in found:
        found += [child for child, of in pairs if of == parent]
    return found[1:]


def test_installed_again_rolled_back_and_forward(somebody: Person) -> None:
    somebody.sell("1.0")
    code, stdout, stderr = somebody.run("setup", "--yes")
    assert code == 0, stderr
    assert "mine is installed as generation 1" in stdout
    assert (somebody.link / "bin" / "tool").read_text() == "1.0\n"
    code, stdout, _ = somebody.run("setup", "--yes")
    assert (code, "nothing to do" in stdout) == (0, True)
    assert somebody.generations() == [(1, True)]

    somebody.sell("2.0")
    second = somebody.told("setup", "--yes")
    assert (second["generation"], second["changed"]) == (2, True)
    assert second["updated"]["tool"] == "1.0 → 2.0"
    assert (somebody.link / "bin" / "tool").read_text() == "2.0\n"
    assert {row["version"] for row in somebody.told("list")} == {"2.0"}

    assert somebody.told("rollback", "--yes")["generation"] == 1
    assert (somebody.link / "bin" / "tool").read_text() == "1.0\n"
    assert {row["version"] for row in somebody.told("list")} == {"1.0"}
    assert somebody.run("rollback", "9", "--yes")[0] == 4
    assert somebody.run("rollback", "--yes")[0] == 5
    assert somebody.told("rollback", "2", "--yes")["generation"] == 2
    assert somebody.generations() == [(1, False), (2, True)]


def test_the_whole_way_without_being_root(nobody: Person) -> None:
    nobody.sell("1.0")
    assert nobody.told("setup", "--yes")["generation"] == 1
    nobody.sell("2.0")
    assert nobody.told("setup", "--yes")["generation"] == 2
    assert nobody.told("rollback", "--yes")["generation"] == 1
    assert (nobody.link / "bin" / "tool").read_text() == "1.0\n"
    nobody.link.parent.chmod(0o500)
    nobody.sell("3.0")
    code, _, stderr = nobody.run("setup", "--yes")
    nobody.link.parent.chmod(0o700)
    assert (code, "permission denied" in stderr) == (13, True)
    assert nobody.generations() == [(1, True), (2, False)]


@pytest.mark.parametrize(
    ("which", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_capsule_that_is_ended_leaves_the_generation_before_it(
    somebody: Person, which: signal.Signals, code: int
) -> None:
    somebody.sell("1.0")
    somebody.told("setup", "--yes")
    about, began, go_on = slow(somebody)
    somebody.sell("2.0", tool=about)
    process = somebody.start("setup", "--yes")
    until(began, process)
    begun = children(process.pid)
    process.send_signal(which)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == code
    assert somebody.generations() == [(1, True)]
    assert (somebody.link / "bin" / "tool").read_text() == "1.0\n"
    if which is not signal.SIGKILL:
        assert [pid for pid in begun if Path(f"/proc/{pid}/exe").exists()] == []
    go_on.touch()
    assert somebody.told("setup", "--yes")["generation"] == 2
    assert (somebody.link / "bin" / "tool").read_text() == "2.0\n"
    assert list(somebody.kept.glob(".stage-*")) == []


def test_a_nix_that_is_killed_leaves_the_generation_before_it(somebody: Person) -> None:
    somebody.sell("1.0")
    somebody.told("setup", "--yes")
    about, began, _ = slow(somebody)
    somebody.sell("2.0", tool=about)
    process = somebody.start("setup", "--yes")
    until(began, process)
    [nix, *_] = children(process.pid)
    os.kill(nix, signal.SIGKILL)
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 8
    assert "nix was ended by SIGKILL" in stderr
    assert somebody.generations() == [(1, True)]


def test_of_two_at_once_one_waits_and_none_is_lost(somebody: Person) -> None:
    somebody.choose("other", ["thing"])
    somebody.sell("1.0", "other")
    somebody.choose("mine", ["tool"])
    about, began, go_on = slow(somebody)
    somebody.sell("2.0", tool=about)
    first = somebody.start("setup", "--yes")
    until(began, first)
    somebody.choose("other", ["thing"])
    second = somebody.start("setup", "--yes", "--debug")
    assert second.stderr is not None
    for line in second.stderr:
        if "another Capsule is installing" in line:
            break
    assert first.poll() is None
    assert not somebody.link.exists()
    go_on.touch()
    assert first.communicate(timeout=PATIENCE_SECONDS)[1] is not None
    assert second.communicate(timeout=PATIENCE_SECONDS)[1] is not None
    assert (first.returncode, second.returncode) == (0, 0)
    known = somebody.told("generations")
    assert [(one["profile"], one["current"]) for one in known] == [("mine", False), ("other", True)]


def test_a_build_that_fails_shows_what_nix_said(somebody: Person) -> None:
    somebody.sell("1.0", tool={"version": "1.0", "script": "echo the reason is this; exit 3"})
    code, stdout, stderr = somebody.run("setup", "--yes")
    assert (code, stdout) == (8, "")
    assert "the reason is this" in stderr
    assert "failed with exit code 3" in stderr
    assert "the reason is this" in (somebody.home / ".capsule/logs/capsule.log").read_text()
    assert somebody.generations() == []


def test_a_rehearsal_or_another_home_leaves_the_person_s_own_alone(somebody: Person) -> None:
    somebody.sell("1.0")
    own, sandbox = somebody.home / ".capsule", somebody.home / ".capsule" / "sandbox"
    shutil.copytree(own / "configs", sandbox / "configs")
    shutil.copytree(own / "environment", sandbox / "environment")
    shutil.copy(own / "config.yml", sandbox)
    shutil.copytree(own, somebody.folder / "other", ignore=shutil.ignore_patterns("sandbox"))
    before = {path for path in somebody.home.rglob("*") if sandbox not in path.parents}
    made = somebody.told("setup", "--yes", "--sandbox")
    assert somebody.told("rollback", "1", "--yes", "--sandbox")["generation"] == 1
    assert Path(made["link"]).is_relative_to(sandbox)
    after = {path for path in somebody.home.rglob("*") if sandbox not in path.parents}
    assert after - before <= {own / "logs", own / "logs" / "capsule.log"}
    other = str(somebody.folder / "other")
    made = somebody.told("setup", "--yes", "--home", other)
    assert made["link"] == f"{other}/nix/profiles/capsule"
    assert not somebody.link.parent.exists()


def test_what_is_left_out_is_told_and_is_missing(somebody: Person) -> None:
    somebody.sell("1.0", tool={"version": "1.0", "meta": {"broken": True}})
    code, _, stderr = somebody.run("setup", "--yes")
    assert (code, "tool is marked as broken in nixpkgs, and is left out" in stderr) == (0, True)
    [row] = somebody.told("list", "--missing")
    assert (row["package"], row["wanted"], row["installed"]) == ("tool", True, False)


def test_what_cannot_be_installed_is_told_by_package(somebody: Person) -> None:
    somebody.sell("1.0", tool={"version": "1.0", "meta": {"unfree": True}})
    code, _, stderr = somebody.run("setup", "--yes")
    assert (code, "tool is not free" in stderr) == (3, True)
    code, stdout, _ = somebody.run("check", "--json")
    assert code == 10
    [finding] = json.loads(stdout)["findings"]
    assert (finding["rule"], finding["severity"]) == ("unfree", "error")
