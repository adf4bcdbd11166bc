"""Whole NixOS systems, evaluated and planned by `nix-instantiate` and `nix-build`."""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from capsule_adapters.nix.complaint import failure, is_of_no_network
from capsule_adapters.nix.evaluation import FEATURES, read_build_plan
from capsule_adapters.nix.faults import read_fault
from capsule_adapters.nix.index.memory import available_bytes
from capsule_adapters.nix.index.place import NixpkgsPlace
from capsule_adapters.nix.process import PLACES, NixProcess, Said
from capsule_adapters.nix.pulse import Pulse
from capsule_adapters.nix.request import asking
from capsule_domain.errors import ConfigurationError, HostUnreachable, NixFailed
from capsule_domain.models.forecast import BuildPlan
from capsule_domain.models.systems import SystemReport, SystemsReport, SystemsSource
from capsule_domain.ports.nix_systems import Progress

_FEWEST_SYSTEMS, _MOST_SYSTEMS = 5, 25
_FIRST_BYTES, _NEXT_BYTES = 1_200 * 2**20, 600 * 2**20
"""What Nix takes for one system, and for each after it: it keeps some of what it had."""
_MOST_FAULTS = 5
"""After so many that cannot be evaluated the rest waits for them to be corrected."""
_SECONDS = 3600.0
_IN_STORE = re.compile(r"/[^\s'`]*/[0-9a-z]{32}-source/(?P<file>[^\s:'`]+)")
_MOST_LINES = 50_000
_MARK = "capsule "
FLAKE = "flake.nix"
"""Stands for a host where a flake fails before it names one."""
NO_STORE = {"NIX_REMOTE": "dummy://"}
"""Nix without a store: enough to read a folder."""


def systems_at_a_time(memory_bytes: int) -> int:
    """How many one start of Nix evaluates: what fits, within bounds."""
    fitting = 1 + (memory_bytes - _FIRST_BYTES) // _NEXT_BYTES
    return max(_FEWEST_SYSTEMS, min(_MOST_SYSTEMS, fitting))


class NixosSystems:
    """Implements the NixSystems port. `environment` is what Nix sees, with PATH and HOME."""

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        places: Sequence[str] = PLACES,
        memory_bytes: Callable[[], int] = available_bytes,
    ) -> None:
        self._memory_bytes = memory_bytes
        seen = dict(os.environ if environment is None else environment)
        self._nix = NixProcess(seen, places)
        self._without_store = NixProcess({**seen, **NO_STORE}, places)

    def nixpkgs(self, folder: str | None, progress: Progress) -> str | None:
        """`folder`, or `<nixpkgs>`; nothing is downloaded."""
        place = NixpkgsPlace(self._nix, folder, lock=None, pin=None, release="")
        try:
            found = place.here(Pulse(progress))
        except ConfigurationError as error:
            hint = "name the folder of a whole nixpkgs"
            raise ConfigurationError(error.message, hint=hint) from error
        return None if found is None else found.folder

    def evaluate(
        self, source: SystemsSource, *, nixpkgs: str | None, progress: Progress
    ) -> SystemsReport:
        """One start of Nix for 5 to 25 systems, and one more for each that fails, up to five."""
        heard, faults = _Heard(), 0
        pulse = Pulse(lambda seconds, _: progress(seconds, heard.told))
        while faults < _MOST_FAULTS:
            known = set(heard.reports)
            said = self._evaluated(source, nixpkgs, heard, pulse)
            heard.listen(said.lines)
            if said.exit_code != 0:
                faults += 1
                heard.fail(said, source)
            elif not heard.left or set(heard.reports) == known:
                break
        return heard.report()

    def plan(self, source: SystemsSource, *, nixpkgs: str | None, progress: Progress) -> BuildPlan:
        """From `nix-build --dry-run`: this needs a store."""
        with asking(source, nixpkgs) as expression:
            words = ["nix-build", *FEATURES, "--dry-run", "--no-out-link", "-A", "builds"]
            said = self._nix.run(
                [*words, *expression],
                doing="cannot plan the build",
                pulse=Pulse(progress),
                kept_lines=_MOST_LINES,
                timeout_seconds=_SECONDS,
            )
        if any(map(is_of_no_network, said.lines)):
            # Nix goes on without its caches, and would build the world here.
            raise HostUnreachable(
                "nix's caches do not answer, so what would be downloaded is unknown",
                hint="try again where there is a network",
            )
        return read_build_plan(said.lines)

    def _evaluated(
        self, source: SystemsSource, nixpkgs: str | None, heard: "_Heard", pulse: Pulse
    ) -> Said:
        most = systems_at_a_time(self._memory_bytes())
        # What a lock names has to be fetched into a store; a folder can be read without one.
        nix, mode = (self._nix, []) if source.locked else (self._without_store, ["--readonly-mode"])
        with asking(source, nixpkgs, done=list(heard.reports), most=most) as expression:
            words = [
                "nix-instantiate",
                *FEATURES,
                *mode,
                "--eval",
                "--show-trace",
                "-A",
                "evaluate",
            ]
            return nix.run(
                [*words, *expression],
                doing=_DOING,
                pulse=pulse,
                kept_lines=_MOST_LINES,
                timeout_seconds=_SECONDS,
                check=False,
            )


