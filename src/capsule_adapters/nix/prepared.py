"""A flake with its lock, from the question what it would take to its installation."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shlex import quote

from capsule_adapters.nix.evaluation import (
    FEATURES,
    facts_expression,
    locked_nixpkgs,
    read_facts,
    read_forecast,
)
from capsule_adapters.nix.generations import current_generation, read_generations
from capsule_adapters.nix.process import NixProcess, Said
from capsule_adapters.nix.pulse import Pulse
from capsule_adapters.nix.records import Records
from capsule_adapters.nix.stage import alone
from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_domain.errors import NixFailed, OutcomeUnknown, StoreError
from capsule_domain.models.forecast import Forecast, LockedNixpkgs, PackageFacts
from capsule_domain.models.generation import Generation, InstalledEnvironment
from capsule_domain.models.stack import NixpkgsFlag

FLAKE, LOCK = "flake.nix", "flake.lock"
_THIS_FLAKE = "path:.#default"
"""The working folder says which: in a URL its name would have to be quoted, which old
versions of Nix do not understand."""

_ASKING_SECONDS = 1800.0
_MOST_LINES = 50_000
_LOCK_LIMIT_BYTES = 4 * 2**20


@dataclass(frozen=True)
class ProfileFolders:
    """Where things are: the profile's link, what it was made from, what was written down."""

    link: Path
    kept: Path
    """`<home>/environment`: a folder with flake.nix and flake.lock for each profile."""

    @property
    def records(self) -> Records:
        return Records(self.kept / "generations.json")


@dataclass(frozen=True)
class Prepared:
    """Implements PreparedFlake over a stage: `stage/flake` is the flake, nothing else in it."""

    profile: str
    stage: Path
    folders: ProfileFolders
    nix: NixProcess
    pulse: Pulse

    @property
    def flake(self) -> Path:
        return self.stage / "flake"

    @property
    def nixpkgs(self) -> LockedNixpkgs:
        """The nixpkgs that the lock names."""
        return locked_nixpkgs(self._lock)[0]

    def facts(
        self, packages: Sequence[str], *, flags: Mapping[NixpkgsFlag, Sequence[str]]
    ) -> Mapping[str, PackageFacts]:
        """One evaluation of the locked nixpkgs. Raises NixFailed where there is none."""
        _, nixpkgs = locked_nixpkgs(self._lock)
        if nixpkgs is None:
            raise NixFailed("cannot look at the packages: the flake has no nixpkgs")
        expression = facts_expression(nixpkgs, packages, flags)
        doing = "cannot look at the packages"
        said = self._ask("eval", "--json", "--impure", "--expr", expression, doing=doing)
        return read_facts(said.stdout)

    def forecast(self) -> Forecast:
        """From `nix build --dry-run`."""
        doing = "cannot evaluate the environment"
        how = ("--no-link", "--no-write-lock-file")
        said = self._ask("build", "--dry-run", "--json", *how, _THIS_FLAKE, doing=doing)
        forecast = read_forecast(said.stdout, said.lines)
        if forecast is None:
            path = f"{_THIS_FLAKE}.outPath"
            told = self._ask("eval", "--raw", "--no-write-lock-file", path, doing=doing)
            forecast = Forecast(store_path=told.stdout.strip())
        return forecast

    def _ask(self, *words: str, doing: str) -> Said:
        return self.nix.run(
            ["nix", *FEATURES, *words],
            doing=doing,
            pulse=self.pulse,
            folder=self.flake,
            kept_lines=_MOST_LINES,
            timeout_seconds=_ASKING_SECONDS,
        )

    def _do(self, *words: str, doing: str) -> None:
        words = ("nix", *FEATURES, *words)
        self.nix.run(words, doing=doing, pulse=self.pulse, folder=self.flake)

    def install(self, record: InstalledEnvironment) -> Generation:
        """Build first, under a root of the stage; only what is whole gets the profile."""
        with alone(self.folders.kept, self.pulse):
            self._write_down(record)
            before = current_generation(self.folders.link)
            if before is None or before.store_path != record.store_path:
                self._refuse_unwritable()
                self._set(self._build())
            self._keep_flake()
            return self._read_back(record)

    def _write_down(self, record: InstalledEnvironment) -> None:
        """Before anything is built: a generation is never there without its record."""
        living = {one.store_path for one in read_generations(self.folders.link)}
        complete = record.model_copy(update={"lock": self._lock})
        self.folders.records.keep(complete, living=living)

    def _refuse_unwritable(self) -> None:
        """Now, and not after an hour of building."""
        folder = self.folders.link.parent
        make_private_folder(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StoreError(
                f"cannot write into {folder}: permission denied",
                hint=f"ls -ld {quote(str(folder))}",
            )

    def _build(self) -> str:
        result = self.stage / "result"
        how = ("--print-build-logs", "--no-write-lock-file", "--out-link", str(result))
        self._do("build", *how, _THIS_FLAKE, doing="cannot build the environment")
        return str(result.readlink())

    def _set(self, store_path: str) -> None:
        how = ("--no-link", "--profile", str(self.folders.link))
        self._do("build", *how, store_path, doing="cannot make the new generation")

    def _keep_flake(self) -> None:
        """What is installed is what the profile's folder has; the next run starts from its lock."""
        folder = self.folders.kept / self.profile
        make_private_folder(folder)
        if self._lock is not None:
            write_atomically(folder / LOCK, self._lock.encode())
        flake = read_limited(self.flake / FLAKE, _LOCK_LIMIT_BYTES) or b""
        write_atomically(folder / FLAKE, flake)

    def _read_back(self, record: InstalledEnvironment) -> Generation:
        now = current_generation(self.folders.link)
        if now is None or now.store_path != record.store_path:
            raise OutcomeUnknown(
                f"{self.folders.link} does not lead to the environment that was installed",
                hint="capsule generations",
            )
        return Generation(
            generation=now.number,
            date=now.date,
            profile=record.profile,
            current=True,
            store_path=now.store_path,
        )

    @cached_property
    def _lock(self) -> str | None:
        raw = read_limited(self.flake / LOCK, _LOCK_LIMIT_BYTES)
        return None if raw is None else raw.decode(errors="replace")
