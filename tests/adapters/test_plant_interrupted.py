"""Planting over a real sshd, broken off between any two things that are asked of the machine."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.installers.plot import ShellPlots
from capsule_adapters.nix.records import Records
from capsule_adapters.ssh.host import SshHosts
from capsule_domain.models.nixos import PreviewFormat
from capsule_domain.models.planting import Planted
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.ports.host import Completed, Destination, Host, Target
from capsule_domain.services.plant import Plant
from tests.fakes.clock import FakeClock
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.plots import FakeGreenhouse, FakeNixInstallers, FakePlots, FakeSeeds
from tests.plots import Machine, machine

SHORT = (5, 8)
"""Of what is asked, in order, that after which it is broken off in the short form."""
MOST = 30


class Killed(BaseException):
    """The process is gone at this point: nothing catches it."""


@dataclass
class Watched:
    """A host whose every answer may be the last that is heard."""

    host: Host
    strike: Callable[[str], None]

    def run(self, command: str, **more: Any) -> Completed:
        done = self.host.run(command, **more)
        self.strike("run")
        return done

    def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        self.host.put(path, content, mode=mode)
        self.strike(f"put {Path(path).name}")

    @contextmanager
    def keep(self, command: str, *, until: str, timeout_seconds: float = 30.0) -> Iterator[str]:
        with self.host.keep(command, until=until, timeout_seconds=timeout_seconds) as line:
            self.strike("keep")
            yield line


@dataclass
class Shaky:
    """Ways to machines; the connection breaks when `last` answers were given."""

    hosts: SshHosts
    last: int = -1
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def connect(self, target: Target | Destination, **more: Any) -> Iterator[Host]:
        with self.hosts.connect(target, **more) as host:
            yield Watched(host, self._strike)

    def reach(self, target: Target | Destination, **more: Any) -> float:
        return self.hosts.reach(target, **more)

    def shown_key(self, target: Target, **more: Any) -> str:
        return self.hosts.shown_key(target, **more)

    def _strike(self, what: str) -> None:
        self.asked.append(what)
        if len(self.asked) == self.last:
            raise Killed(what)


class Renderer(FakeNixRenderer):
    def preview(self, environment: Environment, form: PreviewFormat) -> str:
        return f"# {form}: {' '.join(environment.packages)}\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as site:
        yield site


@pytest.fixture
def hosts(site: Machine, own_home: Path) -> Iterator[SshHosts]:
    with closing(SshHosts(site.folder / "ours", own_home / ".ssh" / "config")) as hosts:
        yield hosts


def plant(site: Machine, hosts: Shaky, *packages: str) -> Planted:
    service = Plant(
        ShellPlots(lambda: hosts),
        FakeGreenhouse(FakePlots()),
        FakeSeeds(),
        FakeNixInstallers(),
        Renderer(),
        FakeClock(),
    )
    profile = Profile(name="dev", packages=packages)
    environment = Environment(profile=profile, stacks=(), packages=packages, python_packages=())
    planting = service.plan(site.destination, environment, capsule=False)
    return service.run(planting, progress=lambda _event: None)


def broken_off(site: Machine, hosts: SshHosts, after: int, *packages: str) -> bool:
    """Whether there was an answer of that number, after which it was killed."""
    try:
        plant(site, Shaky(hosts, after), *packages)
    except Killed:
        return True
    return False


def completes(site: Machine, hosts: SshHosts, *packages: str) -> None:
    """The next run is whole, and the one after it finds nothing to do."""
    planted = plant(site, Shaky(hosts), *packages)
    assert planted.seen.environment_on_path
    again = plant(site, Shaky(hosts), *packages)
    assert (again.changes, again.store_path) == ((), planted.store_path)
    records = Records(site.home / ".capsule" / "environment" / "generations.json").read()
    assert records[planted.store_path].packages == packages
    left = [path.name for path in site.home.rglob("*") if ".capsule-" in path.name]
    assert left == []


@pytest.mark.parametrize("after", SHORT)
def test_broken_off_after_any_answer_the_next_run_completes_it(
    site: Machine, hosts: SshHosts, after: int
) -> None:
    assert broken_off(site, hosts, after, "htop")
    completes(site, hosts, "htop")


@pytest.mark.full
@pytest.mark.parametrize("before", [(), ("htop",)], ids=["bare", "planted before"])
def test_broken_off_after_every_answer(
    tmp_path: Path, own_home: Path, before: tuple[str, ...]
) -> None:
    points = 0
    while points < MOST:
        with (
            machine(tmp_path / str(points)) as site,
            closing(SshHosts(site.folder / "ours", own_home / ".ssh" / "config")) as hosts,
        ):
            if before:
                plant(site, Shaky(hosts), *before)
            struck = broken_off(site, hosts, points + 1, "jq")
            completes(site, hosts, "jq")
        if not struck:
            break
        points += 1
    assert 9 <= points < MOST