_DOING = "cannot evaluate the systems"


@dataclass
class _Heard:
    """What Nix told so far, over all its starts."""

    hosts: list[str] = field(default_factory=list)
    stubbed: list[str] = field(default_factory=list)
    reports: dict[str, SystemReport] = field(default_factory=dict)
    begun: str | None = None

    @property
    def told(self) -> str:
        """For a person who waits."""
        return f"{len(self.reports)} systems evaluated" if self.reports else "evaluating"

    @property
    def left(self) -> list[str]:
        return [host for host in self.hosts if host not in self.reports]

    def listen(self, lines: Sequence[str]) -> None:
        self.begun = None
        found: dict[str, list[str]] = {}
        for line in lines:
            event = _event(line)
            if "hosts" in event:
                self.hosts, self.stubbed = event["hosts"], event["stubbed"]
            elif "begun" in event:
                self.begun, found = event["begun"], {"assertion": [], "warning": []}
            elif "derivation" in event:
                self._done(event["host"], event["derivation"] or None, found)
            else:
                for kind in found.keys() & event.keys():
                    found[kind].append(" ".join(event[kind].split()))
        if self.begun is not None:
            self._done(self.begun, None, found, is_done=False)

    def _done(
        self,
        host: str,
        derivation: str | None,
        found: Mapping[str, list[str]],
        *,
        is_done: bool = True,
    ) -> None:
        self.begun = None if is_done else host
        self.reports[host] = SystemReport(
            host=host,
            derivation=derivation,
            assertions=tuple(found["assertion"]),
            warnings=tuple(found["warning"]),
        )

    def fail(self, said: Said, source: SystemsSource) -> None:
        """Nix ended at the system that it had begun. Raises what is no fault of one."""
        error = failure(_DOING, said.exit_code, said.lines)
        lines = as_on_disk([line for line in said.lines if not _event(line)], source)
        fault = read_fault(lines, folders_of(source))
        is_of_flake = fault.file is not None or FLAKE in fault.message
        if not (isinstance(error, NixFailed) and (self.begun is not None or is_of_flake)):
            raise error
        host = self.begun or FLAKE
        before = self.reports.get(host, SystemReport(host=host))
        self.reports[host] = before.model_copy(update={"fault": fault})

    def report(self) -> SystemsReport:
        return SystemsReport(
            systems=tuple(self.reports[host] for host in sorted(self.reports)),
            left_out=tuple(self.left),
            stubbed=tuple(self.stubbed),
        )


def _event(line: str) -> Mapping[str, Any]:
    mark, found, text = line.removeprefix("trace: ").partition(_MARK)
    if mark or not found:
        return {}
    try:
        event = json.loads(text)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def folders_of(source: SystemsSource) -> Sequence[str]:
    """Where a person's own files are."""
    if source.flake is not None:
        return [source.flake]
    return sorted({str(Path(file).parent) for file in source.files.values()})


def as_on_disk(lines: Sequence[str], source: SystemsSource) -> Sequence[str]:
    """Nix reads a locked flake from its store; a person has it in the folder."""
    folder = source.flake
    if folder is None or not source.locked:
        return lines

    def there(match: re.Match[str]) -> str:
        own = Path(folder, match["file"])
        return str(own) if own.exists() else match[0]

    return [_IN_STORE.sub(there, line) for line in lines]
