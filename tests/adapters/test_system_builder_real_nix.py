"""Systems built and brought by the real Nix: here, and on a machine with a store of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_adapters.nix.building.builder import NixSystemBuilder
from capsule_adapters.nix.building.ways import SshWays
from capsule_domain.errors import CommandFailed, NixFailed, NotFound, ToolMissing
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.host import Destination
from capsule_domain.ports.system_builder import BuildOrder
from tests.nix.stores import nix_environment, wrapper, writable
from tests.plots import Machine, machine
from tests.tools import ROOT, needs_tool

NIXPKGS = str(ROOT / "tests" / "nix" / "systems_nixpkgs")
PROGRAMS = ("nix", "nix-build", "nix-daemon", "nix-instantiate", "nix-store")

SYSTEM = """\
{{ ... }}: {{
  system.build.toplevel = derivation {{
    name = "nixos-system-web-26.05";
    system = "x86_64-linux";
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin";
    tool = derivation {{
      name = "greet-{version}";
      system = "x86_64-linux";
      builder = "/bin/sh";
      PATH = "/usr/bin:/bin";
      args = [ "-c" "mkdir -p $out/bin; echo hello > $out/bin/greet; {more}" ];
    }};
    args = [ "-c" ''
      echo building the system >&2
      mkdir -p $out/kernel-modules/lib/modules/{kernel}
      ln -s $tool $out/sw
    '' ];
  }};
}}
"""


@dataclass
class Site:
    """This machine and another, and a configuration whose system is a greeting."""

    folder: Path
    builder: NixSystemBuilder
    machine: Machine
    heard: list[str]

    @property
    def where(self) -> Destination:
        return self.machine.destination

    def order(
        self, *, version: str = "1.0", kernel: str = "6.12.1", more: str = "true", **rest: object
    ) -> BuildOrder:
        file = self.folder / "configuration" / "configuration.nix"
        file.parent.mkdir(exist_ok=True)
        file.write_text(SYSTEM.format(version=version, kernel=kernel, more=more))
        source = SystemsSource(files={"web": str(file)})
        asked = {"source": source, "host": "web", "nixpkgs": NIXPKGS, **rest}
        return BuildOrder.model_validate(asked)

    def listen(self, _seconds: float, line: str) -> None:
        self.heard.append(line)

    def build(self, order: BuildOrder) -> str:
        return self.builder.build(order, self.where, self.listen)

    def bring(self, order: BuildOrder, path: str) -> None:
        self.builder.bring(order, path, self.where, self.listen)

    def kept_there(self) -> str:
        return str((self.machine.home / ".local/share/capsule/systems/web").readlink())

    def paths(self, whose: str) -> Sequence[str]:
        """What is in a store; derivations are not systems."""
        store = self.folder / whose / "store" if whose == "ours" else self.folder / "store"
        names = (path.name[33:] for path in store.iterdir() if path.name[0] != ".")
        return sorted(name for name in names if not name.endswith((".drv", ".lock")))

    def without_nix(self) -> NixSystemBuilder:
        """A builder on a machine that has an ssh, and no Nix."""
        return NixSystemBuilder(
            hosts=self.machine.plots.hosts,
            ways=SshWays(self.folder / "known_hosts"),
            folder=self.folder / "home",
            environment={"PATH": "", "HOME": str(self.folder)},
            places=(),
        )

    def ours(self, *arguments: str) -> str:
        """This machine's Nix, asked directly."""
        return _said(self.folder / "ours" / "bin" / arguments[0], *arguments[1:])

    def theirs(self, *arguments: str) -> str:
        """The machine's `nix`, asked directly."""
        return _said(self.machine.folder / "programs" / "nix", *arguments)


