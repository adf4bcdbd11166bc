"""A NixOS machine in memory: what it tells, and what it can be told."""

from collections.abc import Sequence
from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.facts import Sudo
from capsule_domain.models.generation import Generation
from capsule_domain.models.live_system import LiveSystem, SshSession
from capsule_domain.models.switch import SwitchOrder, SwitchReport, SwitchState
from tests.fakes.nixos_watchdog import ALIVE, Behaviour, FakeSwitch, Watched, system_path

__all__ = ["Behaviour", "FakeNixosMachine", "system_path"]


@dataclass
class FakeNixosMachine(Watched):
    """Its address is `addresses[0]`. Tests change what it is, cut its power and start it again."""

    # What tests do and ask.

    def add_system(self, path: str, behaviour: Behaviour | None = None) -> str:
        """A closure comes into the store."""
        self.systems[path] = behaviour or Behaviour()
        return path

    @property
    def running(self) -> str:
        """What runs now."""
        self.pass_time()
        return self._running

    @property
    def boots_into(self) -> str:
        """What the profile, and so the next start, is."""
        self.pass_time()
        return self.profile[self.current]

    @property
    def behaviour(self) -> Behaviour:
        """Of what runs now."""
        return self.systems[self.running]

    def power_cut(self) -> None:
        """It is off at once, wherever it was."""
        self.pass_time()
        self._go_down(self.clock.monotonic())
        for switch in self._alive():
            switch.due = None

    def boot(self) -> None:
        """It starts what it starts by default. A switch that was on its way has no watchdog now."""
        self.is_up = True
        self._boots += 1
        self._running = self._booted = self.profile[self.current]
        for switch in self._alive():
            self._end(switch, SwitchState.INTERRUPTED, "the machine was started anew")

    def listens(self, address: str, port: int) -> bool:
        """Whether a new connection to there is taken."""
        now = self.behaviour
        here = now.addresses if now.addresses is not None else self.addresses
        open_ports = now.ports if now.ports is not None else self.ports
        return self.is_up and not now.refuses_new and address in here and port in open_ports

    # What its scripts do, for FakeNixosHost.

    def look(self, address: str, port: int, *, over_ssh: bool = True) -> LiveSystem:
        """As `look` tells it."""
        now = self.behaviour
        session = SshSession(client_address="192.0.2.1", server_address=address, server_port=port)
        facts: dict[str, object] = {
            "hostname": now.hostname or self.name,
            "user": self.user,
            "sudo": Sudo.ROOT if self.user == "root" else now.sudo,
            "system": "x86_64-linux",
            "running": self._running,
            "booted": self._booted,
            "profile": self.profile[self.current],
            "generation": self.current,
            "nixos_version": "26.05",
            "running_kernel": self.systems[self._booted].kernel,
            "busy": (*self.busy, *(f"capsule-apply-{one.order.id}" for one in self._alive())),
            "boot_loader": "systemd-boot",
            "trusted_by_store": True,
            "session": session if over_ssh else None,
            **self.live,
        }
        return LiveSystem.model_validate(facts)

    def generations(self) -> Sequence[Generation]:
        """By number."""
        self.pass_time()
        return [
            Generation(
                generation=number,
                date=self.clock.now(),
                current=number == self.current,
                store_path=path,
                nixos_version="26.05",
                kernel_version=self.systems[path].kernel,
                running=path == self._running,
                booted=path == self._booted,
            )
            for number, path in sorted(self.profile.items())
        ]

    def begin(self, order: SwitchOrder) -> None:
        """As `begin` does it."""
        self.pass_time()
        if order.id in self.switches:
            return
        if self.busy or self._alive():
            raise Conflict(f"{self.name} is being switched already")
        if order.new not in self.systems:
            raise NotFound("system", order.new)
        if order.generation is not None and self.profile.get(order.generation) != order.new:
            raise NotFound("generation", str(order.generation), known=map(str, self.profile))
        if order.old != self._running:
            raise Conflict(f"{self.name} runs another system than the one that was looked at")
        now = self.clock.monotonic()
        switch = FakeSwitch(order, SwitchState.ARMED, now, self._boots)
        self.switches[order.id] = switch
        self.begun += 1
        self.pass_time()

    def report(self, switch_id: str) -> SwitchReport:
        """As `follow` tells it."""
        self.pass_time()
        switch = self._switch(switch_id)
        waits = switch.state is SwitchState.AWAITING and switch.due is not None
        return SwitchReport(
            id=switch_id,
            state=switch.state,
            reason=switch.reason,
            old=switch.order.old,
            new=switch.order.new,
            running=self._running,
            profile=self.profile[self.current],
            generation=self.current,
            is_watched=switch.state in ALIVE,
            same_boot=switch.boot == self._boots,
            seconds_left=(switch.due or 0) - self.clock.monotonic() if waits else None,
            failed_units=switch.failed_units,
            log=(f"activating the configuration of {switch.order.new}",),
        )

    def confirm(self, switch_id: str) -> None:
        """Taken only while it is waited for."""
        self.pass_time()
        switch = self._switch(switch_id)
        if switch.state in (SwitchState.COMMITTING, SwitchState.COMMITTED):
            return
        if switch.state is not SwitchState.AWAITING:
            raise Conflict(f"{self.name} waits for no confirmation: it is {switch.state}")
        self._to(switch, SwitchState.COMMITTING, self.clock.monotonic(), self.commit_seconds)

    def give_up(self, switch_id: str) -> None:
        """Only what has not ended reverts."""
        self.pass_time()
        switch = self._switch(switch_id)
        if switch.state in (SwitchState.ARMED, SwitchState.ACTIVATING, SwitchState.AWAITING):
            self._revert(switch, self.clock.monotonic(), "it was given up")
