"""The names in nixpkgs: where they are read from, and where they are kept."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from capsule_domain.models.package import IndexAbout, NixosOption, Nixpkgs, Package

Progress = Callable[[float, str], None]
"""Called at least every three seconds: seconds since this part began, and how far it is."""


class PackageIndex(Protocol):
    """The packages and NixOS options of the user's own nixpkgs, for looking up.

    Without an index, `about` is None and everything else raises ConfigurationError with
    the way to one. Raises StoreError for one that cannot be read or written.
    """

    def about(self) -> IndexAbout | None:
        """What the index was built from; None when there is none."""

    def find(self, attribute: str) -> Package | None:
        """The package, or the set of packages, of exactly that attribute path."""

    def covers(self, attribute: str) -> bool:
        """Whether not finding it means that there is none: its set is in the index."""

    def near(self, attribute: str) -> Sequence[str]:
        """Attributes that may be meant by a misspelt one; in no order."""

    def search(self, text: str, *, limit: int) -> Sequence[Package]:
        """Packages whose attribute or summary has every word of `text`, in any case.

        Those that are called so come first, then those that begin so, then those that
        have it in their name, then the rest; shorter names before longer.
        """

    def beginning(self, prefix: str, *, limit: int) -> Sequence[str]:
        """Attributes of packages that begin with `prefix`, sorted."""

    def option(self, name: str) -> NixosOption | None:
        """The NixOS option of exactly that name, hidden ones too."""

    def options_below(self, prefix: str) -> Sequence[NixosOption]:
        """The option of that name and all whose path goes on from there, sorted by name."""

    def options_beside(self, prefix: str) -> Sequence[str]:
        """The next name of each option's path below `prefix`, sorted; "" is the top.

        Only of options that are meant to be set: for suggesting one.
        """

    def replace(
        self,
        nixpkgs: Nixpkgs,
        packages: Iterable[Package],
        options: Iterable[NixosOption],
        *,
        built_at: datetime,
        skipped: Callable[[], int] = int,
    ) -> IndexAbout:
        """Fill a new index and put it in the old one's place, whole or not at all.

        `skipped` is asked at the end how many attributes could not be read.
        """


class PackageSource(Protocol):
    """A nixpkgs, read by Nix.

    Raises ToolMissing without Nix, ConfigurationError without a nixpkgs, HostError
    when Nix fails.
    """

    def nixpkgs(self, progress: Progress) -> Nixpkgs:
        """Which one it is."""

    def packages(self, progress: Progress) -> Iterator[Package]:
        """Every top-level package and set, and the packages of `python3Packages`."""

    def skipped(self) -> Sequence[str]:
        """Attributes that Nix could not evaluate, of those read so far."""

    def options(self, progress: Progress) -> Iterator[NixosOption]:
        """Every option of NixOS, hidden and internal ones marked so."""
