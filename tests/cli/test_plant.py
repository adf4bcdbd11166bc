"""`capsule plant` and `capsule bootstrap`: the words, the exit codes, and whole runs."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from capsule_adapters.installers.seeds import HomeSeeds
from capsule_cli import __version__
from capsule_cli.wiring import Wiring
from capsule_domain.models.facts import OwnCapsule
from capsule_domain.models.profile import Profile
from capsule_domain.models.server import ServerStatus
from tests.cli.running import Ran, capsule, wired
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.plots import (
    FACTS,
    FakeGreenhouse,
    FakeMachineState,
    FakeNixInstallers,
    FakePlots,
    FakeSeeds,
)
from tests.fakes.presets import FakePresets
from tests.plots import Machine, machine
from tests.served import serving
from tests.xnodes import an_xnode

ENDED = datetime(2026, 11, 2, tzinfo=UTC)
BARE = FACTS.model_copy(
    update={"nix": None, "nix_version": None, "nix_folder": False, "online": True}
)


class Person:
    """Gives one answer, and keeps the questions."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return self.answer


def garden(state: FakeMachineState) -> Wiring:
    """`web`, the xNode `web-1`, and this machine too, are that machine."""
    plots = FakePlots(web=state)
    plots.machines |= {None: state, "web-1": state}
    inventory = FakeInventory()
    inventory.add(an_xnode("web-1"))
    inventory.add(an_xnode("web-2", address=None))
    inventory.add(an_xnode("old-1", status=ServerStatus.GONE, terminated_at=ENDED))
    return wired(
        inventory=inventory,
        clock=FakeClock(),
        presets=FakePresets(),
        choices=FakeChoices(),
        renderer=FakeNixRenderer(),
        plots=plots,
        greenhouse=FakeGreenhouse(plots),
        seeds=FakeSeeds(),
        nix_installers=FakeNixInstallers(),
    )


def test_planting_is_shown_asked_done_and_said() -> None:
    state = FakeMachineState()
    person = Person("y")
    done = capsule("plant", "web", wiring=garden(state), answer=person)
    assert done.code == 0
    assert person.asked == ["Plant minimal on web? [y/N] "]
    assert "machine  web: Debian GNU/Linux 12 on x86_64" in done.stderr
    assert "  + install Capsule 0.1.0, with Python 3.11.2" in done.stderr
    assert "▸ building the packages" in done.stderr
    assert "5 changes" in done.stdout


def test_a_no_changes_nothing() -> None:
    state = FakeMachineState()
    done = capsule("plant", "web", wiring=garden(state), answer=lambda _: "n")
    assert (done.code, state.steps) == (130, [])


def test_without_a_terminal_and_without_yes_it_refuses() -> None:
    state = FakeMachineState()
    assert capsule("plant", "web", wiring=garden(state)).code == 2
    assert state.steps == []


def test_a_dry_run_shows_the_plan_and_does_nothing() -> None:
    state = FakeMachineState()
    done = capsule("plant", "web", "--dry-run", "--json", wiring=garden(state))
    assert done.code == 0
    assert done.data["build_on"] == "remote"
    assert [change["step"] for change in done.data["changes"]] == [
        "files",
        "files",
        "environment",
        "path",
        "capsule",
    ]
    assert state.steps == []


def test_the_second_run_says_0_changes_and_asks_nothing() -> None:
    state = FakeMachineState()
    capsule("plant", "web", "--yes", wiring=garden(state))
    state.steps.clear()
    done = capsule("plant", "web", wiring=garden(state))
    assert done.code == 0
    assert "0 changes" in done.stdout
    assert state.steps == []
    assert capsule("plant", "web", "--json", wiring=garden(state)).data["changes"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plant", "-oProxyCommand=x"], "no such option"),
        (["plant", "--", "-oProxyCommand=x"], "names no machine"),
        (["plant", "root@web/x"], "names no machine"),
        (["plant", "web", "-p", "70000"], "65535"),
        (["plant", "web", "--build-on", "moon"], "not built on 'moon'"),
        (["bootstrap", "-p", "22"], "--remote"),
        (["bootstrap", "--sandbox"], "rehearsal"),
    ],
)
def test_what_cannot_be_acted_upon_is_a_usage_error(arguments: list[str], message: str) -> None:
    done = capsule(*arguments, wiring=garden(FakeMachineState()))
    assert done.code == 2
    assert message in done.stderr.lower() or message in done.stderr


