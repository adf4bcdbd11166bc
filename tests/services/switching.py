"""A machine in memory, and what switches it."""

from dataclasses import dataclass, field

from capsule_domain.models.switch import SwitchMode, SwitchOrder
from capsule_domain.models.switch_outcome import Outcome
from capsule_domain.ports.host import Target
from capsule_domain.ports.nixos_hosts import Machine
from capsule_domain.services.switch_job import Interruption, SwitchJob
from capsule_domain.services.switch_machine import SwitchMachine
from tests.fakes.clock import FakeClock
from tests.fakes.nixos_hosts import FakeNixosHosts
from tests.fakes.nixos_machine import Behaviour, FakeNixosMachine, system_path
from tests.fakes.switch_journal import FakeSwitchJournal

ADDRESS = "203.0.113.9"
WEB = Target(address=ADDRESS, key_alias="web")
OLD, NEW = system_path("web", 1), system_path("web", 2)


@dataclass
class Stage:
    """One machine, web, that runs OLD and has NEW in its store."""

    clock: FakeClock = field(default_factory=FakeClock)
    journal: FakeSwitchJournal = field(default_factory=FakeSwitchJournal)
    stop: Interruption = field(default_factory=Interruption)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hosts = FakeNixosHosts(self.clock)
        self.machine: FakeNixosMachine = self.hosts.add("web", ADDRESS)

    def switch(
        self,
        behaviour: Behaviour | None = None,
        *,
        machine: Machine = WEB,
        endpoints: tuple[Machine, ...] = (WEB,),
        mode: SwitchMode = SwitchMode.TRIAL,
        generation: int | None = None,
        allow_failed_units: bool = False,
        agrees: bool = True,
    ) -> Outcome:
        """Web is switched to NEW, which behaves like that."""
        self.machine.add_system(NEW, behaviour)
        order = SwitchOrder(
            id="switch-1234",
            old=OLD,
            new=NEW,
            generation=generation,
            mode=mode,
            allow_failed_units=allow_failed_units,
        )
        job = SwitchJob("web", "web", machine, order, endpoints, profile=OLD)
        return self.service.run(
            job, heard=self.said.append, stop=self.stop, agreed=lambda _report: agrees
        )

    @property
    def service(self) -> SwitchMachine:
        """What switches."""
        return SwitchMachine(self.hosts, self.journal, self.clock)

    def settle_down(self) -> None:
        """All that the machine does by itself has been done."""
        self.clock.advance(10_000)
        self.machine.pass_time()

    def ends_in(self) -> str:
        """OLD or NEW, when that is all that there is; what differs otherwise."""
        machine = self.machine
        pair = (machine.running, machine.boots_into)
        return {(OLD, OLD): "old", (NEW, NEW): "new"}.get(pair, f"mixed: {pair}")
