"""How this Capsule came here, and updating it: real git, a stand-in for install.sh."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from capsule_adapters.installers.program import run_program
from capsule_adapters.installers.this_capsule import ThisCapsule
from capsule_cli.wiring.installed import installation
from capsule_domain.errors import CommandFailed, ToolMissing
from capsule_domain.ports.installation import Means
from capsule_domain.services.update import Update
from tests.cli.running import capsule, wired
from tests.tools import ROOT, needs_tool

STAND_IN = """#!/bin/sh
printf '%s\\n' "$0 $*" >>"$HOME/argv"
echo "installing"
here=$(dirname "$0")
printf '#!/bin/sh\\necho "capsule %s"\\n' "$(cat "$here/version")" >"$HOME/data/venv/bin/capsule"
[ ! -e "$here/fails" ] || { echo "the disk is full" >&2; exit 1; }
"""


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=A Test", "-c", "user.email=test@example.org")
    command = [
        needs_tool("git"),
        "-C",
        str(folder),
        *identity,
        "-c",
        "commit.gpgsign=false",
        *words,
    ]
    surroundings = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
    }
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass(frozen=True)
class Person:
    """Somebody with a checkout of an upstream, and an installation made from it."""

    home: Path

    @property
    def checkout(self) -> Path:
        return self.home / "check out"

    @property
    def upstream(self) -> Path:
        return self.home / "upstream"

    @property
    def place(self) -> Path:
        return self.home / "data" / "venvs" / "abc"

    def publish(self, version: str) -> str:
        (self.upstream / "version").write_text(version)
        git(self.upstream, "add", ".")
        git(self.upstream, "commit", "-qm", version)
        return git(self.upstream, "rev-parse", "--short=12", "HEAD")

    def record(self, told: object) -> None:
        """What an installer writes down (PEP 610)."""
        folder = self.place / "site" / "capsule_xnode-0.1.0.dist-info"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "METADATA").write_text("Name: capsule-xnode\nVersion: 0.1.0\n")
        (folder / "direct_url.json").write_text(json.dumps(told))

    def capsule(self, place: Path | None = None) -> ThisCapsule:
        folder = self.place / "site" / "capsule_xnode-0.1.0.dist-info"
        surroundings = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_DIR": "/nowhere",
        }
        where = place or self.place
        return ThisCapsule(where, where / "lib", "0.1.0", PathDistribution(folder), surroundings)

    def argv(self) -> list[str]:
        file = self.home / "argv"
        return file.read_text().splitlines() if file.exists() else []


def settled(home: Path) -> Person:
    """A person whose Capsule is what the checkout says."""
    somebody = Person(home)
    somebody.upstream.mkdir(parents=True)
    git(somebody.upstream, "init", "-q", "-b", "main")
    (somebody.upstream / "install.sh").write_text(STAND_IN)
    (somebody.upstream / "install.sh").chmod(0o755)
    somebody.publish("0.1.0")
    git(somebody.home, "clone", "-q", str(somebody.upstream), str(somebody.checkout))
    (somebody.place / "bin").mkdir(parents=True)
    (somebody.place / ".capsule-content").write_text("1 2")
    current = somebody.home / "data" / "venv" / "bin"
    current.mkdir(parents=True)
    (current / "capsule").write_text('#!/bin/sh\necho "capsule 0.1.0"\n')
    (current / "capsule").chmod(0o755)
    somebody.record({"url": somebody.checkout.as_uri(), "dir_info": {}})
    return somebody


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return settled(tmp_path / "me")


def silent(_seconds: float, _words: str) -> None:
    """Nobody listens."""


def test_what_install_sh_made_is_known_by_its_stamp_and_record(person: Person) -> None:
    origin = person.capsule().origin()
    assert origin.means is Means.SCRIPT
    assert origin.source == str(person.checkout)
    assert origin.revision == git(person.checkout, "rev-parse", "--short=12", "HEAD")
    assert origin.obstacle is None
    assert not origin.editable


def test_an_update_pulls_and_installs_what_came(person: Person) -> None:
    newest = person.publish("0.2.0")
    heard: list[str] = []
    service = Update(person.capsule())
    done = service.run(service.plan(), lambda _, words: heard.append(words))
    assert (done.version_before, done.version_after) == ("0.1.0", "0.2.0")
    assert done.revision_after == newest
    assert person.argv() == [f"{person.checkout}/install.sh "]
    assert "installing" in heard


def test_an_editable_installation_is_installed_so_again(person: Person) -> None:
    person.record({"url": person.checkout.as_uri(), "dir_info": {"editable": True}})
    service = Update(person.capsule())
    done = service.run(service.plan(), silent)
    assert not done.changed
    assert person.argv() == [f"{person.checkout}/install.sh --editable"]


def test_work_of_ones_own_is_never_merged_with(person: Person) -> None:
    person.publish("0.2.0")
    (person.checkout / "version").write_text("mine")
    git(person.checkout, "commit", "-qam", "mine")
    mine = git(person.checkout, "rev-parse", "HEAD")
    service = Update(person.capsule())
    with pytest.raises(CommandFailed, match="fast-forward"):
        service.run(service.plan(), silent)
    assert git(person.checkout, "rev-parse", "HEAD") == mine
    assert person.argv() == []


def test_an_install_that_fails_says_its_last_words(person: Person) -> None:
    (person.upstream / "fails").write_text("")
    person.publish("0.2.0")
    service = Update(person.capsule())
    with pytest.raises(CommandFailed, match=r"install\.sh failed: .*the disk is full"):
        service.run(service.plan(), silent)


def test_an_upstream_that_is_gone_is_told(person: Person) -> None:
    service = Update(person.capsule())
    plan = service.plan()
    person.upstream.rename(person.home / "moved")
    with pytest.raises(CommandFailed, match="git failed: "):
        service.run(plan, silent)


def no_git(person: Person) -> None:
    (person.checkout / ".git").rename(person.home / "git")


def no_branch(person: Person) -> None:
    git(person.checkout, "checkout", "-q", "--detach")


def no_script(person: Person) -> None:
    (person.checkout / "install.sh").unlink()


def gone(person: Person) -> None:
    person.checkout.rename(person.home / "elsewhere")


def open_to_all(person: Person) -> None:
    (person.checkout / "install.sh").chmod(0o777)


def inside_another(person: Person) -> None:
    no_git(person)
    git(person.home, "init", "-q")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (no_git, "is no git checkout"),
        (inside_another, "is no git checkout"),
        (no_branch, "follows no other"),
        (no_script, "has no install.sh"),
        (gone, "is gone"),
        (open_to_all, "others can write it"),
    ],
)
def test_what_keeps_us_from_updating_is_said(
    person: Person, change: Callable[[Person], None], said: str
) -> None:
    change(person)
    plan = Update(person.capsule()).plan()
    assert not plan.automatic
    assert said in plan.why


@pytest.mark.parametrize(
    ("told", "means"),
    [
        ({"url": "file:///tmp/capsule.whl", "archive_info": {}}, Means.PLANTED),
        ({}, Means.SCRIPT),
        ([], Means.SCRIPT),
        ({"url": "https://example.org/capsule.whl", "archive_info": {}}, Means.SCRIPT),
    ],
)
def test_a_stamp_with_another_record_is_read_for_what_it_is(
    person: Person, told: object, means: Means
) -> None:
    person.record(told)
    origin = person.capsule().origin()
    assert (origin.means, origin.source) == (means, None)


@pytest.mark.parametrize(
    ("path", "means"),
    [
        ("/nix/store/0000-capsule-0.1.0", Means.NIX),
        ("/home/me/.local/pipx/venvs/capsule-xnode", Means.PIPX),
        ("/home/me/.local/share/uv/tools/capsule-xnode", Means.UV),
        ("/opt/venv", Means.PIP),
    ],
)
def test_other_installers_are_known_by_where_they_put_things(
    person: Person, path: str, means: Means
) -> None:
    person.record({})
    assert person.capsule(Path(path)).origin().means is means


def test_this_very_capsule_says_how_it_came_here() -> None:
    origin = installation(os.environ).origin()
    assert origin.place == sys.prefix
    if origin.means is Means.CHECKOUT:
        assert origin.source == str(ROOT)


def test_a_capsule_that_does_not_start_is_told(person: Person) -> None:
    (person.home / "data" / "venv" / "bin" / "capsule").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(CommandFailed, match="does not start"):
        person.capsule().version()


# -- a program that takes its time ----------------------------------------------------------


def test_a_program_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(ToolMissing):
        run_program(["no-such-program"], {"PATH": "/bin"}, silent)


def test_a_program_is_given_nothing_to_read_and_heard_line_by_line() -> None:
    heard: list[str] = []
    script = "cat; echo one; echo two >&2; printf '\\033[2Jthree'"
    run_program(["sh", "-c", script], dict(os.environ), lambda _, words: heard.append(words))
    assert heard == ["one", "two", " [2Jthree"]


def test_an_interrupted_program_may_clean_up_and_is_gone_then(tmp_path: Path) -> None:
    script = f"trap 'echo cleaned >{tmp_path}/cleaned; exit 1' TERM; echo $$; sleep 60 & wait"
    pids: list[int] = []

    def interrupt(_seconds: float, words: str) -> None:
        pids.append(int(words))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_program(["sh", "-c", script], dict(os.environ), interrupt)
    assert (tmp_path / "cleaned").read_text() == "cleaned\n"
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_long_silence_is_broken() -> None:
    signs: list[tuple[float, str]] = []
    command = ["sh", "-c", "sleep 0.5; echo now; sleep 0.5"]
    run_program(command, dict(os.environ), lambda *sign: signs.append(sign), silence_seconds=0.3)
    assert [words for _, words in signs] == ["sh works", "now", "now"]


def test_signals_reach_a_process_that_waits_for_an_update(tmp_path: Path) -> None:
    """SIGTERM, as a shutdown sends it, ends what runs below us too."""
    code = (
        "import os, signal, sys; from capsule_adapters.installers.program import run_program;"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143));"
        "run_program(['sh', '-c', 'echo $$; sleep 60'], dict(os.environ),"
        " lambda _, words: print(words, flush=True))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    below = int(process.stdout.readline())
    timer = threading.Timer(30, process.kill)
    timer.start()
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 143
    timer.cancel()
    process.stdout.close()
    until = time.monotonic() + 5
    while Path(f"/proc/{below}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    with pytest.raises(ProcessLookupError):
        os.kill(below, 0)


# -- the command ----------------------------------------------------------------------------


def test_the_command_shows_asks_and_updates(person: Person) -> None:
    newest = person.publish("0.2.0")
    before = git(person.checkout, "rev-parse", "--short=12", "HEAD")
    ran = capsule("update", wiring=wired(installation=person.capsule()), answer=lambda _: "y")
    assert ran.code == 0, ran.stderr
    assert ran.stdout == f"✓ Capsule 0.1.0 → 0.2.0\n{before} → {newest}\n"
    assert f"  git -C '{person.checkout}' pull --ff-only\n" in ran.stderr


def test_a_dry_run_shows_the_commands_and_runs_none(person: Person) -> None:
    person.publish("0.2.0")
    ran = capsule("update", "--dry-run", "--json", wiring=wired(installation=person.capsule()))
    assert ran.code == 0
    assert ran.data["automatic"] is True
    assert ran.data["commands"] == [
        ["git", "-C", str(person.checkout), "pull", "--ff-only"],
        [f"{person.checkout}/install.sh"],
    ]
    assert person.argv() == []


def test_without_a_yes_nothing_is_run(person: Person) -> None:
    wiring = wired(installation=person.capsule())
    assert capsule("update", wiring=wiring).code == 2
    assert capsule("update", wiring=wiring, answer=lambda _: "n").code == 130
    assert person.argv() == []


def test_where_it_is_not_ours_to_do_the_command_is_told(person: Person) -> None:
    person.record({"url": "file:///tmp/capsule.whl", "archive_info": {}})
    ran = capsule("update", wiring=wired(installation=person.capsule()))
    assert ran.code == 0
    assert "  capsule plant USER@HOST\n" in ran.stdout
