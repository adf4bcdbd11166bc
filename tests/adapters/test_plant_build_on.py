"""Where packages are built, word by word: what Nix is called with here, and there."""

import os
import shlex
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_adapters.installers.plot import ShellPlots
from capsule_adapters.nix.building.ways import SshWays
from capsule_adapters.nix.greenhouse import NixGreenhouse
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.errors import NixFailed
from capsule_domain.models.planting import BuildOn, PlantStep
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.ports.host import Destination, Target
from capsule_domain.services.plant import Plant
from tests.fakes.clock import FakeClock
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.plots import FakeNixInstallers, FakeSeeds
from tests.plots import Machine, machine
from tests.tools import needs_tool

FEATURES = "--extra-experimental-features 'nix-command flakes'"
ALIAS = "0123456789"

# Builds, and sends as `nix copy` does: by the first ssh on PATH.
NIX = """\
#!/bin/sh
set -eu
for word in "$@"; do printf '%s\\n' "$word"; done >@CALLS@.$3
shift 2
case $1 in
  build)
    sha256sum <flake.nix | cut -c 1-32 >@STORE@.name
    store=@STORE@/$(cat @STORE@.name)-capsule
    mkdir -p "$store/bin"
    [ -e flake.lock ] || echo '{"version": 7}' >flake.lock
    printf '[{"outputs": {"out": "%s"}}]' "$store"
    ;;
  copy)
    host=$(printf '%s\n' "$@" | sed -n 's|?.*||; s|ssh-ng://||p')
    ssh "$host" true || { echo "error: cannot open connection" >&2; exit 1; }
    ;;
esac
"""


@dataclass
class Site:
    """A machine, and this one's Nix, which notes what it was called with."""

    machine: Machine
    target: Target
    plant: Plant
    folder: Path
    known_hosts: KnownHostsFile

    def grow(self, place: Target | Destination, build_on: BuildOn) -> list[PlantStep]:
        profile = Profile(name="dev", packages=("htop",))
        environment = Environment(
            profile=profile, stacks=(), packages=("htop",), python_packages=()
        )
        planting = self.plant.plan(place, environment, build_on=build_on, capsule=False)
        planted = self.plant.run(planting, progress=lambda _event: None)
        return [change.step for change in planted.changes]

    def forget(self) -> None:
        """Nobody planted there, as far as the machine knows, and nothing was called."""
        (self.machine.home / ".capsule" / "planted.json").unlink(missing_ok=True)
        self.machine.forget_calls()

    def called(self, what: str) -> str | None:
        """The words that Nix here was called with for `what`."""
        file = self.folder / f"calls.{what}"
        return shlex.join(file.read_text().splitlines()) if file.exists() else None


@pytest.fixture
def site(tmp_path: Path, own_home: Path) -> Iterator[Site]:
    here = tmp_path / "with blanks"
    (here / "bin").mkdir(parents=True)
    config = own_home / ".ssh" / "config"
    script = NIX.replace("@CALLS@", str(tmp_path / "calls"))
    # OpenSSH looks the person up in the system's list, and not in HOME.
    ssh = (
        f"#!/bin/sh\necho \"$*\" >'{tmp_path / 'calls.ssh'}'\n"
        f"exec '{needs_tool('ssh')}' -F '{config}' \"$@\"\n"
    )
    for name, text in (("nix", script.replace("@STORE@", str(tmp_path / "store"))), ("ssh", ssh)):
        (here / "bin" / name).write_text(text)
        (here / "bin" / name).chmod(0o755)
    with (
        machine(tmp_path / "there") as there,
        closing(SshHosts(here / "known_hosts", config)) as hosts,
    ):
        with config.open("a") as more:
            more.write(f"Host *\n  UserKnownHostsFile {config.with_name('known_hosts')}\n")
        pins = KnownHostsFile(here / "known_hosts")
        pins.pin(ALIAS, there.sshd.host_key)
        environment = {"PATH": f"{here / 'bin'}:{os.environ['PATH']}", "HOME": str(own_home)}
        greenhouse = NixGreenhouse(
            here / "greenhouse", SshWays(here / "known_hosts"), environment, places=()
        )
        plant = Plant(
            ShellPlots(lambda: hosts),
            greenhouse,
            FakeSeeds(),
            FakeNixInstallers(),
            FakeNixRenderer(),
            FakeClock(),
        )
        target = Target(
            address="127.0.0.1",
            port=there.sshd.port,
            user=there.sshd.user,
            key_alias=ALIAS,
            private_key=there.sshd.private_key,
            name="web-1",
        )
        yield Site(there, target, plant, tmp_path, pins)


