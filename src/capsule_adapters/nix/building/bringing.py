"""A system's closure from the store where it was built to the machine that will run it."""

from dataclasses import dataclass

from capsule_adapters.nix.building import words
from capsule_adapters.nix.building.here import NixHere
from capsule_adapters.nix.building.machines import Machines, place_of
from capsule_adapters.nix.building.signing import SigningKey
from capsule_adapters.nix.building.stores import Closure, StoreFacts
from capsule_adapters.nix.building.ways import BUILDER, MACHINE, SshWays, store_of
from capsule_adapters.nix.pulse import Pulse
from capsule_domain.errors import CommandFailed, NixFailed
from capsule_domain.models.facts import Sudo
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.nixos_hosts import Machine
from capsule_domain.ports.system_builder import StoreTrust

_MIB = 2**20


@dataclass(frozen=True)
class Bringing:
    """Sends what is missing, signed where that is what the machine wants."""

    nix: NixHere
    machines: Machines
    ways: SshWays
    key: SigningKey

    def trust(self, machine: Machine, live: LiveSystem) -> StoreTrust:
        """Root is trusted by every Nix; of others its daemon decides, and tells since 2.18."""
        if machine is None or live.sudo is Sudo.ROOT:
            return StoreTrust.TRUSTED
        facts = self.machines.look(machine)
        if self._is_trusted(machine, live, facts):
            return StoreTrust.TRUSTED
        return StoreTrust.SIGNED if self.key.known() in facts.keys else StoreTrust.NEITHER

    def _is_trusted(self, machine: Target | Destination, live: LiveSystem, of: StoreFacts) -> bool:
        said = None
        if self.nix.is_there:
            with self.ways.open(self.nix.nix.environment, {MACHINE: machine}) as environment:
                said = self.nix.is_trusted(store_of(MACHINE, of.nix), environment)
        return bool(live.trusted_by_store if said is None else said)

    def bring(self, path: str, builder: Destination | None, machine: Machine, pulse: Pulse) -> None:
        """From `builder`, or from here. What is there already is not sent."""
        (closure,) = self.machines.closures(builder, path)
        facts = self.machines.look(machine, sorted(closure.sizes))
        if not facts.missing:
            return
        _refuse_full(closure, facts, place_of(machine))
        source = None if builder is None else store_of(BUILDER, self.machines.look(builder).nix)
        ends = {BUILDER: builder, MACHINE: machine}
        known = {name: one for name, one in ends.items() if one is not None}
        with self.ways.open(self.nix.nix.environment, known) as environment:
            signed = self.key.known() in facts.keys
            if signed:
                told = words.sign(path, key_file=self.key.secret_file, store=source)
                self.nix.tell(told, environment, "cannot sign the system", pulse)
            to = None if machine is None else store_of(MACHINE, facts.nix)
            try:
                told = words.copy(path, source=source, to=to, signed=signed)
                self.nix.tell(told, environment, "cannot copy the system", pulse)
            except NixFailed as error:
                raise _explained(error, {n: one.label for n, one in known.items()}) from error


def _refuse_full(closure: Closure, facts: StoreFacts, place: str) -> None:
    """A copy that runs out of room leaves what it has sent, and the machine without any."""
    needed = sum(closure.sizes.get(path, 0) for path in facts.missing)
    if facts.free_bytes is not None and needed > facts.free_bytes:
        raise CommandFailed(
            f"{place} has {facts.free_bytes // _MIB} MiB left in /nix/store, and "
            f"{needed // _MIB} MiB would come",
            hint="there: nix-collect-garbage --delete-older-than 30d",
        )


def _explained(error: NixFailed, labels: dict[str, str]) -> NixFailed:
    """In a person's words: machines by their names, and what a daemon wants of its users."""
    lines = [_named(line, labels) for line in error.lines]
    if any("signature" in line for line in lines):
        return NixFailed(
            f"the Nix of {labels.get(MACHINE, 'this machine')} takes nothing from a user that it "
            "does not trust",
            lines=lines,
            hint="let it build by itself: --build-on remote",
        )
    return NixFailed(_named(error.message, labels), lines=lines, hint=error.hint)


def _named(text: str, labels: dict[str, str]) -> str:
    for name, label in labels.items():
        text = text.replace(name, label)
    return text
