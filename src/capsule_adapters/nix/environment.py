"""The person's packages as one Nix profile."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from capsule_adapters.nix.evaluation import FEATURES
from capsule_adapters.nix.generations import Numbered, read_generations, seen_versions
from capsule_adapters.nix.prepared import FLAKE, LOCK, Prepared, ProfileFolders
from capsule_adapters.nix.process import PLACES, NixProcess
from capsule_adapters.nix.pulse import Progress, Pulse
from capsule_adapters.nix.stage import alone, staged
from capsule_adapters.nix.tool import NixCommand
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder, read_limited
from capsule_domain.errors import NotFound, OutcomeUnknown
from capsule_domain.models.finding import Finding
from capsule_domain.models.generation import Generation, InstalledEnvironment
from capsule_domain.models.stack import Name

_LOCKING_SECONDS = 1800.0
_LIMIT_BYTES = 4 * 2**20


class NixProfileEnvironment:
    """Implements the NixEnvironment port with `nix build --profile`.

    `link` is the profile's link, `kept` the folder for flakes, locks and records.
    `environment` is where PATH, HOME and all else come from that Nix sees, `places` the
    folders to look for Nix in after PATH.
    """

    def __init__(
        self,
        *,
        link: Path,
        kept: Path,
        environment: Mapping[str, str] | None = None,
        places: Sequence[str] = PLACES,
    ) -> None:
        self._folders = ProfileFolders(link, kept)
        self._environment = dict(os.environ if environment is None else environment)
        self._nix = NixProcess(self._environment, places)
        self._places = places

    @property
    def link(self) -> Path:
        """The link to the current generation."""
        return self._folders.link

    def generations(self) -> Sequence[Generation]:
        """Every generation, by number, as the links tell."""
        records = self._folders.records.read()
        return [
            _generation(one, records.get(one.store_path))
            for one in read_generations(self._folders.link)
        ]

    def recorded(self, store_path: str) -> InstalledEnvironment | None:
        """What generations.json has of it."""
        return self._folders.records.read().get(store_path)

    def versions(self, store_path: str) -> Mapping[str, str | None]:
        """What the environment's own links lead to."""
        return seen_versions(Path(store_path))

    def parse(self, flake: str) -> Sequence[Finding]:
        """What `nix-instantiate --parse` says of it; needs no store and no network."""
        with TemporaryDirectory(prefix="capsule-flake-") as scratch:
            file = Path(scratch, FLAKE)
            with reporting("write", file):
                file.write_text(flake, encoding="utf-8")
            command = NixCommand(environment=self._environment, places=self._places)
            found = command.parse([file])
        return [finding.model_copy(update={"file": FLAKE}) for finding in found]

    @contextmanager
    def prepare(
        self, profile: Name, flake: str, *, update: bool, progress: Progress
    ) -> Iterator[Prepared]:
        """The flake in a stage of its own; what was kept of the profile stays as it is."""
        pulse = Pulse(progress)
        with staged(self._folders.kept) as stage:
            folder = stage / "flake"
            make_private_folder(folder)
            lock = None if update else self._kept_lock(profile)
            with reporting("write into", folder):
                (folder / FLAKE).write_text(flake, encoding="utf-8")
                if lock is not None:
                    (folder / LOCK).write_bytes(lock)
            self._nix.run(
                ["nix", *FEATURES, "flake", "lock", "path:."],
                doing="cannot lock the flake",
                pulse=pulse,
                folder=folder,
                timeout_seconds=_LOCKING_SECONDS,
            )
            yield Prepared(profile, stage, self._folders, self._nix, pulse)

    def _kept_lock(self, profile: str) -> bytes | None:
        return read_limited(self._folders.kept / profile / LOCK, _LIMIT_BYTES)

    def switch(self, generation: int, *, progress: Progress) -> Generation:
        """`nix-env --switch-generation`, which asks for less than `nix profile` does."""
        pulse = Pulse(progress)
        with alone(self._folders.kept, pulse):
            self._find(generation)
            profile = ("--profile", str(self.link))
            self._nix.run(
                ["nix-env", *profile, "--switch-generation", str(generation)],
                doing=f"cannot switch to generation {generation}",
                pulse=pulse,
                own_home=True,  # nix-env leaves .nix-defexpr in every home it sees
            )
            now = self._find(generation)
        if not now.current:
            raise OutcomeUnknown(
                f"{self.link} does not lead to generation {generation}", hint="capsule generations"
            )
        return now

    def _find(self, number: int) -> Generation:
        known = {one.generation: one for one in self.generations()}
        if number not in known:
            raise NotFound("generation", str(number), hint="capsule generations")
        return known[number]


def _generation(one: Numbered, record: InstalledEnvironment | None) -> Generation:
    return Generation(
        generation=one.number,
        date=one.date,
        profile=record.profile if record else None,
        current=one.current,
        store_path=one.store_path,
    )