def built_there(site: Site) -> list[str]:
    """What changes packages, of what Nix was called with on the machine."""
    return [call for call in site.machine.calls if "--version" not in call]


def test_a_machine_with_nix_builds_itself_by_itself_or_as_asked(site: Site) -> None:
    link = site.machine.home / ".local/state/nix/profiles/capsule"
    features = "--extra-experimental-features nix-command flakes"
    for build_on in (BuildOn.AUTO, BuildOn.REMOTE):
        site.forget()
        site.grow(site.machine.destination, build_on)
        [call] = built_there(site)
        assert call == f"nix {features} build --no-link --profile {link} path:.#default"
    assert (site.called("build"), site.called("copy")) == (None, None)


def sent(site: Site, place: Target | Destination) -> str:
    """The words that ssh was called with."""
    site.grow(place, BuildOn.LOCAL)
    store = f"{site.folder}/store/{(site.folder / 'store.name').read_text().strip()}-capsule"
    link = site.machine.home / ".local/state/nix/profiles/capsule"
    assert site.called("build") == (
        f"{FEATURES} build --json --out-link '{site.folder}/with blanks/greenhouse/result' "
        "'path:.#default'"
    )
    daemon = site.machine.folder / "programs" / "nix-daemon"
    assert site.called("copy") == (
        f"{FEATURES} copy --substitute-on-destination --no-check-sigs --to "
        f"'ssh-ng://capsule-machine?remote-program={daemon}' {store}"
    )
    assert built_there(site) == [f"nix-env --profile {link} --set {store}"]
    return (site.folder / "calls.ssh").read_text().strip()


def test_built_here_it_is_sent_as_the_person_would_go_there(site: Site) -> None:
    words = sent(site, site.machine.destination)
    assert words == "-o BatchMode=yes -o StrictHostKeyChecking=yes web true"
    site.forget()
    port = site.machine.sshd.port
    words = sent(site, Destination(host="web", port=port))
    assert words == f"-o BatchMode=yes -o StrictHostKeyChecking=yes -p {port} web true"


def test_to_a_machine_of_ours_it_is_sent_by_its_pinned_key_and_no_other(site: Site) -> None:
    words = sent(site, site.target)
    assert f"-o HostKeyAlias={ALIAS} " in words
    assert f'UserKnownHostsFile="{site.folder}/with blanks/known_hosts" ' in words
    assert words.endswith(f" -p {site.target.port} {site.target.user}@127.0.0.1 true")
    assert list((site.folder / "with blanks" / "greenhouse").iterdir()) == []


def test_a_machine_of_ours_with_another_key_is_not_sent_to(site: Site, own_home: Path) -> None:
    """Not even where the person has accepted that key."""
    store = site.folder / "store" / "x"
    store.mkdir(parents=True)
    (site.folder / "store.name").write_text("x")
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"
    site.known_hosts.pin(ALIAS, other)
    with pytest.raises(NixFailed, match="cannot copy the environment to web-1") as failed:
        site.plant.greenhouse.send(
            str(store), site.target, nix="/usr/bin/nix", heard=lambda _line: None
        )
    assert any("Host key verification failed" in line for line in failed.value.lines)
