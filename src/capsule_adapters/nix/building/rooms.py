"""A configuration sent to a machine that evaluates it itself: a private folder, gone afterwards."""

import base64
import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from capsule_adapters.installers.script import ask
from capsule_adapters.nix.building.stores import LOOK_SECONDS, PACKAGE
from capsule_adapters.nix.describe import EXPRESSIONS
from capsule_adapters.nix.request import request
from capsule_adapters.store.faults import reporting
from capsule_domain.errors import CommandFailed, ConfigurationError, HostError
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.host import Host

LIMIT_BYTES = 4 * 2**20
_NOT_SENT = frozenset([".git", ".direnv", "result"])


@dataclass(frozen=True)
class Room:
    """What was sent: `source` and `nixpkgs` as that machine names them. `here` are the folders
    of this machine, by what they are called there.
    """

    path: str
    source: SystemsSource
    nixpkgs: str | None
    here: Mapping[str, str]

    def as_here(self, text: str) -> str:
        """Words of that machine's Nix about files that a person has here."""
        for there, own in self.here.items():
            text = text.replace(there, own)
        return text

    def furnish(self, host: Host, name: str) -> None:
        """What asks for the system of that host."""
        expressions = files("capsule_adapters.nix")
        for file in EXPRESSIONS:
            host.put(f"{self.path}/{file}", (expressions / file).read_bytes())
        asked = request(self.source, self.nixpkgs, host=name)
        host.put(f"{self.path}/request.json", json.dumps(asked).encode())


@contextmanager
def sent(host: Host, place: str, source: SystemsSource) -> Iterator[Room]:
    """The configuration on that machine, for the length of the block.

    Raises ConfigurationError where nothing tells which nixpkgs holds, HostError, StoreError.
    """
    below = _folders(source)
    lines = [line for folder, name in below.items() for line in _files(folder, name)]
    answer = ask(host, "room", timeout_seconds=LOOK_SECONDS, package=PACKAGE, lines=lines)
    path = answer.one("room")
    if answer.exit_code != 0 or path is None:
        raise CommandFailed(f"{place} does not take the configuration: {answer.last_words}")
    try:
        nixpkgs = None if source.locked else answer.one("nixpkgs")
        if nixpkgs is None and not source.locked:
            way_out = (
                "name one: --nixpkgs FOLDER" if source.flake is None else "lock it: nix flake lock"
            )
            raise ConfigurationError(
                f"nothing tells which nixpkgs is meant: there is no lock, and {place} has no"
                " <nixpkgs>",
                hint=f"install Nix here, and {way_out}",
            )
        here = {f"{path}/{name}": folder for folder, name in below.items()}
        yield Room(path, _moved(source, here), nixpkgs, here)
    finally:
        with suppress(HostError):
            host.run(f"rm -rf -- {shlex.quote(path)}")


def _folders(source: SystemsSource) -> Mapping[str, str]:
    """What is sent, and as what: names that a flake's address can hold."""
    if source.flake is not None:
        return {source.flake: "flake"}
    folders = sorted({str(Path(file).parent) for file in source.files.values()})
    return {folder: f"hosts-{number}" for number, folder in enumerate(folders)}


def _moved(source: SystemsSource, here: Mapping[str, str]) -> SystemsSource:
    there = {folder: name for name, folder in here.items()}
    if source.flake is not None:
        return source.model_copy(update={"flake": there[source.flake]})
    moved = {
        host: f"{there[str(Path(file).parent)]}/{Path(file).name}"
        for host, file in source.files.items()
    }
    return source.model_copy(update={"files": moved})


def _files(folder: str, below: str) -> Iterator[str]:
    """A line for each file: its content, and its name there."""
    root, size = Path(folder), 0
    with reporting("read", root):
        paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
        for path in paths:
            name = path.relative_to(root)
            if _NOT_SENT.intersection(name.parts):
                continue
            content = path.read_bytes()
            size += len(content)
            if size > LIMIT_BYTES or "\n" in str(name):
                raise ConfigurationError(
                    f"{folder} holds more than a configuration: it is not sent",
                    hint="a configuration is at most 4 MiB of files",
                )
            yield f"{base64.b64encode(content).decode() or '-'} {below}/{name.as_posix()}"
