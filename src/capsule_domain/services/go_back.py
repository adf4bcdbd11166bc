"""Go back: an earlier generation of a machine becomes its system again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from capsule_domain.errors import NotFound
from capsule_domain.models.closure import ClosureDifference
from capsule_domain.models.endpoint import Endpoint
from capsule_domain.models.finding import Finding
from capsule_domain.models.generation import Generation
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.switch import SwitchOrder
from capsule_domain.models.switch_plan import SwitchPlan
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.nixos_hosts import Machine, NixosHosts
from capsule_domain.ports.system_builder import SystemBuilder
from capsule_domain.services.apply import switch_id
from capsule_domain.services.settle_switches import SettleSwitches
from capsule_domain.services.switch_findings import compared, warning
from capsule_domain.services.switch_job import SwitchJob, TrialWish

MOST_SHOWN = 10


@dataclass(frozen=True)
class BackWish(TrialWish):
    """Which generation: None is the highest below that of the profile."""

    generation: int | None = None


@dataclass(frozen=True)
class WayBack:
    """A machine that was looked at, and where it would go back to."""

    name: str
    key: str
    machine: Machine
    live: LiveSystem
    to: Generation
    plan: SwitchPlan


@dataclass(frozen=True)
class GoBack:
    """`look` changes nothing; what it found is ordered by `job`."""

    hosts: NixosHosts
    builder: SystemBuilder
    settle: SettleSwitches
    clock: Clock
    new_id: Callable[[], str]

    def look(self, name: str, key: str, machine: Machine, wish: BackWish) -> WayBack:
        """Where it is and where it would go, with what is to be known before.

        Raises NotFound for a generation that there is not (any more), ConfigurationError for a
        machine that is no NixOS, HostError, Conflict while it is being switched.
        """
        with self.hosts.enter(machine) as host:
            settled = self.settle.run(host, key)
            live = host.look()
            known = host.generations()
        to = _wanted(known, live, wish.generation)
        is_done = to.generation == live.generation and to.store_path == live.running
        difference, unknown = (
            (None, ()) if is_done else compared(self.builder, live.running, to.store_path, machine)
        )
        plan = SwitchPlan(
            machine=name,
            hostname=live.hostname,
            generation=to.generation,
            mode=wish.mode,
            running=live.running,
            new=to.store_path,
            endpoints=_where(machine, live),
            confirm_seconds=wish.confirm_seconds,
            findings=(*unknown, *_findings(live, difference)),
            settled=settled,
            difference=difference,
            is_done=is_done,
        )
        return WayBack(name, key, machine, live, to, plan)

    def job(self, way: WayBack, wish: BackWish) -> SwitchJob:
        """What the machine is told. It has to be reached where it is now: nobody knows what an
        earlier system says of its ports.
        """
        session = way.live.session
        order = SwitchOrder(
            id=switch_id(self.clock, self.new_id),
            old=way.live.running,
            new=way.to.store_path,
            generation=way.to.generation,
            mode=wish.mode,
            confirm_seconds=wish.confirm_seconds,
            activation_seconds=wish.activation_seconds,
            allow_failed_units=wish.allow_failed_units,
            old_ports=() if session is None else (session.server_port,),
        )
        return SwitchJob(
            name=way.name,
            key=way.key,
            machine=way.machine,
            order=order,
            endpoints=[way.machine],
            profile=way.live.profile,
        )


def _wanted(known: Sequence[Generation], live: LiveSystem, number: int | None) -> Generation:
    by_number = {one.generation: one for one in known}
    if number is None:
        below = [one for one in by_number if live.generation is not None and one < live.generation]
        if not below:
            raise NotFound("generation", "previous", hint=there_are(by_number))
        number = max(below)
    if number not in by_number:
        raise NotFound("generation", str(number), hint=there_are(by_number))
    return by_number[number]


def there_are(by_number: dict[int, Generation]) -> str:
    """The newest of them: an old machine has hundreds."""
    numbers = sorted(by_number, reverse=True)
    shown = ", ".join(map(str, numbers[:MOST_SHOWN]))
    more = f" and {len(numbers) - MOST_SHOWN} more" if len(numbers) > MOST_SHOWN else ""
    return f"there are {shown}{more}" if numbers else "there are none"


def _where(machine: Machine, live: LiveSystem) -> tuple[Endpoint, ...]:
    if live.session is None or machine is None:
        return ()
    port = live.session.server_port
    if isinstance(machine, Target):
        return (Endpoint(address=machine.address, port=machine.port),)
    assert isinstance(machine, Destination)  # noqa: S101
    return (Endpoint(address=machine.host, port=machine.port or port),)


def _findings(live: LiveSystem, difference: ClosureDifference | None) -> Iterator[Finding]:
    """What a person has to know before."""
    if difference is None:
        return
    if difference.kernel:
        before, after = difference.kernel
        yield warning(
            "other-kernel",
            f"its kernel is {after}, and {live.running_kernel or before} runs until the next start",
            "--via-reboot starts it at once",
        )
    if difference.postgresql:
        now, then = difference.postgresql
        yield warning(
            "other-database",
            f"its PostgreSQL is {then}, and the data are those of {now}: it will not start on them",
            f"pg_dumpall before, or stay with {now}",
        )
