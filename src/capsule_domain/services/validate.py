"""Validate: is a configuration sound, as far as this machine can tell?"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath

from capsule_domain.errors import (
    ConfigurationError,
    HostUnreachable,
    NixFailed,
    StoreError,
    ToolMissing,
)
from capsule_domain.models.finding import Finding, Level, Validation, ValidationStep
from capsule_domain.models.setting import Reading
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.configurations import Configurations
from capsule_domain.ports.module_reader import ModuleReader
from capsule_domain.ports.nix_systems import NixSystems, Progress
from capsule_domain.ports.nix_tool import NixTool
from capsule_domain.ports.package_index import PackageIndex
from capsule_domain.ports.settings import Choices
from capsule_domain.services.check import told
from capsule_domain.services.check_options import check_options
from capsule_domain.services.find_systems import (
    last_configuration,
    nixpkgs_at_hand,
    roots_of,
    systems_source,
)
from capsule_domain.services.judge_systems import judge_systems, told_of_systems
from capsule_domain.services.verdicts import errors_of

_INDEX = "capsule pkg index"
_WITH_NIXPKGS = "capsule nixos validate --nixpkgs FOLDER"
_NO_NIX = "Nix is not installed, so nothing was checked"
_HIGHEST = "there is no higher level"
_ASKED = "no higher one was asked for"


def _silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Validate:
    """Checks a configuration at the highest level there is, and says which that was."""

    nix_tool: NixTool
    configurations: Configurations
    choices: Choices
    reader: ModuleReader
    index: PackageIndex
    systems: NixSystems

    def run(
        self,
        path: str | None = None,
        *,
        level: Level | None = None,
        nixpkgs: str | None = None,
        progress: Progress = _silent,
    ) -> Validation:
        """Check a folder or one file; None is the configuration generated last.

        Every level up to `level` is tried, None for all, until one finds an error. Level
        None in the answer means that Nix is absent and nothing was checked. Raises
        ConfigurationError when there is nothing to check, or `level` cannot be reached
        for another reason than what was found; NotFound, HostError, StoreError.
        """
        place = last_configuration(self.choices.settings()) if path is None else path
        files = self.configurations.nix_files(place)
        if not files:
            raise ConfigurationError(f"{place}: holds no .nix file", hint="capsule nixos generate")
        if self.nix_tool.version() is None:
            if level is not None:
                raise ToolMissing("Nix", hint="install Nix: capsule bootstrap")
            return Validation(level=None, why=_NO_NIX, files=tuple(map(str, files)))
        work = _Work(self, files, nixpkgs, progress)
        return work.climb(level or Level.BUILD, is_asked=level is not None)


@contextmanager
def _as_absence() -> Iterator[None]:
    """What Nix cannot do here says nothing of the configuration."""
    try:
        yield
    except (HostUnreachable, NixFailed, ToolMissing, StoreError) as error:
        raise _NotHere(error.message, error.hint) from error


class _NotHere(Exception):
    """This machine cannot do a level; `hint` is the remedy."""

    def __init__(self, why: str, hint: str | None) -> None:
        super().__init__(why)
        self.hint = hint


@dataclass
class _Work:
    """One configuration, on its way up."""

    with_: Validate
    files: Sequence[PurePath]
    given_nixpkgs: str | None
    progress: Progress
    findings: list[Finding] = field(default_factory=list)
    steps: list[ValidationStep] = field(default_factory=list)
    hints: dict[Level, str | None] = field(default_factory=dict)

    def climb(self, highest: Level, *, is_asked: bool) -> Validation:
        """Try each level up to `highest`; an error ends it."""
        for level, check in self._levels():
            try:
                detail, is_done = check(), True
            except _NotHere as absent:
                detail, is_done = str(absent), False
                self.hints[level] = absent.hint
                if level is highest and is_asked:
                    message = f"level {level} cannot be reached here: {detail}"
                    raise ConfigurationError(message, hint=absent.hint) from absent
            self.steps.append(ValidationStep(level=level, done=is_done, detail=detail))
            if errors_of(self.findings) or level is highest:
                break
        return self._validation(highest)

    def _levels(self) -> Iterator[tuple[Level, Callable[[], str]]]:
        yield Level.SYNTAX, self._syntax
        yield Level.OPTIONS, self._options
        yield Level.EVAL, self._eval
        yield Level.BUILD, self._build

    def _validation(self, highest: Level) -> Validation:
        done = [step.level for step in self.steps if step.done]
        reached = done[-1] if done else None
        return Validation(
            level=reached,
            why=self._why(reached, highest),
            steps=tuple(self.steps),
            files=tuple(map(str, self.files)),
            findings=tuple(self.findings),
        )

    def _why(self, reached: Level | None, highest: Level) -> str:
        if reached is Level.BUILD:
            return _HIGHEST
        if errors_of(self.findings):
            return "the errors are to be corrected first"
        if reached is highest:
            return _ASKED
        levels = [step.level for step in self.steps]
        passed = 0 if reached is None else levels.index(reached)
        missed = next(step for step in self.steps[passed:] if not step.done)
        remedy = self.hints[missed.level]
        return f"{missed.detail}: {remedy}" if remedy else missed.detail

    def _syntax(self) -> str:
        self.findings += self.with_.nix_tool.parse(self.files)
        return _counted(len(self.files), "file")

    def _options(self) -> str:
        with _as_absence():  # an index of an older Capsule, for one
            about = self.with_.index.about()
            if about is None or about.options == 0:
                raise _NotHere("there is no index of NixOS options", _INDEX)
            judged = check_options(self._reading, self.with_.index)
        self.findings += judged.findings
        detail = (
            f"{_counted(judged.judged, 'setting')} against {about.options} options"
            f" of nixpkgs {about.nixpkgs.release or about.nixpkgs.source}"
        )
        if judged.unjudged:
            detail += f"; {judged.unjudged} more cannot be judged without evaluating"
        return detail

    def _eval(self) -> str:
        source = self._source
        if source is None:
            why = "there is no configuration.nix and no flake.nix of whole systems"
            raise _NotHere(why, "capsule nixos generate")
        with _as_absence():
            report = self.with_.systems.evaluate(
                source, nixpkgs=self._nixpkgs, progress=self.progress
            )
        self.findings += judge_systems(report, self._reading)
        return told_of_systems(report)

    def _build(self) -> str:
        source = self._source
        if source is None or Level.EVAL not in {step.level for step in self.steps if step.done}:
            raise _NotHere("what cannot be evaluated cannot be built", None)
        with _as_absence():
            plan = self.with_.systems.plan(source, nixpkgs=self._nixpkgs, progress=self.progress)
        return told(plan)

    @cached_property
    def _reading(self) -> Reading:
        return self.with_.reader.read(roots_of(self.files))

    @cached_property
    def _source(self) -> SystemsSource | None:
        return systems_source(self.files, self.with_.configurations)

    @cached_property
    def _nixpkgs(self) -> str | None:
        """The folder of nixpkgs to evaluate with; none for a flake whose own is locked."""
        if self._source is not None and self._source.locked:
            return None
        with _as_absence():
            found = nixpkgs_at_hand(
                self.with_.systems, self.with_.index, self.given_nixpkgs, self.progress
            )
        if found is None:
            raise _NotHere("no nixpkgs is here: <nixpkgs> leads nowhere", _WITH_NIXPKGS)
        return found


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
