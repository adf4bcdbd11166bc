"""Forecasts: what Nix would do, and what it says of each package, before anything is done."""

from pydantic import Field

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.finding import Finding, Severity


class LockedNixpkgs(Model):
    """The nixpkgs that a lock names: its commit, and when that was made."""

    revision: str | None = None
    date: Moment | None = None


class BuildPlan(Model):
    """What Nix would do to make something.

    `build` names what would be built here, from source or by putting packages together;
    sizes are None where Nix gives none.
    """

    fetch: int = Field(default=0, ge=0)
    """How many store paths would be downloaded."""
    download_mib: float | None = None
    unpacked_mib: float | None = None
    build: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """What Nix does not know how to come by."""


class Forecast(BuildPlan):
    """What making an environment would take; `store_path` is what it would be."""

    store_path: str


class PackageFacts(Model):
    """What nixpkgs says of one package.

    `found` is False when no attribute has that path, `evaluates` when looking at it
    fails: then the rest says nothing. `name` is what the package calls itself: its
    licence is allowed by it. `system` is the platform that all this is about, such as
    `x86_64-linux`, and `available` whether the package is for it.
    """

    found: bool = True
    evaluates: bool = True
    name: str | None = None
    version: str | None = None
    broken: bool = False
    unfree: bool = False
    insecure: bool = False
    available: bool = True
    system: str | None = None


class InspectionStep(Model):
    """A step of `check`: whether it was done, and what it saw or why it was not."""

    name: str
    done: bool
    detail: str = ""


class Inspection(Model):
    """What `check` saw of a profile: the steps, what is wrong, and what setup would do."""

    profile: str | None = None
    steps: tuple[InspectionStep, ...] = ()
    findings: tuple[Finding, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changes: bool | None = None
    """Whether setup would install something else; None when that could not be told."""
    forecast: Forecast | None = None

    @property
    def ok(self) -> bool:
        return not any(finding.severity is Severity.ERROR for finding in self.findings)