def test_failures_have_the_exit_codes_of_their_kind() -> None:
    state = FakeMachineState()
    state.capsule = OwnCapsule.FOREIGN
    assert capsule("plant", "web", "--yes", wiring=garden(state)).code == 5
    assert capsule("plant", "elsewhere", "--yes", wiring=garden(state)).code == 8
    state = FakeMachineState(breaks_at="build")
    failed = capsule("plant", "web", "--yes", "--json", wiring=garden(state))
    assert (failed.code, failed.error["exit"]) == (8, 8)
    assert capsule("plant", "web", "--profile", "minimla", wiring=garden(state)).code == 4


def test_an_xnode_is_planted_on_by_its_name() -> None:
    state = FakeMachineState()
    done = capsule("plant", "--xnode", "web-1", "--yes", "--json", wiring=garden(state))
    assert (done.code, done.data["destination"]) == (0, "web-1 (203.0.113.7)")
    assert state.on_path
    again = capsule("plant", "--xnode", "web-1", wiring=garden(state))
    assert "0 changes" in again.stdout


def test_an_xnode_is_given_its_own_profile_unless_another_is_said() -> None:
    wiring = garden(FakeMachineState())
    wiring.inventory().update(an_xnode("web-1", profile="prod"))
    wiring.choices().save_profile(Profile(name="prod", packages=("htop",)))
    own = capsule("plant", "--xnode", "web-1", "--dry-run", "--json", wiring=wiring)
    assert own.data["profile"] == "prod"
    said = ("plant", "--xnode", "web-1", "--profile", "minimal", "--dry-run", "--json")
    assert capsule(*said, wiring=wiring).data["profile"] == "minimal"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["plant"], 2, "it is planted on one machine"),
        (["plant", "web", "--xnode", "web-1"], 2, "it is planted on one machine"),
        (["plant", "--xnode", "web-1", "-p", "22"], 2, "the port of an xNode is known"),
        (["plant", "--xnode", "wbe-1"], 4, "did you mean web-1?"),
        (["plant", "--xnode", "web-2"], 8, "web-2 has no address yet"),
        (["plant", "--xnode", "old-1"], 5, "old-1"),
    ],
)
def test_machines_that_cannot_be_meant_are_told(
    arguments: list[str], code: int, message: str
) -> None:
    done = capsule(*arguments, "--yes", wiring=garden(FakeMachineState()))
    assert done.code == code, done.stderr
    assert message in done.stderr


def test_a_machine_on_which_another_one_plants_is_a_conflict() -> None:
    done = capsule("plant", "web", "--yes", wiring=garden(FakeMachineState(taken=True)))
    assert done.code == 5
    assert "another Capsule plants or installs on web" in done.stderr


def test_bootstrap_says_which_nix_is_there() -> None:
    state = FakeMachineState()
    done = capsule("bootstrap", wiring=garden(state))
    assert (done.code, done.stdout) == (
        0,
        "✓ Nix 2.28.3 is there already: /usr/bin/nix; nothing to do\n",
    )


def test_bootstrap_shows_the_installer_before_it_asks() -> None:
    state = FakeMachineState(facts=BARE)
    person = Person("n")
    done = capsule("bootstrap", wiring=garden(state), answer=person)
    assert (done.code, state.steps) == (130, [])
    assert person.asked == ["Run this installer on this machine? [y/N] "]
    for part in ("https://example.org/nix/install", "4000 bytes", "ab" * 32, "--daemon --yes"):
        assert part in done.stderr
    yes = capsule("bootstrap", wiring=garden(FakeMachineState(facts=BARE)), answer=Person("y"))
    assert yes.code == 0
    assert "  performing an installation of Nix..." in yes.stderr
    assert yes.stdout.startswith("✓ Nix 2.28.3 is installed on this machine")
    done = capsule("bootstrap", "--remote", "web", "--yes", "--json", wiring=garden(state))
    assert done.data["changed"] is True
    assert state.steps == ["install_nix daemon"]


def test_bootstrap_refuses_without_a_yes_and_without_anybody() -> None:
    state = FakeMachineState(facts=BARE)
    assert capsule("bootstrap", wiring=garden(state)).code == 2
    dry = capsule("bootstrap", "--dry-run", "--json", wiring=garden(state))
    assert dry.data["installer"]["sha256"] == "ab" * 32
    assert state.steps == []


