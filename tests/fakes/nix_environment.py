"""A Nix profile in memory."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from capsule_domain.errors import CapsuleError, NixFailed, NotFound, ToolMissing
from capsule_domain.models.finding import Finding, Severity
from capsule_domain.models.forecast import Forecast, LockedNixpkgs, PackageFacts
from capsule_domain.models.generation import Generation, InstalledEnvironment
from capsule_domain.models.stack import NixpkgsFlag
from capsule_domain.ports.nix_environment import Progress

_FIRST = datetime(2026, 11, 23, 12, tzinfo=UTC)


def store_path_of(flake: str) -> str:
    """The same text gives the same path."""
    return f"/nix/store/{hashlib.sha256(flake.encode()).hexdigest()[:32]}-capsule"


class FakeNixEnvironment:
    """Installs in no time. What it knows of packages, and what fails, is given.

    `facts` are of the packages that are not as they should be; `unparsable` has the line
    of the error for each text that is no Nix; `unbuildable` texts evaluate, but do not
    build. `locking`, `evaluating` and `looking` are errors to raise.
    """

    def __init__(
        self,
        *,
        facts: Mapping[str, PackageFacts] | None = None,
        unparsable: Mapping[str, int] | None = None,
        unbuildable: Iterable[str] = (),
        has_nix: bool = True,
        forecast: Forecast | None = None,
        locking: CapsuleError | None = None,
        evaluating: CapsuleError | None = None,
        looking: CapsuleError | None = None,
    ) -> None:
        self.facts = dict(facts or {})
        self.told = forecast
        self.unparsable = dict(unparsable or {})
        self.unbuildable = set(unbuildable)
        self.has_nix = has_nix
        self.locking, self.evaluating, self.looking = locking, evaluating, looking
        self.locked_anew: list[str] = []
        self.asked: list[str] = []
        self.flags: Mapping[NixpkgsFlag, Sequence[str]] = {}
        self.seen: dict[str, dict[str, str | None]] = {}
        self._generations: list[Generation] = []
        self._records: dict[str, InstalledEnvironment] = {}

    @property
    def link(self) -> PurePosixPath:
        return PurePosixPath("/home/me/.local/state/nix/profiles/capsule")

    def generations(self) -> Sequence[Generation]:
        return list(self._generations)

    def recorded(self, store_path: str) -> InstalledEnvironment | None:
        return self._records.get(store_path)

    def versions(self, store_path: str) -> Mapping[str, str | None]:
        return self.seen.get(store_path, {})

    def parse(self, flake: str) -> Sequence[Finding]:
        self._need_nix()
        if flake not in self.unparsable:
            return []
        return [
            Finding(
                rule="syntax",
                severity=Severity.ERROR,
                message="syntax error, unexpected ';'",
                file="flake.nix",
                line=self.unparsable[flake],
            )
        ]

    @contextmanager
    def prepare(
        self, profile: str, flake: str, *, update: bool, progress: Progress
    ) -> Iterator["FakePrepared"]:
        self._need_nix()
        if self.locking:
            raise self.locking
        if update:
            self.locked_anew.append(profile)
        progress(2.0, "locking")
        yield FakePrepared(self, flake)

    def switch(self, generation: int, *, progress: Progress) -> Generation:
        self._need_nix()
        known = {one.generation: one for one in self._generations}
        if generation not in known:
            raise NotFound("generation", str(generation), hint="capsule generations")
        self._make_current(generation)
        return next(one for one in self._generations if one.current)

    def somebody_else_installs(self, store_path: str) -> None:
        """A generation that Capsule did not make."""
        self._add(store_path, None)

    def keep(self, record: InstalledEnvironment) -> Generation:
        self._records[record.store_path] = record
        last = self._generations[-1] if self._generations else None
        if last is None or last.store_path != record.store_path:
            current = next((one for one in self._generations if one.current), None)
            if current is None or current.store_path != record.store_path:
                self._add(record.store_path, record.profile)
        else:
            self._make_current(last.generation)
        return next(one for one in self._generations if one.current)

    def _add(self, store_path: str, profile: str | None) -> None:
        number = self._generations[-1].generation + 1 if self._generations else 1
        made = Generation(
            generation=number,
            date=_FIRST + timedelta(hours=number),
            profile=profile,
            store_path=store_path,
        )
        self._generations.append(made)
        self._make_current(number)

    def _make_current(self, number: int) -> None:
        self._generations = [
            one.model_copy(update={"current": one.generation == number})
            for one in self._generations
        ]

    def _need_nix(self) -> None:
        if not self.has_nix:
            raise ToolMissing("Nix", hint="install Nix: capsule bootstrap")


@dataclass(frozen=True)
class FakePrepared:
    """A flake that is ready to be installed."""

    environment: FakeNixEnvironment
    flake: str
    nixpkgs: LockedNixpkgs = field(
        default_factory=lambda: LockedNixpkgs(revision="a" * 40, date=_FIRST)
    )

    def facts(
        self, packages: Sequence[str], *, flags: Mapping[NixpkgsFlag, Sequence[str]]
    ) -> Mapping[str, PackageFacts]:
        if self.environment.looking:
            raise self.environment.looking
        self.environment.asked += packages
        self.environment.flags = dict(flags)
        usual = PackageFacts(version="1.0", system="x86_64-linux")
        return {name: self.environment.facts.get(name, usual) for name in packages}

    def forecast(self) -> Forecast:
        if self.environment.evaluating:
            raise self.environment.evaluating
        told = self.environment.told or Forecast(store_path="", fetch=3, download_mib=1.5)
        return told.model_copy(update={"store_path": store_path_of(self.flake)})

    def install(self, record: InstalledEnvironment) -> Generation:
        if self.flake in self.environment.unbuildable:
            raise NixFailed("cannot build the environment: no", lines=["error: no"])
        return self.environment.keep(record)
