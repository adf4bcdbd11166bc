"""Apply: a configuration becomes the system that a machine runs, or nothing changes."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from capsule_domain.errors import ConfigurationError, UnsafePlan
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.finding import Finding, Severity
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.switch import SwitchMode, SwitchOrder
from capsule_domain.models.switch_plan import SwitchPlan
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Destination
from capsule_domain.ports.nix_systems import Progress
from capsule_domain.ports.nixos_hosts import Machine, NixosHosts
from capsule_domain.ports.system_builder import BuildOrder, StoreTrust, SystemBuilder
from capsule_domain.services.apply_source import HostSource
from capsule_domain.services.endpoint_machines import endpoint_machines
from capsule_domain.services.lockout import allowed_rules, lockout
from capsule_domain.services.settle_switches import SettleSwitches
from capsule_domain.services.switch_findings import compared, unlocked, without_guard
from capsule_domain.services.switch_job import SwitchJob, TrialWish
from capsule_domain.services.ways_in import endpoints, ways_in

HERE, THERE = "here", "the machine"
AUTO, LOCAL, REMOTE = "auto", "local", "remote"


@dataclass(frozen=True)
class Candidate:
    """A machine and what is meant for it. `key` tells it from all others, for our journal;
    `fingerprints` are of the keys that we log in with, as far as they are known.
    """

    name: str
    key: str
    machine: Machine
    source: HostSource
    fingerprints: Collection[str] = ()


@dataclass(frozen=True)
class SwitchWish(TrialWish):
    """How it is to be done. `build_on`: auto, local, remote, or a build host."""

    build_on: str = AUTO
    allowed: Collection[str] = ()


@dataclass(frozen=True)
class Prepared:
    """A machine that was looked at, and what its configuration says."""

    candidate: Candidate
    live: LiveSystem
    new: EvaluatedSystem
    build: BuildOrder
    plan: SwitchPlan

    @property
    def errors(self) -> Sequence[Finding]:
        """What forbids it."""
        return [one for one in self.plan.findings if one.severity is Severity.ERROR]


@dataclass(frozen=True)
class Apply:
    """Steps, each of which may be the last: `look` changes nothing, `build` only the stores."""

    hosts: NixosHosts
    builder: SystemBuilder
    settle: SettleSwitches
    clock: Clock
    new_id: Callable[[], str]

    def look(self, candidate: Candidate, wish: SwitchWish, progress: Progress) -> Prepared:
        """The machine as it is, what the configuration says, and what speaks against it.

        Raises ConfigurationError for a machine that is no NixOS, or a configuration that does
        not hold; HostError; Conflict while it is being switched; UsageError for a rule that
        there is not.
        """
        with self.hosts.enter(candidate.machine) as host:
            settled = self.settle.run(host, candidate.key)
            live = host.look()
        source = candidate.source
        new = self.builder.describe(source.order, candidate.machine, progress)
        found = lockout(
            live,
            new,
            allowed=wish.allowed,
            fingerprints=candidate.fingerprints,
            leaks=source.leaks,
            via_reboot=wish.mode is SwitchMode.REBOOT,
        )
        plan = SwitchPlan(
            machine=candidate.name,
            hostname=live.hostname,
            host=source.order.host,
            mode=wish.mode,
            running=live.running,
            endpoints=tuple(endpoints(live, new, candidate.machine)),
            confirm_seconds=wish.confirm_seconds,
            findings=(
                *found,
                *unlocked(source.order, new),
                *without_guard(new, wish.mode),
            ),
            settled=settled,
        )
        return Prepared(candidate, live, new, source.order, plan)

    def place(self, prepared: Prepared, wish: SwitchWish) -> Prepared:
        """Where it is to be built: the machine's store has to take what is built elsewhere.

        Raises ConfigurationError where it does not, and no other place is left to us; UsageError
        for a build host that is none.
        """
        candidate, live = prepared.candidate, prepared.live
        if candidate.machine is None and wish.build_on in (AUTO, LOCAL, REMOTE):
            return _placed(prepared, THERE)
        if wish.build_on == REMOTE:
            return _placed(prepared, THERE)
        if wish.build_on == AUTO and not self.builder.builds_here(live.system):
            return _placed(prepared, THERE)
        trust = self.builder.trust(candidate.machine, live)
        if trust is not StoreTrust.NEITHER:
            return _placed(prepared, HERE if wish.build_on in (AUTO, LOCAL) else wish.build_on)
        if wish.build_on == AUTO:
            return _placed(prepared, THERE)
        raise self._untrusted(prepared)

    def build(self, prepared: Prepared, progress: Progress) -> Prepared:
        """Built, brought to the machine, and compared with what runs there."""
        candidate, order = prepared.candidate, prepared.build
        path = self.builder.build(order, candidate.machine, progress)
        self.builder.bring(order, path, candidate.machine, progress)
        live = prepared.live
        difference, unknown = compared(self.builder, live.running, path, candidate.machine)
        changes = {
            "new": path,
            "difference": difference,
            "findings": (*prepared.plan.findings, *unknown),
            "is_done": path == live.running == live.profile,
        }
        plan = prepared.plan.model_copy(update=changes)
        return replace(prepared, plan=plan)

    def job(self, prepared: Prepared, wish: SwitchWish) -> SwitchJob:
        """What the machine is told, of a system that is there."""
        plan, live, machine = prepared.plan, prepared.live, prepared.candidate.machine
        session = live.session
        if plan.new is None:
            raise ValueError("nothing was built yet")
        order = SwitchOrder(
            id=switch_id(self.clock, self.new_id),
            old=live.running,
            new=plan.new,
            mode=wish.mode,
            confirm_seconds=wish.confirm_seconds,
            activation_seconds=wish.activation_seconds,
            allow_failed_units=wish.allow_failed_units,
            ports=tuple(dict.fromkeys(port for _, port in ways_in(live, prepared.new))),
            old_ports=() if session is None else (session.server_port,),
        )
        return SwitchJob(
            name=prepared.candidate.name,
            key=prepared.candidate.key,
            machine=machine,
            order=order,
            endpoints=endpoint_machines(plan.endpoints, machine, live),
            profile=live.profile,
        )

    def _untrusted(self, prepared: Prepared) -> ConfigurationError:
        key = self.builder.signing_key()
        return ConfigurationError(
            f"the store of {prepared.candidate.name} takes nothing from {prepared.live.user} that"
            " is built elsewhere",
            hint="--build-on remote; or come as root; or, in its configuration,"
            f' nix.settings.trusted-public-keys = [ "{key}" ]; or'
            f' nix.settings.trusted-users = [ "{prepared.live.user}" ];',
        )


def switch_id(clock: Clock, new_id: Callable[[], str]) -> str:
    """When it began, and what nobody else has."""
    return f"{clock.now():%Y%m%dT%H%M%S}-{new_id()}"


def refuse_wrong(wish: SwitchWish) -> None:
    """Raises UsageError for a rule that there is not and for a build host that is none."""
    allowed_rules(wish.allowed)
    if wish.build_on not in (AUTO, LOCAL, REMOTE):
        Destination.named(wish.build_on)


def refuse_unsafe(prepared: Sequence[Prepared]) -> None:
    """Raises UnsafePlan when anything speaks against any of them."""
    worst = [one for one in prepared if one.errors]
    if not worst:
        return
    first = worst[0]
    error = first.errors[0]
    count = sum(len(one.errors) for one in worst)
    more = f" (and {count - 1} more)" if count > 1 else ""
    raise UnsafePlan(f"{first.candidate.name}: {error.message}{more}", hint=error.hint)


def _placed(prepared: Prepared, where: str) -> Prepared:
    order, machine = prepared.build, prepared.candidate.machine
    update: dict[str, object] = {"on_machine": where == THERE and machine is not None}
    if where not in (HERE, THERE):
        update["where"] = Destination.named(where)
    told = HERE if machine is None and where == THERE else where
    return replace(
        prepared,
        build=order.model_copy(update=update),
        plan=prepared.plan.model_copy(update={"build_on": told}),
    )