# -- whole runs of the real program ----------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Machine]:
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1"}
    with machine(tmp_path / "there", environment=offline) as site:
        yield site


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "capsule_cli", *arguments]


def process(*arguments: str, **environment: str) -> Ran:
    done = subprocess.run(
        words(*arguments),
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_machine_is_planted_with_capsule_and_the_second_run_changes_no_file(
    site: Machine, tmp_path: Path
) -> None:
    # From an installation of its own: what is planted is the very files that run.
    with zipfile.ZipFile(HomeSeeds(tmp_path / "made").wheel().path) as archive:
        archive.extractall(tmp_path / "installed")
    own = {"PYTHONPATH": str(tmp_path / "installed"), "PYTHONDONTWRITEBYTECODE": "1"}
    first = process("plant", "web", "--yes", "--json", "--profile", "prod", **own)
    assert first.code == 0, first.stderr
    assert first.data["seen"]["capsule_version"] == __version__
    before = site.picture()
    assert ".local/bin/capsule" in before
    assert (site.home / ".capsule/config.yml").read_text() == "version: 1\nactive_profile: prod\n"
    assert not list((site.home / ".capsule" / "installers").iterdir())
    again = process("plant", "web", "--profile", "prod", **own)
    assert (again.code, again.stderr.count("0 changes")) == (0, 1)
    assert site.picture() == before


def test_killed_while_it_builds_the_next_run_completes_it(site: Machine) -> None:
    slow = site.folder / "slow"
    slow.touch()
    running = subprocess.Popen(
        words("plant", "web", "--yes", "--no-capsule"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while not any(" build " in call for call in site.calls):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    slow.unlink()
    done = process("plant", "web", "--yes", "--no-capsule", "--json")
    assert done.code == 0, done.stderr
    assert "environment" in [change["step"] for change in done.data["changes"]]
    assert process("plant", "web", "--no-capsule", "--json").data["changes"] == []


def test_a_machine_never_met_and_one_with_another_key_are_exit_8(site: Machine) -> None:
    known = Path(os.environ["HOME"]) / ".ssh" / "known_hosts"
    lines = known.read_text()
    known.write_text("")
    never = process("plant", "web", "--yes", "--no-capsule")
    assert (never.code, "no host key is known for web" in never.stderr) == (8, True)
    assert "ssh web" in never.stderr
    key = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"
    known.write_text(f"{lines.split()[0]} ssh-ed25519 {key}\n")
    changed = process("plant", "web", "--yes", "--no-capsule")
    assert (changed.code, "is not the one we know" in changed.stderr) == (8, True)
    assert not list(site.home.iterdir())


@pytest.mark.parametrize("remote", [True, False], ids=["remote", "here"])
def test_bootstrap_runs_the_installer_that_it_downloaded(
    remote: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    with machine(tmp_path / "there", nix=False) as site, serving(site.folder) as url:
        site.installer()
        environment = {"CAPSULE_NIX_INSTALLER_URL": f"{url}/installer"}
        where = ["--remote", "web"]
        if not remote:
            environment |= {**site.sshd.environment, "CAPSULE_HOME": str(site.home / ".capsule")}
            where = []
        shown = process("bootstrap", *where, "--dry-run", **environment)
        assert shown.code == 0, shown.stderr
        assert f"{url}/installer" in shown.stdout
        assert site.calls == []
        done = process("bootstrap", *where, "--yes", "--json", **environment)
        assert done.code == 0, done.stderr
        assert (done.data["nix_version"], done.data["changed"]) == ("2.28.3", True)
        [call] = [call for call in site.calls if call.startswith("installer")]
        assert call.endswith("--yes --no-channel-add")
        again = process("bootstrap", *where, "--json", **environment)
        assert again.data["changed"] is False


def test_a_bare_machine_gets_nix_and_the_profile_in_one_go(tmp_path: Path) -> None:
    with machine(tmp_path / "there", nix=False) as site, serving(site.folder) as url:
        site.installer()
        environment = {"CAPSULE_NIX_INSTALLER_URL": f"{url}/installer"}
        arguments = ["plant", "web", "--no-capsule", "--build-on", "remote", "--json"]
        done = process(*arguments, "--yes", **environment)
        assert done.code == 0, done.stderr
        assert [change["step"] for change in done.data["changes"]] == [
            "nix",
            "files",
            "environment",
            "path",
        ]
        before = site.picture()
        assert process(*arguments, **environment).data["changes"] == []
        assert site.picture() == before
