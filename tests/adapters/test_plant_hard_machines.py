"""Machines that are hard to plant on, each a real sshd: the way there, the words, the room."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_adapters.installers.plot import ShellPlots
from capsule_adapters.nix.environment import NixProfileEnvironment
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_cli.report import exit_code
from capsule_domain.errors import (
    CapsuleError,
    CommandFailed,
    HostKeyChanged,
    HostUnreachable,
    NixFailed,
)
from capsule_domain.models.planting import Planted
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.ports.host import Destination, Target
from capsule_domain.services.plant import Plant
from tests.fakes.clock import FakeClock
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.plots import FakeGreenhouse, FakeNixInstallers, FakePlots, FakeSeeds
from tests.plots import Machine, machine
from tests.sshd import Sshd

ALIAS = "0123456789"
FULL = "echo 'cat: write error: No space left on device' >&2; exit 1"


@dataclass
class Site:
    """A machine, and the ways to it: as a person goes there, and as to one of ours."""

    machine: Machine
    plots: ShellPlots
    dot_ssh: Path
    known_hosts: KnownHostsFile

    @property
    def target(self) -> Target:
        sshd = self.machine.sshd
        return Target(
            address="127.0.0.1",
            port=sshd.port,
            user=sshd.user,
            key_alias=ALIAS,
            private_key=sshd.private_key,
            name="web-1",
        )

    def configure(self, text: str) -> None:
        (self.dot_ssh / "config").write_text(text)

    def plant(
        self,
        place: Target | Destination | None = None,
        *,
        timeout_seconds: float | None = None,
        profile: str = "dev",
    ) -> Planted:
        service = Plant(
            self.plots,
            FakeGreenhouse(FakePlots()),
            FakeSeeds(),
            FakeNixInstallers(),
            FakeNixRenderer(),
            FakeClock(),
        )
        wanted = Profile(name=profile, packages=("htop",))
        environment = Environment(profile=wanted, stacks=(), packages=("htop",), python_packages=())
        planting = service.plan(place or self.machine.destination, environment, capsule=False)
        return service.run(planting, progress=lambda _event: None, timeout_seconds=timeout_seconds)

    def refuses(self, kind: type[CapsuleError]) -> CapsuleError:
        with pytest.raises(kind) as refused:
            self.plant()
        assert exit_code(refused.value) == 8
        return refused.value


@contextmanager
def a_site(
    folder: Path, own_home: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Site]:
    dot_ssh = own_home / ".ssh"
    with (
        machine(folder, environment=environment) as there,
        closing(SshHosts(folder / "known_hosts", dot_ssh / "config")) as hosts,
    ):
        pins = KnownHostsFile(folder / "known_hosts")
        pins.pin(ALIAS, there.sshd.host_key)
        yield Site(there, ShellPlots(lambda: hosts), dot_ssh, pins)


@pytest.fixture
def site(tmp_path: Path, own_home: Path) -> Iterator[Site]:
    with a_site(tmp_path, own_home) as site:
        yield site


def test_a_port_that_is_said_beats_the_config(site: Site) -> None:
    sshd = site.machine.sshd
    site.configure(f"Host web\n  HostName 127.0.0.1\n  Port 1\n  IdentityFile {sshd.private_key}\n")
    planted = site.plant(Destination(host="web", user=sshd.user, port=sshd.port))
    assert planted.destination == f"{sshd.user}@web:{sshd.port}"


def test_one_of_ours_is_entered_by_its_pinned_key_whatever_the_person_has_accepted(
    site: Site,
) -> None:
    (site.dot_ssh / "known_hosts").write_text("")
    site.configure("")
    assert site.plant(site.target).destination == f"web-1 (127.0.0.1:{site.target.port})"
    site.known_hosts.forget(ALIAS)
    with pytest.raises(HostKeyChanged, match="no host key is known for web-1"):
        site.plant(site.target)


def test_jump_hosts_are_gone_through_to_a_persons_machine_and_to_one_of_ours(
    site: Site, tmp_path: Path
) -> None:
    sshd = site.machine.sshd
    with Sshd(tmp_path / "jump") as jump:
        site.configure(
            f"Host jump\n  HostName 127.0.0.1\n  Port {jump.port}\n  User {jump.user}\n"
            f"  IdentityFile {jump.private_key}\n"
            f"Host web 192.0.2.7\n  HostName 127.0.0.1\n  Port {sshd.port}\n"
            f"  User {sshd.user}\n  IdentityFile {sshd.private_key}\n  ProxyJump jump\n"
        )
        with (site.dot_ssh / "known_hosts").open("a") as known:
            known.write(f"[127.0.0.1]:{jump.port} {jump.host_key}\n")
        assert len(site.plant().changes) == 3
        far = site.target.model_copy(update={"address": "192.0.2.7", "port": 22})
        assert site.plant(far).changes == ()


def test_a_machine_that_talks_whenever_somebody_comes_and_in_another_language(
    tmp_path: Path, own_home: Path
) -> None:
    turkish = {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}  # an i there is no I
    noise = "echo; printf 'lock held\nkernel Plan9 %s'; echo x >&2; printf '\033[2J'\n"
    with a_site(tmp_path, own_home, turkish) as site:
        for name in (".bashrc", ".profile"):
            (site.machine.home / name).write_text(noise * 20)
        assert site.plant().seen.environment_on_path
        (site.machine.home / ".capsule" / "planted.json").unlink()
        site.machine.breaks(why="writing to file: No space left on device")
        assert "its disk is full" in site.refuses(NixFailed).message


def test_a_disk_that_is_full_when_a_file_is_put(site: Site) -> None:
    site.machine.replaces("cat", FULL)
    error = site.refuses(CommandFailed)
    file = site.machine.home / ".capsule" / "environment" / "dev" / "flake.nix"
    assert error.message == f"{file} cannot be written on web: its disk is full"
    assert "df -h" in str(error.hint)
    assert not file.exists()
    assert not list(site.machine.home.rglob("*.capsule-*"))


def test_a_disk_that_is_full_when_packages_are_built(site: Site) -> None:
    site.machine.breaks(why="writing to file: No space left on device")
    error = site.refuses(NixFailed)
    assert error.message == "nix failed on web: its disk is full"
    assert "nix-collect-garbage" in str(error.hint)


def test_a_disk_that_is_full_before_anything_is_begun(site: Site) -> None:
    site.machine.replaces("mkdir", "echo 'mkdir: x: No space left on device' >&2; exit 1")
    assert site.refuses(CommandFailed).message == (
        "nothing can be planted on web: its disk is full"
    )


def test_a_home_that_is_not_ours_to_write_is_told_with_its_path(site: Site) -> None:
    site.machine.replaces("mkdir", 'echo "mkdir: $3: Permission denied" >&2; exit 1')
    error = site.refuses(CommandFailed)
    assert "Permission denied" in error.message
    assert ".capsule" in error.message


def test_a_machine_that_takes_too_long_is_given_up(site: Site) -> None:
    slow = site.machine.folder / "slow"
    slow.touch()
    with ExitStack() as stack:
        stack.callback(slow.unlink)
        with pytest.raises(HostUnreachable, match=r"did not end within|is up") as late:
            site.plant(timeout_seconds=2.0)
    assert exit_code(late.value) == 8


def test_the_capsule_there_knows_what_was_planted_and_goes_back(site: Site) -> None:
    for profile in ("dev", "prod"):
        site.plant(profile=profile)
    home, programs = site.machine.home, str(site.machine.folder / "programs")
    there = NixProfileEnvironment(
        link=home / ".local/state/nix/profiles/capsule",
        kept=home / ".capsule" / "environment",
        environment={"PATH": programs, "HOME": str(home)},
        places=(),
    )
    known = [(one.profile, one.current) for one in there.generations()]
    assert known == [("dev", False), ("prod", True)]
    assert there.switch(1, progress=lambda _seconds, _line: None).profile == "dev"
    # What was rolled back there is not what was planted last: it is set again.
    assert [change.step for change in site.plant(profile="prod").changes] == ["environment"]