def _said(program: Path, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def site(tmp_path: Path, own_home: Path) -> Iterator[Site]:
    programs = {name: needs_tool(name) for name in PROGRAMS}
    bubblewrap, ssh = needs_tool("bwrap"), needs_tool("ssh")
    store, ours = tmp_path / "store", tmp_path / "ours"
    for folder in (store, ours / "store", ours / "bin"):
        folder.mkdir(parents=True)
    # Here the same name leads to another folder, so that what is brought is really sent.
    seen = ("--dev-bind", "/", "/", "--bind", str(ours / "store"), str(store))
    environment = nix_environment(ours, store)
    for name, program in programs.items():
        wrapper(ours / "bin" / name, program, environment, bubblewrap, *seen)
    known, config = own_home / ".ssh" / "known_hosts", own_home / ".ssh" / "config"
    # OpenSSH looks the person up in the system's list, and not in HOME.
    words = f"'{ssh}' -F '{config}' -oUserKnownHostsFile='{known}'"
    (ours / "bin" / "ssh").write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    (ours / "bin" / "ssh").chmod(0o755)
    with machine(tmp_path / "there", nix=False) as there:
        theirs = nix_environment(tmp_path / "there" / "nix-state", store, "require-sigs = true")
        for name, program in programs.items():
            wrapper(
                tmp_path / "there" / "programs" / name,
                program,
                {**theirs, "NIX_PATH": f"nixpkgs={NIXPKGS}"},
            )
        seen_here = {**os.environ, "PATH": f"{ours / 'bin'}:{os.environ['PATH']}"}
        builder = NixSystemBuilder(
            hosts=there.plots.hosts,
            ways=SshWays(tmp_path / "known_hosts"),
            folder=tmp_path / "home",
            environment=seen_here,
            places=(),
        )
        with closing(builder):
            yield Site(tmp_path, builder, there, [])
    writable(store)
    writable(ours / "store")
    shutil.rmtree(ours / "store", ignore_errors=True)


BOTH = ["greet-1.0", "nixos-system-web-26.05"]


def test_a_system_built_here_is_brought_once_and_kept_there(site: Site) -> None:
    order = site.order()
    path = site.build(order)
    assert (site.paths("ours"), site.paths("theirs")) == (BOTH, [])
    site.bring(order, path)
    assert site.paths("theirs") == BOTH
    assert site.kept_there() == path
    site.heard.clear()
    site.bring(order, path)
    assert not [line for line in site.heard if "copying" in line]


def test_a_system_is_built_on_the_machine_from_what_is_evaluated_here(site: Site) -> None:
    order = site.order(on_machine=True)
    path = site.build(order)
    assert (site.paths("ours"), site.paths("theirs")) == ([], BOTH)
    assert site.kept_there() == path
    site.bring(order, path)


def test_without_nix_here_the_configuration_is_evaluated_on_the_machine(site: Site) -> None:
    order = site.order(on_machine=True, nixpkgs=None)
    path = site.without_nix().build(order, site.where, site.listen)
    assert (site.paths("ours"), site.paths("theirs")) == ([], BOTH)
    assert site.kept_there() == path
    assert not list(Path("/tmp").glob("capsule-*/systems.nix"))


def test_without_nix_here_nothing_is_built_here_or_for_here(site: Site) -> None:
    for order in (site.order(), site.order(where=site.where)):
        with pytest.raises(ToolMissing, match="Nix is not installed") as missing:
            site.without_nix().build(order, site.where, site.listen)
        assert "--build-on remote" in (missing.value.hint or "")


def test_a_build_host_builds_and_the_system_comes_from_there(site: Site) -> None:
    order = site.order(where=site.where)
    path = site.builder.build(order, None, site.listen)
    assert (site.paths("ours"), site.paths("theirs")) == ([], BOTH)
    site.builder.bring(order, path, None, site.listen)
    assert site.paths("ours") == BOTH


@pytest.mark.parametrize("place", ["here", "there"])
def test_a_build_that_fails_is_told_in_nixs_own_last_words(site: Site, place: str) -> None:
    order = site.order(more="echo no such luck >&2; exit 3", on_machine=place == "there")
    where = " on web" if place == "there" else ""
    with pytest.raises(
        NixFailed, match=f"cannot build the system{where}: .* exit code 3"
    ) as failed:
        site.build(order)
    assert any("no such luck" in line for line in failed.value.lines)


def test_two_systems_on_the_machine_are_compared(site: Site) -> None:
    first = site.build(site.order(on_machine=True))
    second = site.build(site.order(version="2.0", kernel="6.18.2", on_machine=True))
    found = site.builder.compare(first, second, site.where)
    (greet,) = [change for change in found.changes if change.name == "greet"]
    assert (greet.before, greet.after) == (("1.0",), ("2.0",))
    assert found.kernel == ("6.12.1", "6.18.2")
    assert "greet: 1.0 → 2.0" in site.theirs("store", "diff-closures", first, second)
    assert (found.added_paths, found.removed_paths, found.postgresql) == (2, 2, None)
    assert site.builder.compare(first, first, site.where).is_empty
    absent = first.replace("nixos-system", "nixos-nowhere")
    with pytest.raises(NotFound, match="nixos-nowhere"):
        site.builder.compare(first, absent, site.where)


def test_what_is_built_here_is_not_collected_until_the_end(site: Site) -> None:
    path = site.build(site.order())
    site.ours("nix-store", "--gc")
    assert site.paths("ours") == BOTH
    site.builder.close()
    site.ours("nix-store", "--gc")
    assert site.paths("ours") == []
    assert path.endswith("nixos-system-web-26.05")


def test_what_a_machine_knows_our_key_for_is_signed_with_it(site: Site) -> None:
    key = site.builder.signing_key()
    assert site.builder.signing_key() == key
    secret = site.folder / "home" / "signing" / "secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    settings = site.machine.folder / "nix-state" / "nix-conf" / "nix.conf"
    settings.write_text(f"{settings.read_text()}trusted-public-keys = {key}\n")
    order = site.order()
    path = site.build(order)
    site.bring(order, path)
    said = site.theirs("path-info", "--sigs", path)
    assert f"\t{key.partition(':')[0]}:" in said
    assert secret.read_text().strip() not in f"{said}{site.heard}"


def test_a_store_without_room_is_not_filled(site: Site) -> None:
    order = site.order()
    path = site.build(order)
    program = site.machine.folder / "programs" / "df"
    program.unlink()
    program.write_text("#!/bin/sh\necho Filesystem; echo /dev/x 9 9 0 100% /nix\n")
    program.chmod(0o755)
    with pytest.raises(CommandFailed, match="web has 0 MiB left in /nix/store"):
        site.bring(order, path)
    assert site.paths("theirs") == []
