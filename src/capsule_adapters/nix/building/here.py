"""This machine's Nix, as far as it builds systems."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from capsule_adapters.nix.building import words
from capsule_adapters.nix.process import NixProcess, find_program
from capsule_adapters.nix.pulse import Pulse
from capsule_adapters.nix.request import asking
from capsule_adapters.nix.stage import staged
from capsule_adapters.store.faults import reporting
from capsule_domain.errors import CapsuleError, ConfigurationError, HostUnreachable, NixFailed
from capsule_domain.ports.system_builder import BuildOrder

_NOBODY_LOCKED = "nobody locked its input"
_WITHOUT_NETWORK = "try again where there is a network, or let the machine fetch: --build-on remote"


@dataclass
class NixHere:
    """What it makes is kept from the garbage collector by links in `folder`, until `close`.

    Safe to use from many threads.
    """

    nix: NixProcess
    folder: Path
    _stack: ExitStack = field(default_factory=ExitStack, init=False)
    _stage: Path | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _numbers: "count[int]" = field(default_factory=count, init=False)

    @property
    def is_there(self) -> bool:
        """Whether there is a Nix at all."""
        return find_program("nix", self.nix.environment, self.nix.places) is not None

    def systems(self) -> Sequence[str]:
        """Those that it builds for, by its own settings; none without a Nix."""
        if not self.is_there:
            return ()
        settings = self._settings()
        with suppress(KeyError, TypeError):
            own, others = settings["system"]["value"], settings["extra-platforms"]["value"]
            return (own, *others)
        return ()

    def instantiate(self, order: BuildOrder, pulse: Pulse) -> str:
        """The derivation of the system that is meant."""
        return self._linked(words.instantiate, order, "cannot evaluate the system", pulse)

    def build(self, order: BuildOrder, pulse: Pulse) -> str:
        """The system that is meant."""
        return self._linked(words.build, order, "cannot build the system", pulse)

    def keep(self, path: str, pulse: Pulse) -> None:
        """What came from elsewhere, as what is built here."""
        self.nix.run(words.keep(path, str(self._link())), doing="cannot keep it", pulse=pulse)

    def close(self) -> None:
        """What was made may be collected."""
        with self._lock:
            self._stack.close()
            self._stage = None

    def _settings(self) -> Mapping[str, Any]:
        for command in (("show-config",), ("config", "show")):
            with suppress(NixFailed, ValueError):
                told = words.settings(*command)
                said = self.nix.run(told, doing="cannot read Nix's settings", pulse=silent())
                found = json.loads(said.stdout)
                return found if isinstance(found, dict) else {}
        return {}

    def _linked(
        self,
        told: Callable[[str, Sequence[str]], Sequence[str]],
        order: BuildOrder,
        doing: str,
        pulse: Pulse,
    ) -> str:
        link = self._link()
        with asking(order.source, order.nixpkgs, host=order.host) as expression:
            try:
                self.nix.run(told(str(link), expression), doing=doing, pulse=pulse)
            except NixFailed as error:
                raise _unlocked(error, order) from error
            except HostUnreachable as error:
                raise HostUnreachable(error.message, hint=_WITHOUT_NETWORK) from error
        with reporting("read", link):
            return str(link.readlink())

    def _link(self) -> Path:
        with self._lock:
            if self._stage is None:
                self._stage = self._stack.enter_context(staged(self.folder))
            return self._stage / f"system-{next(self._numbers)}"


def refuse_unpinned(order: BuildOrder) -> None:
    """Raises ConfigurationError where nothing tells which nixpkgs a system is made of."""
    if order.nixpkgs is None and not order.source.locked:
        raise ConfigurationError(
            "nothing tells which nixpkgs is meant: there is no lock, and no <nixpkgs> here",
            hint=order.source.how_to_pin,
        )


def _unlocked(error: NixFailed, order: BuildOrder) -> CapsuleError:
    """What no lock names cannot be built, though it can be evaluated."""
    if _NOBODY_LOCKED not in error.message:
        return error
    return ConfigurationError(error.message, hint=order.source.how_to_pin)


def silent() -> Pulse:
    """For what is over at once."""
    return Pulse(lambda _seconds, _line: None)
