"""This machine's Nix, as it talks to the stores of other machines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from capsule_adapters.nix.building.ways import MACHINE, SshWays
from capsule_adapters.nix.process import NixProcess, Said
from capsule_adapters.nix.pulse import InOtherWords, Pulse
from capsule_domain.errors import CommandFailed, HostUnreachable, NixFailed, StoreError
from capsule_domain.ports.host import Destination, Target

Ends = Mapping[str, Target | Destination]
"""Machines, by what they are called for Nix."""


@dataclass(frozen=True)
class NixOverSsh:
    """What goes wrong is told with the names that people have for machines."""

    nix: NixProcess
    ways: SshWays

    def run(
        self,
        told: Sequence[str],
        ends: Ends,
        doing: str,
        pulse: Pulse,
        *,
        timeout_seconds: float | None = None,
    ) -> Said:
        """Raises ToolMissing, NixFailed, HostError."""
        try:
            with self.ways.open(self.nix.environment, ends) as environment:
                nix = NixProcess(environment, self.nix.places)
                heard = InOtherWords(pulse, lambda line: _named(line, ends))
                return nix.run(told, doing=doing, pulse=heard, timeout_seconds=timeout_seconds)
        except NixFailed as error:
            raise _explained(error, ends) from error
        except HostUnreachable as error:
            raise HostUnreachable(_named(error.message, ends)) from error
        except StoreError as error:  # nobody knows on which of them
            raise CommandFailed(
                _named(error.message, ends), hint="look here and there: df -h /nix/store"
            ) from error


def _explained(error: NixFailed, ends: Ends) -> NixFailed:
    """Machines by their names, and what a daemon wants of its users."""
    lines = [_named(line, ends) for line in error.lines]
    if not any("signature" in line for line in lines):
        return NixFailed(_named(error.message, ends), lines=lines, hint=error.hint)
    place = ends[MACHINE].label if MACHINE in ends else "this machine"
    return NixFailed(
        f"the Nix of {place} takes nothing from a user that it does not trust",
        lines=lines,
        hint="let it build by itself: --build-on remote",
    )


def _named(text: str, ends: Ends) -> str:
    for name, machine in ends.items():
        text = text.replace(name, machine.label)
    return text
