"""What a person wants of an installation, and what came of looking at the machine."""

from collections.abc import Collection
from dataclasses import dataclass

from capsule_domain.errors import UnsafePlan
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.finding import Severity
from capsule_domain.models.machine_survey import DiskFacts, MachineSurvey
from capsule_domain.models.nixos_install import ChosenWay, InstallPlan
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.host import Destination, Target
from capsule_domain.services.apply_source import HostSource


@dataclass(frozen=True)
class InstallWish:
    """What a person typed: a folder, a host of it, a disk; rules that are allowed.

    `xnode`: which one the machine is. Without a folder its own configuration is meant.
    """

    xnode: XNode | None = None
    place: str | None = None
    host: str | None = None
    disk: str | None = None
    nixpkgs: str | None = None
    allowed: Collection[str] = ()


@dataclass(frozen=True)
class Installing:
    """A machine that was looked at, and what is to come onto it: to be shown, then run."""

    machine: Target | Destination
    wish: InstallWish
    survey: MachineSurvey
    source: HostSource
    chosen: ChosenWay
    disk: DiskFacts | None
    new: EvaluatedSystem | None
    plan: InstallPlan


def refuse_unsafe_install(plan: InstallPlan) -> None:
    """Raises UnsafePlan when anything speaks against it."""
    errors = [one for one in plan.findings if one.severity is Severity.ERROR]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise UnsafePlan(f"{plan.host}: {errors[0].message}{more}", hint=errors[0].hint)
