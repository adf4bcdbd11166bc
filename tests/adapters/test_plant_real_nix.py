"""Planting with the real Nix: built there, and built here and sent; each store a folder."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_adapters.nix.building.ways import SshWays
from capsule_adapters.nix.greenhouse import NixGreenhouse
from capsule_domain.errors import NixFailed
from capsule_domain.models.planting import BuildOn, PlantFile
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.services.plant import Plant
from tests.fakes.clock import FakeClock
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.plots import FakeNixInstallers, FakeSeeds
from tests.nix.stores import nix_environment, wrapper, writable
from tests.plots import Machine, machine
from tests.tools import needs_tool

HOME = "its home #1?"
"""A folder's name that no flake's address could hold."""

FLAKE = """\
{
  outputs = _: {
    packages = builtins.mapAttrs (system: _: {
      default = derivation {
        name = "capsule-dev";
        inherit system;
        builder = "/bin/sh";
        PATH = "/usr/bin:/bin";
        args = [
          "-c"
          "mkdir -p $out/bin; cd $out/bin; printf '#!/bin/sh\\necho @WORD@\\n' >greet; chmod +x *"
        ];
      };
    }) { x86_64-linux = null; aarch64-linux = null; };
  };
}
"""


@dataclass
class Renderer(FakeNixRenderer):
    """One tiny flake that needs no network."""

    word: str = "hello"

    def preview(self, environment: Environment, form: object) -> str:
        return FLAKE.replace("@WORD@", self.word)


@dataclass
class Site:
    """A machine with the real Nix, and a store of its own at a path that both sides name alike."""

    machine: Machine
    service: Plant
    renderer: Renderer
    store: Path

    @property
    def link(self) -> Path:
        return self.machine.home / HOME / "nix" / "profiles" / "capsule"

    def plant(self, build_on: BuildOn) -> list[str]:
        """The steps that changed something."""
        profile = Profile(name="dev")
        environment = Environment(profile=profile, stacks=(), packages=(), python_packages=())
        planting = self.service.plan(
            self.machine.destination, environment, build_on=build_on, capsule=False
        )
        planted = self.service.run(planting, progress=lambda _event: None)
        assert planted.seen.program == "greet"
        assert Path(planted.store_path).is_relative_to(self.store)
        said = subprocess.run(
            [self.link / "bin" / "greet"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout == f"{self.renderer.word}\n"
        return [change.step for change in planted.changes]


@pytest.fixture
def site(tmp_path: Path, own_home: Path) -> Iterator[Site]:
    programs = {name: needs_tool(name) for name in ("nix", "nix-env", "nix-daemon")}
    bubblewrap, ssh = needs_tool("bwrap"), needs_tool("ssh")
    store = tmp_path / "store"
    store.mkdir()
    ours = tmp_path / "ours"
    (ours / "store").mkdir(parents=True)
    (ours / "bin").mkdir()
    # Here the same name leads to another folder, so that what is sent is really sent.
    seen = ("--dev-bind", "/", "/", "--bind", str(ours / "store"), str(store))
    wrapper(ours / "bin" / "nix", programs["nix"], nix_environment(ours, store), bubblewrap, *seen)
    # OpenSSH looks the person up in the system's list, and not in HOME.
    known, config = own_home / ".ssh" / "known_hosts", own_home / ".ssh" / "config"
    (ours / "bin" / "ssh").write_text(
        f"#!/bin/sh\nexec '{ssh}' -F '{config}' -oUserKnownHostsFile='{known}' \"$@\"\n"
    )
    (ours / "bin" / "ssh").chmod(0o755)
    capsule_home = tmp_path / "there" / "sshd" / "home" / HOME
    environment = {"CAPSULE_HOME": str(capsule_home)}
    with machine(tmp_path / "there", nix=False, environment=environment) as there:
        theirs = nix_environment(tmp_path / "there" / "nix-state", store, "require-sigs = true")
        for name, program in programs.items():
            wrapper(tmp_path / "there" / "programs" / name, program, theirs)
        greenhouse = NixGreenhouse(
            tmp_path / "greenhouse",
            SshWays(tmp_path / "known_hosts"),
            {**os.environ, "PATH": f"{ours / 'bin'}:{os.environ['PATH']}"},
            places=(),
        )
        renderer = Renderer()
        service = Plant(
            there.plots, greenhouse, FakeSeeds(), FakeNixInstallers(), renderer, FakeClock()
        )
        yield Site(there, service, renderer, store)
    writable(store)
    writable(ours / "store")
    shutil.rmtree(ours / "store", ignore_errors=True)


@pytest.mark.parametrize("build_on", [BuildOn.REMOTE, BuildOn.LOCAL])
def test_packages_come_onto_the_machine_once_and_change_with_the_profile(
    site: Site, build_on: BuildOn
) -> None:
    assert site.plant(build_on) == ["files", "environment", "path"]
    before = site.machine.picture()
    assert site.plant(build_on) == []
    assert site.machine.picture() == before
    site.renderer.word = "good day"
    assert site.plant(build_on) == ["files", "environment"]
    assert sorted(path.name for path in site.link.parent.iterdir()) == [
        "capsule",
        "capsule-1-link",
        "capsule-2-link",
    ]


def test_a_build_that_fails_leaves_the_generation_before(site: Site) -> None:
    site.plant(BuildOn.REMOTE)
    before = site.link.resolve()
    site.renderer.word = "x' && exit 3 #"
    with pytest.raises(NixFailed) as failed:
        site.plant(BuildOn.REMOTE)
    assert any("exit code 3" in line or "failed" in line for line in failed.value.lines)
    assert site.link.resolve() == before


def test_an_unknown_machine_is_not_sent_to(site: Site, own_home: Path) -> None:
    greenhouse = site.service.greenhouse
    flake = PlantFile(path="environment/dev/flake.nix", text=FLAKE)
    grown = greenhouse.build(flake, None, heard=lambda _line: None)
    (own_home / ".ssh" / "known_hosts").write_text("")
    with pytest.raises(NixFailed) as failed:
        greenhouse.send(
            grown.store_path,
            site.machine.destination,
            nix="/usr/bin/nix",
            heard=lambda _line: None,
        )
    assert any("Host key verification failed" in line for line in failed.value.lines)
