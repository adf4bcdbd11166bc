"""The index of packages and options, built from the user's own nixpkgs."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from capsule_domain.errors import NixFailed
from capsule_domain.models.package import IndexAbout, NixosOption, Nixpkgs
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.package_index import PackageIndex, PackageSource, Progress


@dataclass(frozen=True)
class Built:
    """The new index; `options_failed` says why it has no options, if that was not meant."""

    about: IndexAbout
    options_failed: str | None = None


@dataclass(frozen=True)
class BuildIndex:
    """Reads a nixpkgs into the index. Until all of it is read the old index stands."""

    source: PackageSource
    index: PackageIndex
    clock: Clock

    def rehearse(self, progress: Progress) -> Nixpkgs:
        """Which nixpkgs would be read."""
        return self.source.nixpkgs(progress)

    def run(self, progress: Progress, *, options: bool = True) -> Built:
        """Build it. A nixpkgs whose options cannot be read gives an index without them."""
        reading = _Options(self.source, progress)
        about = self.index.replace(
            self.source.nixpkgs(progress),
            self.source.packages(progress),
            reading if options else (),
            built_at=self.clock.now(),
            skipped=lambda: len(self.source.skipped()),
        )
        return Built(about, reading.failed[0] if reading.failed else None)


@dataclass(frozen=True)
class _Options:
    """The options, as far as Nix gives them; why it stopped is noted."""

    source: PackageSource
    progress: Progress
    failed: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[NixosOption]:
        try:
            yield from self.source.options(self.progress)
        except NixFailed as error:
            self.failed.append(error.message)
