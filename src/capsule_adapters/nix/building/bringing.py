"""A system's closure from the store where it was built to the machine that will run it."""

import json
from contextlib import suppress
from dataclasses import dataclass

from capsule_adapters.nix.building import words
from capsule_adapters.nix.building.here import silent
from capsule_adapters.nix.building.machines import Machines, place_of
from capsule_adapters.nix.building.over_ssh import NixOverSsh
from capsule_adapters.nix.building.signing import SigningKey
from capsule_adapters.nix.building.stores import Closure, StoreFacts
from capsule_adapters.nix.building.ways import BUILDER, MACHINE, store_of
from capsule_adapters.nix.pulse import Pulse
from capsule_domain.errors import CommandFailed, NixFailed, ToolMissing
from capsule_domain.models.facts import Sudo
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.nixos_hosts import Machine
from capsule_domain.ports.system_builder import StoreTrust

_MIB = 2**20


@dataclass(frozen=True)
class Bringing:
    """Sends what is missing, signed where that is what the machine wants."""

    nix: NixOverSsh
    machines: Machines
    key: SigningKey

    def trust(self, machine: Machine, live: LiveSystem) -> StoreTrust:
        """Root is trusted by every Nix; of others its daemon decides, and tells since 2.18."""
        if machine is None or live.sudo is Sudo.ROOT:
            return StoreTrust.TRUSTED
        facts = self.machines.look(machine)
        said = self._says_trusted(machine, facts.nix)
        if live.trusted_by_store if said is None else said:
            return StoreTrust.TRUSTED
        return StoreTrust.SIGNED if self.key.known() in facts.keys else StoreTrust.NEITHER

    def _says_trusted(self, machine: Target | Destination, nix: str) -> bool | None:
        """What its daemon says; None where it does not tell, or our Nix does not ask."""
        for command in ("info", "ping"):
            told = words.store_info(store_of(MACHINE, nix), command)
            with suppress(NixFailed, ToolMissing, ValueError, KeyError, TypeError):
                said = self.nix.run(told, {MACHINE: machine}, "cannot ask the store", silent())
                trusted = json.loads(said.stdout)["trusted"]
                return None if trusted is None else bool(trusted)
        return None

    def bring(self, path: str, builder: Destination | None, machine: Machine, pulse: Pulse) -> None:
        """From `builder`, or from here. What is there already is not sent."""
        (closure,) = self.machines.closures(builder, path)
        facts = self.machines.look(machine, sorted(closure.sizes))
        if not facts.missing:
            return
        _refuse_full(closure, facts, place_of(machine))
        source = None if builder is None else store_of(BUILDER, self.machines.look(builder).nix)
        to = None if machine is None else store_of(MACHINE, facts.nix)
        both = {BUILDER: builder, MACHINE: machine}
        ends = {name: one for name, one in both.items() if one is not None}
        signed = self.key.known() in facts.keys
        if signed:
            told = words.sign(path, key_file=self.key.secret_file, store=source)
            self.nix.run(told, ends, "cannot sign the system", pulse)
        told = words.copy(path, source=source, to=to, signed=signed)
        self.nix.run(told, ends, "cannot copy the system", pulse)


def _refuse_full(closure: Closure, facts: StoreFacts, place: str) -> None:
    """A copy that runs out of room leaves what it has sent, and the machine without any."""
    needed = sum(closure.sizes.get(path, 0) for path in facts.missing)
    if facts.free_bytes is not None and needed > facts.free_bytes:
        raise CommandFailed(
            f"{place} has {facts.free_bytes // _MIB} MiB left in /nix/store, and "
            f"{needed // _MIB} MiB would come",
            hint="there: nix-collect-garbage --delete-older-than 30d",
        )
