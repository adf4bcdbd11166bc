"""What a person has to know before a machine is switched, beside the rules against lock-out."""

from collections.abc import Sequence

from capsule_domain.errors import CommandFailed
from capsule_domain.models.closure import ClosureDifference
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.finding import Finding, Severity
from capsule_domain.models.switch import SwitchMode
from capsule_domain.ports.nixos_hosts import Machine
from capsule_domain.ports.system_builder import BuildOrder, SystemBuilder


def compared(
    builder: SystemBuilder, before: str, after: str, machine: Machine
) -> tuple[ClosureDifference | None, Sequence[Finding]]:
    """What tells two systems apart; a machine that cannot tell is switched all the same.

    Raises NotFound for a system that is not there, HostUnreachable.
    """
    try:
        return builder.compare(before, after, machine), ()
    except CommandFailed as error:
        return None, (warning("difference", f"what would change is unknown: {error.message}"),)


def warning(rule: str, message: str, hint: str | None = None) -> Finding:
    """What a person has to know before."""
    return Finding(rule=rule, severity=Severity.WARNING, message=message, hint=hint)


def unlocked(order: BuildOrder, new: EvaluatedSystem) -> Sequence[Finding]:
    """A flake names a nixpkgs; which one was taken instead, as long as no lock says more?"""
    source = order.source
    if source.flake is None or source.locked or new.placeholder_hardware:
        return ()
    nixpkgs = order.nixpkgs or "the machine's <nixpkgs>"
    return (
        warning(
            "unlocked",
            f"its flake has no lock: it is NixOS {new.release} here, by {nixpkgs}, whatever"
            " flake.nix names",
            source.how_to_pin,
        ),
    )


def without_guard(new: EvaluatedSystem, mode: SwitchMode) -> Sequence[Finding]:
    """A start is undone by the next one; who brings that about, when nobody gets in?"""
    if mode is not SwitchMode.REBOOT or new.guarded:
        return ()
    return (
        warning(
            "unguarded",
            "started, and not reached, it stays until its power is cut: nothing in it goes back",
            "guard.nix, which capsule nixos generate writes",
        ),
    )
