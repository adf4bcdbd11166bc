"""The `Plot` port by shell scripts over a `Host`."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from capsule_adapters.installers.complaints import (
    FULL,
    MAKE_ROOM,
    cause,
    remedy,
    tells_of_a_full_disk,
)
from capsule_adapters.installers.facts import machine_facts
from capsule_adapters.installers.hurried import Hurried
from capsule_adapters.installers.script import Answer, ask, staying
from capsule_adapters.installers.this_machine import ThisMachine
from capsule_adapters.nix.records import records_in, with_record
from capsule_adapters.store.faults import reporting
from capsule_domain.errors import CommandFailed, Conflict, NixFailed
from capsule_domain.models.facts import MachineFacts
from capsule_domain.models.generation import InstalledEnvironment
from capsule_domain.models.planting import Installer, PlantFile, PlantRecord, Rooted, Wheel
from capsule_domain.ports.host import Destination, Host, Hosts, Target
from capsule_domain.ports.plot import Heard

FACTS_SECONDS = 60.0
SHORT_SECONDS = 120.0
CAPSULE_SECONDS = 1800.0
NIX_SECONDS = 3600.0
BUILD_SECONDS = 12 * 3600.0
RECORD = "planted.json"
GENERATIONS = "environment/generations.json"
INSTALLERS = "installers"


@dataclass
class ShellPlot:
    """Implements the `Plot` port. `again` makes a fresh connection to the same machine."""

    host: Host
    place: str
    again: Callable[[], AbstractContextManager[Host]]
    _home: PurePosixPath | None = field(default=None, init=False)

    def facts(self, files: Sequence[str], *, reach: str | None = None) -> MachineFacts:
        """One run of facts.sh."""
        answer = ask(self.host, "facts", reach or "", *files, timeout_seconds=FACTS_SECONDS)
        found = machine_facts(answer, self.place)
        self._home = PurePosixPath(found.capsule_home)
        return found

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The lock that `setup` on that machine takes, held by hold.sh."""
        with ExitStack() as stack:
            try:
                lock = stack.enter_context(
                    staying(self.host, "hold", "lock", timeout_seconds=SHORT_SECONDS)
                )
            except CommandFailed as error:
                raise self._in_short(error, "nothing can be planted") from error
            if lock == "busy":
                raise Conflict(
                    f"another Capsule plants or installs on {self.place} at this moment",
                    hint="wait until it is done, then try again",
                )
            yield

    def install_nix(self, installer: Installer, *, multi_user: bool, heard: Heard) -> str:
        """The installer as a file there, run by sh; never anything out of a pipe."""
        path = self._put(
            f"{INSTALLERS}/nix-{installer.sha256[:12]}.sh",
            _unchanged(Path(installer.path), installer.sha256),
        )
        mode = "daemon" if multi_user else "no-daemon"
        answer = ask(self.host, "install-nix", mode, path, timeout_seconds=NIX_SECONDS, heard=heard)
        return self._said(answer, "nix_version", "Nix could not be installed")

    def write(self, files: Sequence[PlantFile]) -> None:
        """Each by itself in one step."""
        for file in files:
            self._put(file.path, file.text.encode())

    def build(self, flake_folder: str, *, heard: Heard) -> str:
        """`nix build --profile` there."""
        return self._set(flake_folder, heard=heard)

    def adopt(self, store_path: str) -> str:
        """`nix-env --set` there."""
        return self._set("", store_path)

    def enter_path(self) -> None:
        """One run of enter-path.sh, which changes nothing where all is well."""
        answer = ask(self.host, "enter-path", timeout_seconds=SHORT_SECONDS)
        if answer.exit_code != 0:
            raise self._failed(answer, "PATH could not be set")

    def install_capsule(self, wheel: Wheel, *, heard: Heard) -> None:
        """The wheel as a file there, and pip in a fresh environment."""
        name = Path(wheel.path).name
        path = self._put(f"{INSTALLERS}/{name}", _unchanged(Path(wheel.path), wheel.sha256))
        answer = ask(
            self.host,
            "install-capsule",
            path,
            wheel.sha256,
            timeout_seconds=CAPSULE_SECONDS,
            heard=heard,
        )
        if answer.exit_code != 0:
            raise CommandFailed(
                f"Capsule itself could not be installed on {self.place}: {cause(answer)}",
                hint=remedy(
                    answer,
                    "pip needs a network there for what Capsule depends on; "
                    "or leave it out: --no-capsule",
                ),
            )

    def record(self, record: PlantRecord) -> None:
        """planted.json, in one line."""
        self._put(RECORD, f"{json.dumps(record.model_dump(mode='json'))}\n".encode())

    def remember(self, environment: InstalledEnvironment) -> None:
        """generations.json there, as `setup` keeps it: those that are gone are forgotten."""
        answer = ask(self.host, "generations", timeout_seconds=FACTS_SECONDS)
        if answer.exit_code != 0 or answer.one("end") is None:
            raise self._failed(answer, "what is installed could not be looked at")
        text = "\n".join(answer.every("records"))
        try:
            known = records_in(text.encode()) if text else {}
        except ValidationError as error:
            raise CommandFailed(
                f"{GENERATIONS} on {self.place} holds what this Capsule cannot read",
                hint=f"move it away there: mv ~/.capsule/{GENERATIONS} /tmp",
            ) from error
        self._put(GENERATIONS, with_record(known, environment, living=answer.every("living")))

    def rooted(self) -> Rooted:
        """A fresh connection, and a fresh login shell in it."""
        with self.again() as host:
            answer = ask(host, "login", timeout_seconds=FACTS_SECONDS)
        if answer.exit_code != 0 or answer.one("end") is None:
            raise self._failed(answer, "a login shell could not be tried")
        folders = (answer.one("path") or "").split(":")
        version = answer.one("capsule_version")
        return Rooted(
            environment_on_path=answer.one("bin") in folders,
            program=answer.one("program"),
            found=answer.one("found") if answer.one("program") else None,
            capsule_version=version.split()[-1] if version else None,
        )

    def _set(self, *arguments: str, heard: Heard | None = None) -> str:
        answer = ask(self.host, "build", *arguments, timeout_seconds=BUILD_SECONDS, heard=heard)
        if answer.exit_code != 0:
            raise NixFailed(
                f"nix failed on {self.place}: {cause(answer)}",
                lines=answer.complaints,
                hint=remedy(answer, "what was installed there before still is"),
            )
        return self._said(answer, "store_path", "the Nix profile could not be read back")

    def _said(self, answer: Answer, name: str, otherwise: str) -> str:
        value = answer.one(name)
        if answer.exit_code != 0 or value is None:
            raise self._failed(answer, otherwise)
        return value

    def _failed(self, answer: Answer, what: str) -> CommandFailed:
        return CommandFailed(f"{what} on {self.place}: {cause(answer)}", hint=remedy(answer))

    def _in_short(self, error: CommandFailed, what: str) -> CommandFailed:
        """A full disk by its name; all else as it is."""
        if tells_of_a_full_disk(error.message):
            return CommandFailed(f"{what} on {self.place}: {FULL}", hint=MAKE_ROOM)
        return error

    def _put(self, path: str, content: bytes) -> str:
        if self._home is None:
            self.facts([])
        target = str((self._home or PurePosixPath("/")) / path)
        try:
            self.host.put(target, content)
        except CommandFailed as error:
            raise self._in_short(error, f"{target} cannot be written") from error
        return target


@dataclass(frozen=True)
class ShellPlots:
    """Implements the `Plots` port: machines over `hosts`, and this one with `environment`."""

    hosts: Callable[[], Hosts]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @contextmanager
    def open(
        self,
        machine: Target | Destination | None,
        *,
        may_ask: bool = False,
        timeout_seconds: float | None = None,
    ) -> Iterator[ShellPlot]:
        """A connection for the length of the block."""
        if machine is None:
            here = ThisMachine(self.environment, at_terminal=may_ask)
            yield ShellPlot(here, "this machine", lambda: _same(here))
            return
        hosts, place = self.hosts(), machine.label
        ends_at = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        with hosts.connect(machine) as host:
            patient = host if ends_at is None else Hurried(host, place, ends_at)
            yield ShellPlot(patient, place, lambda: hosts.connect(machine))


@contextmanager
def _same(host: Host) -> Iterator[Host]:
    yield host


def _unchanged(path: Path, sha256: str) -> bytes:
    """The file's content, if it still is what was shown. Raises CommandFailed."""
    with reporting("read", path):
        content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CommandFailed(f"{path} is not what it was when it was looked at")
    return content
