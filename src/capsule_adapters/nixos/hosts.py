"""The `NixosHosts` port by shell scripts, over connections of the `Hosts` port."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from capsule_adapters.installers.script import Answer, ask_script
from capsule_adapters.installers.this_machine import ThisMachine
from capsule_adapters.nixos import scripts, told
from capsule_domain.errors import (
    CapsuleError,
    CommandFailed,
    ConfigurationError,
    Conflict,
    NotFound,
    UnsafePlan,
    UsageError,
)
from capsule_domain.models.generation import Generation
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.switch import SwitchOrder, SwitchReport
from capsule_domain.ports.host import Host, Hosts
from capsule_domain.ports.nixos_hosts import Machine, NixosHost

LOOK_SECONDS = 60.0
SHORT_SECONDS = 45.0
BEGIN_SECONDS = 120.0
_HERE = "this machine"
_ID = re.compile(r"[0-9A-Za-z-]{8,40}")


@dataclass(frozen=True)
class ShellNixosHost:
    """Implements `NixosHost` over one connection. `place` is what people call it, `options` what
    names it to a command of ours; none: the machine that we are on.
    """

    host: Host
    place: str
    options: str = ""

    def look(self) -> LiveSystem:
        """One run of look.sh."""
        return told.live_system(self._asked(scripts.text("look"), LOOK_SECONDS), self.place)

    def generations(self) -> Sequence[Generation]:
        """One run of generations.sh, as whoever comes in."""
        answer = self._asked(scripts.text("generations"), LOOK_SECONDS)
        return told.generations(answer, self.place)

    def begin(self, order: SwitchOrder) -> None:
        """One run of begin.sh, which lays down the watchdog and starts it."""
        if not all(map(told.SYSTEM.fullmatch, (order.old, order.new))):
            raise UsageError("a system is a path in the Nix store")
        generation = "-" if order.generation is None else str(order.generation)
        times = (order.activation_seconds, order.confirm_seconds, order.revert_seconds)
        words = [order.id, order.old, order.new, generation, order.mode.value, *map(str, times)]
        words.append("yes" if order.allow_failed_units else "no")
        words += [",".join(map(str, ports)) or "-" for ports in (order.ports, order.old_ports)]
        self._asked(scripts.as_root("begin"), BEGIN_SECONDS, *words)

    def follow(self, switch_id: str) -> SwitchReport:
        """One run of follow.sh."""
        answer = self._asked(scripts.as_root("follow"), SHORT_SECONDS, _an_id(switch_id))
        report = told.report(answer, self.place)
        if report.id != switch_id:
            raise CommandFailed(f"{self.place} does not tell what was asked")
        return report

    def confirm(self, switch_id: str) -> None:
        """What the watchdog waits for."""
        self._asked(scripts.as_root("decide"), SHORT_SECONDS, _an_id(switch_id), "confirm")

    def give_up(self, switch_id: str) -> None:
        """The other thing that it waits for."""
        self._asked(scripts.as_root("decide"), SHORT_SECONDS, _an_id(switch_id), "give-up")

    def _asked(self, script: str, timeout_seconds: float, *arguments: str) -> Answer:
        answer = ask_script(self.host, script, *arguments, timeout_seconds=timeout_seconds)
        refused = answer.one("refused")
        if refused is not None:
            kind, _, why = refused.partition(" ")
            self._refuse(kind, why)
        if answer.one("end") is None:
            raise CommandFailed(f"{self.place} did not come to an end: {answer.last_words}")
        return answer

    def _refuse(self, kind: str, why: str) -> NoReturn:
        if kind == "foreign":
            raise self._foreign()
        raise _REFUSALS.get(kind, _failed)(self.place, why)

    def _foreign(self) -> ConfigurationError:
        install = f"capsule nixos install {self.options} makes it one, and erases what is there"
        hint = install if self.options else "name one that is: --target user@host"
        return ConfigurationError(f"{self.place} is not NixOS", hint=hint)


@dataclass(frozen=True)
class SshNixosHosts:
    """Implements `NixosHosts`: machines over `hosts`, and this one by `here`."""

    hosts: Callable[[], Hosts]
    here: Callable[[], Host] = field(default_factory=lambda: _this_machine)

    @contextmanager
    def enter(self, machine: Machine, *, timeout_seconds: float = 15.0) -> Iterator[NixosHost]:
        """A connection of its own for the length of the block."""
        if machine is None:
            yield ShellNixosHost(self.here(), _HERE)
            return
        with self.hosts().connect(machine, timeout_seconds=timeout_seconds) as host:
            yield ShellNixosHost(host, machine.label, machine.options)


def _this_machine() -> Host:
    """As if nobody had come in by SSH: whoever sits here is not cut off by its network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
    return ThisMachine(kept)


def _no_root(place: str, why: str) -> CapsuleError:
    return ConfigurationError(
        f"{place} cannot be changed by this user: {why}",
        hint="log in as root, or set security.sudo.wheelNeedsPassword = false there",
    )


def _conflict(place: str, why: str) -> CapsuleError:
    return Conflict(f"{place} takes nothing: {why}", hint="let it come to its end, and look again")


def _no_way_back(place: str, why: str) -> CapsuleError:
    return UnsafePlan(f"{place} is not rebooted: {why}", hint="leave out --via-reboot")


def _failed(place: str, why: str) -> CapsuleError:
    return CommandFailed(f"nothing was changed on {place}: {why}")


_REFUSALS: dict[str, Callable[[str, str], CapsuleError]] = {
    "no-root": _no_root,
    "conflict": _conflict,
    "no-way-back": _no_way_back,
    "missing-system": lambda _, why: NotFound("system", why),
    "missing-generation": lambda _, why: NotFound("generation", why),
    "missing-switch": lambda _, why: NotFound("switch", why),
}


def _an_id(switch_id: str) -> str:
    if not _ID.fullmatch(switch_id):
        raise NotFound("switch", switch_id)
    return switch_id
