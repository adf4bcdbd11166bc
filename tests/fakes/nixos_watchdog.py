"""The watchdog of a NixOS machine in memory: what it does with a switch, by fake clock."""

from dataclasses import dataclass, field

from capsule_domain.errors import NotFound
from capsule_domain.models.facts import Sudo
from capsule_domain.models.switch import SwitchMode, SwitchOrder, SwitchState
from capsule_domain.ports.clock import Clock

FAILED_UNITS, LOCK_HELD = 4, 11
"""Exit codes of switch-to-configuration that mean more than a failure."""

ALIVE = (
    SwitchState.ARMED,
    SwitchState.ACTIVATING,
    SwitchState.AWAITING,
    SwitchState.COMMITTING,
    SwitchState.REVERTING,
    SwitchState.REBOOTING,
)


@dataclass(frozen=True)
class Behaviour:
    """What a system does when it is activated, and while it runs. None: as the machine has it."""

    seconds: float = 5.0
    """How long its activation takes; endless where it is `hangs`."""
    hangs: bool = False
    exit_code: int = 0
    """Of its activation: 4 has `failed_units`, 11 finds the lock held and touches nothing."""
    failed_units: tuple[str, ...] = ()
    inhibited: bool = False
    """Refuses to be switched to while the machine runs; nothing is touched."""
    ports: tuple[int, ...] | None = None
    """Where its sshd listens; none at all: it is broken."""
    addresses: tuple[str, ...] | None = None
    refuses_new: bool = False
    """A firewall that keeps the connections that there are, and refuses new ones."""
    breaks_connections: bool = False
    """Those that there are hear nothing any more."""
    lets_in: bool = True
    """Whether our user and key are still there."""
    sudo: Sudo = Sudo.FREE
    other_host_key: bool = False
    boots: bool = True
    hostname: str | None = None
    kernel: str = "6.12.58"


@dataclass
class FakeSwitch:
    """One switch, on its way."""

    order: SwitchOrder
    state: SwitchState
    due: float | None
    boot: int
    reason: str | None = None
    failed_units: tuple[str, ...] = ()


