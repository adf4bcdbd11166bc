"""Two systems of one machine, named in a person's words, and what tells them apart."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from capsule_domain.errors import NotFound
from capsule_domain.models.closure import ClosureDifference
from capsule_domain.models.generation import Generation
from capsule_domain.ports.nixos_hosts import Machine, NixosHost, NixosHosts
from capsule_domain.ports.system_builder import SystemBuilder
from capsule_domain.services.go_back import there_are

RUNNING, BOOTED, PROFILE, PREVIOUS = "running", "booted", "profile", "previous"
WORDS = (RUNNING, BOOTED, PROFILE, PREVIOUS)
"""How a system can be called besides its generation's number and its store path."""

_TOLD_BY: Mapping[str, Callable[[Generation], bool | None]] = {
    RUNNING: lambda one: one.running,
    BOOTED: lambda one: one.booted,
    PROFILE: lambda one: one.current,
}
_STORE = "/nix/store/"
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class CompareSystems:
    """Nothing is changed, and no root is needed but for a system that is no generation."""

    hosts: NixosHosts
    builder: SystemBuilder

    def run(self, before: str, after: str, machine: Machine) -> ClosureDifference:
        """Each is a generation's number, one of `WORDS`, or a store path.

        Raises NotFound for what the machine does not have (any more), ConfigurationError for a
        machine that is no NixOS, HostError.
        """
        with self.hosts.enter(machine) as host:
            known = _Known(host)
            paths = known.path(before), known.path(after)
        return self.builder.compare(*paths, machine)


class _Known:
    """What a machine tells, each asked for once and only when it is needed."""

    def __init__(self, host: NixosHost) -> None:
        self._host = host

    def path(self, name: str) -> str:
        """The store path that is meant."""
        if name.startswith(_STORE):
            return name.rstrip("/")
        if _NUMBER.fullmatch(name):
            return self._generation(int(name), name)
        if name == PREVIOUS:
            return self._generation(self._previous(), name)
        found = self._live_path(name)
        if found is None:
            known = [*WORDS, *map(str, self._generations)]
            raise NotFound("generation", name, known=known, hint=there_are(self._generations))
        return found

    def _live_path(self, name: str) -> str | None:
        """As the generations tell it, which takes no root; the machine is looked at only for
        what is none of them.
        """
        told_by = _TOLD_BY.get(name)
        if told_by is None:
            return None
        every = self._generations.values()
        told = next((one.store_path for one in every if told_by(one)), None)
        if told is not None:
            return told
        live = self._host.look()
        return {RUNNING: live.running, BOOTED: live.booted, PROFILE: live.profile}[name]

    def _generation(self, number: int | None, name: str) -> str:
        found = self._generations.get(number) if number is not None else None
        if found is None:
            raise NotFound("generation", name, hint=there_are(self._generations))
        return found.store_path

    def _previous(self) -> int | None:
        """The highest below that of the profile: what a rollback would go back to."""
        now = next((number for number, one in self._generations.items() if one.current), None)
        return max(
            (one for one in self._generations if now is not None and one < now), default=None
        )

    @cached_property
    def _generations(self) -> dict[int, Generation]:
        return {one.generation: one for one in self._host.generations()}
