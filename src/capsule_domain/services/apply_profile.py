"""The profile of an xNode, brought onto it as its system takes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from capsule_domain.errors import (
    CapsuleError,
    CommandFailed,
    HostError,
    HostKeyChanged,
    HostUnreachable,
    NixFailed,
    StoreError,
)
from capsule_domain.models.deployment import DeployPlan
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.planting import PlantEvent, PlantPlan, PlantStep, counted
from capsule_domain.models.profile import Environment
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.provider import Provider
from capsule_domain.services.diary import Report
from capsule_domain.services.plant import Plant
from capsule_domain.services.ready import target_of

PROFILE_SECONDS = 3600.0
TOLD_EVERY_SECONDS = 20.0
"""Each word of Nix is no event of a deployment: it is journalled."""
LITTLE_MEMORY_MIB = 2048
"""Below it Nix may be ended while it evaluates nixpkgs; who knows better goes on."""

_LONG = (PlantStep.NIX, PlantStep.ENVIRONMENT)


@dataclass(frozen=True)
class ProfileApplied:
    """A step of `settle`. On the cloud's own system the profile is planted, and seen there.

    Capsule itself is left out: a fresh Ubuntu has no Python that makes environments.
    """

    plant: Callable[[], Plant]
    environment: Callable[[str], Environment]
    clock: Clock
    timeout_seconds: float = PROFILE_SECONDS

    def run(self, cloud: Provider, xnode: XNode, report: Report) -> XNode:  # noqa: ARG002
        """Raises HostError when it cannot be planted: the machine stays rented."""
        if xnode.profile is None:
            return xnode
        if xnode.os is OperatingSystem.NIXOS:
            report("profile", f"{xnode.profile} is in its configuration")
        elif xnode.os is OperatingSystem.XNODEOS:
            report("profile", f"{xnode.profile} is noted, and not applied: it runs {xnode.os}")
        else:
            try:
                self._plant(xnode, xnode.profile, report)
            except StoreError:
                raise  # our own journal, and no fault of the machine's
            except CapsuleError as error:
                raise _left_as_it_is(error, xnode) from error
        return xnode

    def _plant(self, xnode: XNode, profile: str, report: Report) -> None:
        service = self.plant()
        planting = service.plan(target_of(xnode), self.environment(profile), capsule=False)
        report("profile", _what_it_takes(planting.plan))
        planted = service.run(
            planting,
            progress=Telling(report, self.clock),
            timeout_seconds=self.timeout_seconds,
        )
        changes = counted(planted.changes)
        report("profile applied", f"{profile}, seen by a fresh login shell: {changes}")


@dataclass
class Telling:
    """The long steps, and now and then what is heard of them."""

    report: Report
    clock: Clock
    _silent_until: float = field(default=0.0, init=False)

    def __call__(self, event: PlantEvent) -> None:
        if event.step not in _LONG:
            return
        now = self.clock.monotonic()
        if not event.detail:
            self.report("profile", event.step.doing)
            self._silent_until = now
        elif now >= self._silent_until:
            self.report("profile", "".join(c for c in event.detail if c.isprintable())[:160])
            self._silent_until = now + TOLD_EVERY_SECONDS


def remark_on_memory(
    plans: Sequence[DeployPlan], builds_here_for: Callable[[], str | None]
) -> str | None:
    """What is to be known before it is rented: that a machine may be too small for its profile.

    `builds_here_for` is what the Nix of this machine builds for; asked only when it matters.
    """
    small = [plan for plan in plans if _may_be_too_small(plan)]
    here = builds_here_for() if small else None
    # What is built here is only sent there.
    small = [plan for plan in small if here != f"{plan.offer.arch}-linux"]
    if not small:
        return None
    who = f"{small[0].name} has" if len(plans) == 1 else f"{len(small)} of {len(plans)} have"
    gib = min(plan.offer.memory_mib for plan in small) / 1024
    return (
        f"{who} {gib:g} GiB of memory, which is little for Nix to build {small[0].profile} in: "
        f"--min-memory {LITTLE_MEMORY_MIB // 1024} is safer"
    )


def _may_be_too_small(plan: DeployPlan) -> bool:
    planted = plan.profile is not None and plan.os is OperatingSystem.STOCK
    return planted and plan.offer.memory_mib < LITTLE_MEMORY_MIB


def _what_it_takes(plan: PlantPlan) -> str:
    where = "there" if plan.build_on == "remote" else "here"
    return (
        f"{plan.profile} onto {plan.machine}: {counted(plan.changes)}, "
        f"built {where}, {plan.build_because}"
    )


def _left_as_it_is(error: CapsuleError, xnode: XNode) -> HostError:
    """As what it is, with the ways on: nothing of what was reached is undone."""
    message = f"{error.message}; the server runs and is billed"
    hint = (
        f"go on: capsule openmesh deploy --resume {xnode.deployment or xnode.name}; "
        f"by hand: capsule plant --xnode {xnode.name} --profile {xnode.profile}; "
        f"or end it: capsule openmesh xnode terminate {xnode.name}"
    )
    if isinstance(error, NixFailed):
        return NixFailed(message, lines=error.lines, hint=hint)
    for kind in (HostKeyChanged, HostUnreachable):
        if isinstance(error, kind):
            return kind(message, hint=hint)
    return CommandFailed(message, hint=hint)