@dataclass
class Watched:
    """A machine with its watchdog."""

    clock: Clock
    name: str
    addresses: tuple[str, ...]
    ports: tuple[int, ...] = (22,)
    systems: dict[str, Behaviour] = field(default_factory=dict)
    """What is in its store, by store path."""
    profile: dict[int, str] = field(default_factory=dict)
    current: int = 1
    user: str = "root"
    is_nixos: bool = True
    is_up: bool = True
    busy: tuple[str, ...] = ()
    live: dict[str, object] = field(default_factory=dict)
    """Fields of LiveSystem that are other than usual."""
    boot_seconds: float = 30.0
    commit_seconds: float = 1.0
    switches: dict[str, FakeSwitch] = field(default_factory=dict)
    begun: int = 0
    """How many watchdogs were ever started."""
    lost_connections_at: float = -1.0
    """Those of an earlier moment hear nothing any more."""
    _running: str = ""
    _booted: str = ""
    _boots: int = 1

    def __post_init__(self) -> None:
        first = system_path(self.name, 1)
        self.systems.setdefault(first, Behaviour())
        self.profile.setdefault(1, first)
        self._running = self._booted = self.profile[self.current]

    def pass_time(self) -> None:
        """All that was due until now."""
        for switch in self.switches.values():
            while switch.due is not None and switch.due <= self.clock.monotonic():
                at, switch.due = switch.due, None
                self._go_on(switch, at)

    def _go_on(self, switch: FakeSwitch, at: float) -> None:
        order, state = switch.order, switch.state
        if state is SwitchState.ARMED:
            self._activate(switch, at)
        elif state is SwitchState.ACTIVATING:
            self._activated(switch, at)
        elif state is SwitchState.AWAITING:
            self._revert(switch, at, f"nobody confirmed within {order.confirm_seconds} s")
        elif state is SwitchState.COMMITTING:
            self._commit(order)
            self._end(switch, SwitchState.COMMITTED, None)
        elif state is SwitchState.REVERTING:
            self._reverted(switch, at)
        elif state is SwitchState.REBOOTING:
            self._started_again(switch, at)

    def _activate(self, switch: FakeSwitch, at: float) -> None:
        new = self.systems[switch.order.new]
        if switch.order.mode is SwitchMode.REBOOT:
            self._go_down(at)
            self._to(switch, SwitchState.REBOOTING, at, self.boot_seconds)
            return
        if new.inhibited or new.exit_code == LOCK_HELD:
            why = "it must not be switched to" if new.inhibited else "another switch has the lock"
            self._end(switch, SwitchState.REFUSED, why)
            return
        self._running = switch.order.new
        if new.breaks_connections:
            self.lost_connections_at = at
        limit = switch.order.activation_seconds
        self._to(
            switch, SwitchState.ACTIVATING, at, limit if new.hangs else min(new.seconds, limit)
        )

    def _activated(self, switch: FakeSwitch, at: float) -> None:
        new, order = self.systems[switch.order.new], switch.order
        switch.failed_units = new.failed_units
        ports = new.ports if new.ports is not None else self.ports
        if new.hangs or new.seconds > order.activation_seconds:
            self._revert(switch, at, f"not activated within {order.activation_seconds} s")
        elif new.exit_code and not (new.exit_code == FAILED_UNITS and order.allow_failed_units):
            self._revert(switch, at, f"its activation failed ({new.exit_code})")
        elif not set(order.ports) <= set(ports):
            self._revert(switch, at, "not all of the ports are listened on")
        else:
            self._to(switch, SwitchState.AWAITING, at, order.confirm_seconds)

    def _revert(self, switch: FakeSwitch, at: float, why: str) -> None:
        switch.reason = why
        if switch.order.mode is SwitchMode.REBOOT:
            self._go_down(at)
            self._to(switch, SwitchState.REBOOTING, at, self.boot_seconds)
            return
        old = self.systems[switch.order.old]
        self._running = switch.order.old
        limit = switch.order.revert_seconds
        self._to(switch, SwitchState.REVERTING, at, limit if old.hangs else min(old.seconds, limit))

    def _reverted(self, switch: FakeSwitch, at: float) -> None:
        old = self.systems[switch.order.old]
        ports = old.ports if old.ports is not None else self.ports
        if old.hangs or old.exit_code or not set(switch.order.old_ports) <= set(ports):
            self._go_down(at)
            self._to(switch, SwitchState.REBOOTING, at, self.boot_seconds)
        else:
            self._end(switch, SwitchState.REVERTED, switch.reason)

    def _started_again(self, switch: FakeSwitch, at: float) -> None:
        """Into the new system when that is the way to it, else into what is the default."""
        forward = switch.order.mode is SwitchMode.REBOOT and switch.reason is None
        self._boots += 1
        self.is_up = True
        if forward and self.systems[switch.order.new].boots:
            self._running = self._booted = switch.order.new
            self._to(switch, SwitchState.AWAITING, at, switch.order.confirm_seconds)
            return
        self._running = self._booted = self.profile[self.current]
        self._end(switch, SwitchState.REVERTED, switch.reason or "it did not start")

    def _go_down(self, at: float) -> None:
        self.is_up, self.lost_connections_at = False, at

    def _commit(self, order: SwitchOrder) -> None:
        if order.generation is not None:
            self.current = order.generation
        elif self.profile[self.current] != order.new:
            self.current = max(self.profile) + 1
            self.profile[self.current] = order.new

    def _to(self, switch: FakeSwitch, state: SwitchState, at: float, seconds: float) -> None:
        switch.state, switch.due = state, at + seconds

    def _end(self, switch: FakeSwitch, state: SwitchState, reason: str | None) -> None:
        switch.state, switch.due, switch.reason = state, None, reason

    def _alive(self) -> list[FakeSwitch]:
        return [one for one in self.switches.values() if one.state in ALIVE]

    def _switch(self, switch_id: str) -> FakeSwitch:
        try:
            return self.switches[switch_id]
        except KeyError as error:
            raise NotFound("switch", switch_id, known=self.switches) from error


def system_path(name: str, number: int) -> str:
    """A store path as Nix would name it: no two are the same."""
    digits = "0123456789abcdfghijklmnpqrsvwxyz"
    seed, text = number * 7919 + sum(map(ord, name)) * 104729, ""
    for _ in range(32):
        seed = (seed * 1103515245 + 12345) % 2**31
        text += digits[seed // 65536 % 32]
    return f"/nix/store/{text}-nixos-system-{name}-26.05"
