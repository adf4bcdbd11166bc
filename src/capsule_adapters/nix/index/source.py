"""A nixpkgs, read by Nix: chunk by chunk, in memory that is there."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import as_file, files
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from capsule_adapters.nix.index.chunks import SharedPulse, read_in_chunks
from capsule_adapters.nix.index.memory import Share, available_bytes, share
from capsule_adapters.nix.index.place import Found, NixpkgsPlace
from capsule_adapters.nix.process import PLACES, NixProcess
from capsule_domain.errors import NixFailed
from capsule_domain.models.package import NixosOption, Nixpkgs, Package
from capsule_domain.ports.package_index import Progress

_RELEASE = "nixos-26.05"
_PYTHON = "python3Packages"
_DOING = "cannot read nixpkgs"
_LONGEST_SUMMARY = 300
_LONGEST_DEFAULT = 200
_NO_STORE = {"NIX_REMOTE": "dummy://"}
"""Names and descriptions need no store: nothing is built, nothing written."""

_Path = tuple[str, ...]


class NixpkgsSource:
    """`PackageSource` over a folder, a flake.lock's nixpkgs, a pin, `<nixpkgs>`, or a release.

    `environment` is where PATH, HOME and all else come from that Nix sees.
    """

    def __init__(
        self,
        *,
        folder: str | None = None,
        lock: Path | None = None,
        pin: str | None = None,
        release: str = _RELEASE,
        environment: Mapping[str, str] | None = None,
        places: Sequence[str] = PLACES,
        machine: Callable[[], Share] | None = None,
    ) -> None:
        seen = dict(os.environ if environment is None else environment)
        self._place = NixpkgsPlace(NixProcess(seen, places), folder, lock, pin, release)
        self._nix = NixProcess({**seen, **_NO_STORE}, places)
        self._machine = machine or (lambda: share(available_bytes(), os.cpu_count() or 1))
        self._broken: list[_Path] = []
        self._found: Found | None = None
        self._read_names: dict[str, Mapping[str, Any]] = {}
        self._number = count()

    def nixpkgs(self, progress: Progress) -> Nixpkgs:
        """Which one it is, and where it is from."""
        found = self._find(progress)
        names = self._names(found, progress)
        revision = found.revision or names.get("revision")
        return Nixpkgs(source=found.source, release=names.get("release"), revision=revision)

    def packages(self, progress: Progress) -> Iterator[Package]:
        """What is at the top and in python3Packages, in no order; functions are left out."""
        found = self._find(progress)
        names = self._names(found, progress)
        paths: list[_Path] = [(name,) for name in names["top"]]
        paths += [(_PYTHON, name) for name in names["python"]]
        done = 0
        pulse = _pulse(progress, lambda: f"{done} of {len(paths)} packages")
        with TemporaryDirectory(prefix="capsule-index-") as scratch:

            def read(chunk: Sequence[_Path]) -> Sequence[object]:
                return self._facts(found, chunk, Path(scratch), pulse)

            for chunk, answers in read_in_chunks(
                paths, read, share=self._machine(), pulse=pulse, broken=self._broken
            ):
                done += len(chunk)
                for path, answer in zip(chunk, answers, strict=True):
                    if isinstance(answer, dict):
                        yield _package(".".join(path), answer)

    def skipped(self) -> Sequence[str]:
        """Attributes that Nix could not evaluate."""
        return [".".join(path) for path in self._broken]

    def options(self, progress: Progress) -> Iterator[NixosOption]:
        """The options of a NixOS without any module of its own."""
        found = self._find(progress)
        pulse = _pulse(progress, lambda: "reading NixOS options")
        for option in self._evaluate("options.nix", found, {}, pulse):
            declared = [str(place) for place in option["declared"] if place]
            default = option["default"]
            yield NixosOption(
                name=option["name"],
                kind=option["kind"] or "",
                default=default if default is None else default[:_LONGEST_DEFAULT],
                declared=declared[0].removeprefix(f"{found.folder}/") if declared else None,
                hidden=option["hidden"],
                internal=option["internal"],
                removed=option["removed"],
                instead=option["instead"],
            )

    def _find(self, progress: Progress) -> Found:
        if self._found is None:
            self._found = self._place.find(_pulse(progress, lambda: "getting nixpkgs"))
        return self._found

    def _names(self, found: Found, progress: Progress) -> Mapping[str, Any]:
        pulse = _pulse(progress, lambda: "reading names")
        if found.folder not in self._read_names:
            self._read_names[found.folder] = self._evaluate("names.nix", found, {}, pulse)
        return self._read_names[found.folder]

    def _facts(
        self, found: Found, chunk: Sequence[_Path], scratch: Path, pulse: SharedPulse
    ) -> Sequence[object]:
        asked = scratch / f"{next(self._number)}.json"
        asked.write_text(json.dumps(chunk))
        answers = self._evaluate("packages.nix", found, {"names": str(asked)}, pulse)
        asked.unlink()
        if not isinstance(answers, list) or len(answers) != len(chunk):
            raise NixFailed(f"{_DOING}: nix answered something else than was asked")
        return answers

    def _evaluate(
        self, expression: str, found: Found, arguments: Mapping[str, str], pulse: SharedPulse
    ) -> Any:
        given = {"nixpkgs": found.folder, **arguments}
        said = [word for name, value in given.items() for word in ("--argstr", name, value)]
        with as_file(files("capsule_adapters.nix.index") / expression) as file:
            words = ["nix-instantiate", "--readonly-mode", "--eval", "--strict", "--json"]
            answer = self._nix.run([*words, *said, str(file)], doing=_DOING, pulse=pulse)
        try:
            return json.loads(answer.stdout)
        except ValueError as error:
            raise NixFailed(f"{_DOING}: nix's answer is not JSON") from error


def _pulse(progress: Progress, phase: Callable[[], str]) -> SharedPulse:
    return SharedPulse(lambda seconds, _: progress(seconds, phase()))


def _package(attribute: str, answer: Mapping[str, Any]) -> Package:
    if answer.get("set"):
        return Package(attribute=attribute, is_set=True)
    summary = answer["summary"]
    return Package(
        attribute=attribute,
        name=answer["name"] or None,
        version=answer["version"] or None,
        summary=" ".join(summary.split())[:_LONGEST_SUMMARY] if summary else None,
        licence=", ".join(answer["licence"]) or None,
        unfree=bool(answer["unfree"]),
    )
