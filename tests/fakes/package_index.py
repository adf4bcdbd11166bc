"""An index of packages in memory, and a nixpkgs that is a list."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from capsule_domain.errors import ConfigurationError, NixFailed, StoreError
from capsule_domain.models.option_path import split_option
from capsule_domain.models.package import IndexAbout, NixosOption, Nixpkgs, Package
from capsule_domain.ports.package_index import Progress


class FakePackageIndex:
    """An index of the given packages; without any there is no index.

    `full_disk` makes filling it fail, and the old one stays.
    """

    def __init__(
        self, packages: Iterable[Package] | None = None, options: Iterable[NixosOption] = ()
    ) -> None:
        self._about: IndexAbout | None = None
        self._packages: dict[str, Package] = {}
        self._options: dict[str, NixosOption] = {}
        self.full_disk = False
        if packages is not None:
            long_ago = datetime(2026, 1, 1, tzinfo=UTC)
            self.replace(Nixpkgs(source="a test"), packages, options, built_at=long_ago)

    def about(self) -> IndexAbout | None:
        return self._about

    def find(self, attribute: str) -> Package | None:
        return self._known().get(attribute)

    def covers(self, attribute: str) -> bool:
        parent, dot, _ = attribute.rpartition(".")
        known = self._known()
        return (
            not dot
            or attribute.partition(".")[0] not in known
            or any(name.rpartition(".")[0] == parent for name in known)
        )

    def near(self, attribute: str) -> Sequence[str]:
        parent = attribute.rpartition(".")[0]
        return [
            name
            for name, package in self._known().items()
            if name.rpartition(".")[0] == parent and not package.is_set
        ]

    def search(self, text: str, *, limit: int) -> Sequence[Package]:
        words = text.lower().split()
        found = [
            package
            for package in self._known().values()
            if words and not package.is_set and all(_has(package, word) for word in words)
        ]
        return sorted(found, key=lambda package: _rank(package, words[0]))[:limit]

    def beginning(self, prefix: str, *, limit: int) -> Sequence[str]:
        known = self._known().items()
        found = (n for n, package in known if n.startswith(prefix) and not package.is_set)
        return sorted(found)[:limit]

    def option(self, name: str) -> NixosOption | None:
        self._known()
        return self._options.get(name)

    def options_below(self, prefix: str) -> Sequence[NixosOption]:
        self._known()
        below = (o for n, o in self._options.items() if f"{n}.".startswith(f"{prefix}."))
        return sorted(below, key=lambda option: option.name)

    def options_beside(self, prefix: str) -> Sequence[str]:
        self._known()
        start = f"{prefix}." if prefix else ""
        meant = (o.name for o in self._options.values() if not (o.hidden or o.internal))
        return sorted({split_option(n[len(start) :])[0] for n in meant if n.startswith(start)})

    def replace(
        self,
        nixpkgs: Nixpkgs,
        packages: Iterable[Package],
        options: Iterable[NixosOption],
        *,
        built_at: datetime,
        skipped: Callable[[], int] = int,
    ) -> IndexAbout:
        new = {package.attribute: package for package in packages}
        told = {option.name: option for option in options}
        if self.full_disk:
            raise StoreError("cannot write the index: the disk is full", hint="df -h")
        self._packages, self._options = new, told
        about = IndexAbout(
            nixpkgs=nixpkgs,
            built_at=built_at,
            packages=sum(not package.is_set for package in new.values()),
            options=len(told),
            skipped=skipped(),
        )
        self._about = about
        return about

    def _known(self) -> dict[str, Package]:
        if self._about is None:
            raise ConfigurationError("there is no index of packages yet", hint="capsule pkg index")
        return self._packages


def _has(package: Package, word: str) -> bool:
    return word in package.attribute.lower() or word in (package.summary or "").lower()


def _rank(package: Package, word: str) -> tuple[int, int, str]:
    whole = package.attribute.lower()
    leaf = whole.rpartition(".")[2]
    order = [whole == word, leaf == word, whole.startswith(word), leaf.startswith(word)]
    order += [word in whole, True]
    return order.index(True), len(whole), whole


class FakePackageSource:
    """A nixpkgs of these packages and options. `breaks` ends reading packages half-way,
    `no_options` that of options.
    """

    def __init__(
        self,
        packages: Sequence[Package] = (),
        options: Sequence[NixosOption] = (),
        broken: Sequence[str] = (),
    ) -> None:
        self._packages = packages
        self._options = options
        self._broken = broken
        self._read = False
        self.breaks: Exception | None = None
        self.no_options: str | None = None

    def nixpkgs(self, progress: Progress) -> Nixpkgs:
        progress(0.0, "reading names")
        return Nixpkgs(source="/srv/nixpkgs", release="26.05", revision="a" * 40)

    def packages(self, progress: Progress) -> Iterator[Package]:
        for done, package in enumerate(self._packages):
            progress(float(done), f"{done} of {len(self._packages)} packages")
            if self.breaks and done:
                raise self.breaks
            yield package
        self._read = True

    def skipped(self) -> Sequence[str]:
        return list(self._broken) if self._read else []

    def options(self, progress: Progress) -> Iterator[NixosOption]:
        progress(0.0, "reading NixOS options")
        yield from self._options[:1]
        if self.no_options:
            raise NixFailed(self.no_options)
        yield from self._options[1:]
