"""One plants at a time: the lock on the machine, who has it, and who gives it free by dying."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from capsule_adapters.store.lock import FileLock, LockHeld
from capsule_domain.errors import CommandFailed, Conflict
from capsule_domain.models.planting import PlantFile
from tests.plots import Machine, machine

FLAKE = PlantFile(path="environment/dev/flake.nix", text="{ outputs = _: { }; }\n")
OTHER = FLAKE.model_copy(update={"text": "{ outputs = _: { a = 1; }; }\n"})

HOLDER = """\
import sys, time
from pathlib import Path
from capsule_adapters.installers.plot import ShellPlots
from capsule_adapters.ssh.host import SshHosts
from capsule_domain.ports.host import Destination
hosts = SshHosts(Path(sys.argv[1]), Path(sys.argv[2]))
with ShellPlots(lambda: hosts).open(Destination(host="web")) as plot, plot.alone():
    print("held", flush=True)
    if sys.argv[3] == "build":
        plot.build("environment/dev", heard=lambda line: None)
    time.sleep(60)
"""


@contextmanager
def another(site: Machine, doing: str = "nothing") -> Iterator[None]:
    """Another process that has the lock; it is killed at the end of the block."""
    config = Path(os.environ["HOME"]) / ".ssh" / "config"
    words = [sys.executable, "-c", HOLDER, str(site.folder / "ours"), str(config), doing]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield
        finally:
            holder.kill()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as site:
        yield site


def lock_of(site: Machine) -> Path:
    return site.home / ".capsule" / "environment" / ".lock"


def is_free(site: Machine) -> bool:
    try:
        with site.plots.open(site.destination) as plot, plot.alone():
            return True
    except Conflict:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_is_the_lock_that_setup_takes_on_that_machine(site: Machine) -> None:
    with FileLock(lock_of(site)):
        assert not is_free(site)
    with (
        site.plots.open(site.destination) as plot,
        plot.alone(),
        pytest.raises(LockHeld),
        FileLock(lock_of(site), timeout_seconds=0),
    ):
        pytest.fail("both have it")
    assert lock_of(site).stat().st_mode & 0o077 == 0


def test_one_that_was_killed_has_it_no_more(site: Machine) -> None:
    with another(site):
        assert not is_free(site)
    wait_until(lambda: is_free(site))


def test_one_that_fell_silent_has_it_no_more(site: Machine) -> None:
    site.replaces("timeout", 'shift; exec /usr/bin/timeout 0.3 "$@"')
    with site.plots.open(site.destination) as plot, plot.alone():
        wait_until(lambda: is_free(site))


@pytest.mark.parametrize("without", [("flock",), ("timeout",)])
def test_it_holds_where_a_program_is_missing(tmp_path: Path, without: tuple[str, ...]) -> None:
    with machine(tmp_path, without=without) as site:
        with site.plots.open(site.destination) as plot, plot.alone():
            assert not is_free(site)
        assert is_free(site)


def test_where_nothing_can_lock_planting_goes_on(tmp_path: Path) -> None:
    with (
        machine(tmp_path, without=("flock", "perl")) as site,
        site.plots.open(site.destination) as plot,
        plot.alone(),
    ):
        plot.write([FLAKE])
        assert plot.build("environment/dev", heard=lambda _line: None)


def test_a_place_where_no_lock_can_be_made_is_told(site: Machine) -> None:
    (site.home / ".capsule").write_text("a file\n")
    with (
        site.plots.open(site.destination) as plot,
        pytest.raises(CommandFailed, match=r"\.capsule"),
        plot.alone(),
    ):
        pytest.fail("it has no lock")


def test_what_one_that_was_killed_left_building_is_waited_for(site: Machine) -> None:
    """Else it would set the profile last, to what nobody wants any more."""
    slow = site.folder / "slow"
    slow.touch()
    with site.plots.open(site.destination) as plot:
        plot.write([FLAKE])
    with another(site, "build"):
        wait_until(lambda: any(" build " in call for call in site.calls))
    wait_until(lambda: is_free(site))
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        if "earlier planting still works" in line:
            slow.unlink()

    with site.plots.open(site.destination) as plot, plot.alone():
        plot.write([OTHER])
        built = plot.build("environment/dev", heard=hear)
        assert plot.facts([]).earth.store_path == built
    assert OTHER.sha256[:32] in built
    assert not slow.exists()
