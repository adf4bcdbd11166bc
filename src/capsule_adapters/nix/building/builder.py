"""The `SystemBuilder` port: systems built by Nix here or elsewhere, brought, and compared."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from capsule_adapters.nix.building import stores, words
from capsule_adapters.nix.building.bringing import Bringing
from capsule_adapters.nix.building.differences import difference
from capsule_adapters.nix.building.here import NixHere, refuse_unpinned
from capsule_adapters.nix.building.machines import Machines, place_of
from capsule_adapters.nix.building.over_ssh import NixOverSsh
from capsule_adapters.nix.building.rooms import sent
from capsule_adapters.nix.building.signing import SigningKey
from capsule_adapters.nix.building.ways import BUILDER, SshWays, store_of
from capsule_adapters.nix.describe import describe, describe_there
from capsule_adapters.nix.process import PLACES, NixProcess
from capsule_adapters.nix.pulse import Pulse, beating, hearing
from capsule_domain.errors import ConfigurationError, ToolMissing
from capsule_domain.models.closure import ClosureDifference
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.ports.host import Destination, Hosts, Target
from capsule_domain.ports.nixos_hosts import Machine
from capsule_domain.ports.system_builder import BuildOrder, Progress, StoreTrust

_WITHOUT_NIX = "install Nix: capsule bootstrap; or let the machine do it: --build-on remote"


class NixSystemBuilder:
    """Implements the SystemBuilder port. `environment` is what Nix sees, with PATH and HOME.

    `folder` is for what is built here, kept from the garbage collector until `close`, and for
    Capsule's own signing key. Safe to use from many threads.
    """

    def __init__(
        self,
        *,
        hosts: Callable[[], Hosts],
        ways: SshWays,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        places: Sequence[str] = PLACES,
    ) -> None:
        seen = dict(os.environ if environment is None else environment)
        nix = NixProcess(seen, places)
        self._here = NixHere(nix, folder / "builds")
        self._machines = Machines(hosts, seen)
        self._over_ssh = NixOverSsh(nix, ways)
        self._key = SigningKey(folder / "signing", nix)
        self._bringing = Bringing(self._over_ssh, self._machines, self._key)

    def describe(self, order: BuildOrder, machine: Machine, progress: Progress) -> EvaluatedSystem:
        """By this machine's Nix; where there is none, by the machine's own."""
        if self._here.is_there or machine is None:
            refuse_unpinned(order)
            return describe(
                self._here.nix,
                order.source,
                order.host,
                nixpkgs=order.nixpkgs,
                progress=progress,
            )
        place = place_of(machine)
        with (
            self._machines.entered(machine) as host,
            sent(host, place, order.source) as room,
            beating(Pulse(progress)),
        ):
            room.furnish(host, order.host)
            try:
                return describe_there(
                    host, room.source, order.host, room=room.path, progress=progress
                )
            except ConfigurationError as error:
                raise ConfigurationError(room.as_here(error.message), hint=error.hint) from error

    def builds_here(self, system: str) -> bool:
        """What Nix's settings say: its own system, and those that it emulates."""
        return system in self._here.systems()

    def build(self, order: BuildOrder, machine: Machine, progress: Progress) -> str:
        """Evaluated here and built where it is ordered; without a Nix here all of it there."""
        place = machine if order.on_machine else order.where
        if self._here.is_there:
            refuse_unpinned(order)
        elif place is None or not order.on_machine:
            raise ToolMissing("Nix", hint=_WITHOUT_NIX)
        with beating(Pulse(progress)) as pulse:
            if place is None:
                return self._here.build(order, pulse)
            build = self._realised if self._here.is_there else self._built_there
            return build(order, place, pulse)

    def trust(self, machine: Machine, live: LiveSystem) -> StoreTrust:
        """As its daemon tells, else as the machine itself looked."""
        return self._bringing.trust(machine, live)

    def signing_key(self) -> str:
        """The public half of Capsule's own pair."""
        return self._key.public()

    def bring(self, order: BuildOrder, path: str, machine: Machine, progress: Progress) -> None:
        """By `nix copy`; afterwards it is kept there from the garbage collector."""
        if order.on_machine or order.where is None is machine:
            return
        with beating(Pulse(progress)) as pulse:
            self._bringing.bring(path, order.where, machine, pulse)
            if machine is None:
                self._here.keep(path, pulse)
                return
            with self._machines.entered(machine) as host:
                stores.realise(host, machine.label, path, _name(order))

    def compare(self, before: str, after: str, machine: Machine) -> ClosureDifference:
        """One round trip to the machine."""
        was, now = self._machines.closures(machine, before, after)
        return difference(was, now)

    def close(self) -> None:
        """What was built here may be collected."""
        self._here.close()

    def _realised(self, order: BuildOrder, place: Target | Destination, pulse: Pulse) -> str:
        derivation = self._here.instantiate(order, pulse)
        nix = self._machines.look(place).nix
        told = words.copy_derivation(derivation, store_of(BUILDER, nix))
        self._over_ssh.run(told, {BUILDER: place}, "cannot copy what is to be built", pulse)
        with self._machines.entered(place) as host:
            return stores.realise(host, place.label, derivation, _name(order), heard=hearing(pulse))

    def _built_there(self, order: BuildOrder, place: Target | Destination, pulse: Pulse) -> str:
        with (
            self._machines.entered(place) as host,
            sent(host, place.label, order.source) as room,
        ):
            room.furnish(host, order.host)
            return stores.build(host, place.label, room.path, _name(order), heard=hearing(pulse))


def _name(order: BuildOrder) -> str:
    """Under which the machine keeps the system: one for each host, whatever it is called."""
    return quote(order.host, safe="")
