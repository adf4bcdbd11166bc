"""A builder of systems over the real Nix: here, and on a machine with a store of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from capsule_adapters.nix.building.builder import NixSystemBuilder
from capsule_adapters.nix.building.ways import SshWays
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

    def rooms(self) -> Sequence[str]:
        """What is left on the machine of configurations that were sent."""
        return [path.name for path in (self.folder / "rooms").glob("capsule-*")]

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


@contextmanager
def building_site(tmp_path: Path, own_home: Path) -> Iterator[Site]:
    """For the length of the block. The person's ~/.ssh is written."""
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
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    with machine(tmp_path / "there", nix=False, environment={"TMPDIR": str(rooms)}) as there:
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


@contextmanager
def build_host(site: Site, own_home: Path) -> Iterator[Destination]:
    """One more machine, `build`, with a store of its own at the same path."""
    folder, store = site.folder / "build", site.folder / "store"
    (folder / "store").mkdir(parents=True)
    dot_ssh = own_home / ".ssh"
    before = {name: (dot_ssh / name).read_text() for name in ("config", "known_hosts")}
    seen = ("--dev-bind", "/", "/", "--bind", str(folder / "store"), str(store))
    with machine(folder / "there", nix=False) as there:
        for name, text in before.items():
            own = (dot_ssh / name).read_text().replace("Host web", "Host build")
            (dot_ssh / name).write_text(text + own)
        environment = nix_environment(folder, store)
        for name in PROGRAMS:
            program = there.folder / "programs" / name
            wrapper(program, needs_tool(name), environment, needs_tool("bwrap"), *seen)
        yield Destination(host="build")
    writable(folder / "store")
