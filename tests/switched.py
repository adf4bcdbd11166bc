"""A machine that is switched, in memory or behind a real sshd, and how it is done to it."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import sleep

from capsule_adapters.nixos.hosts import SshNixosHosts
from capsule_domain.errors import HostUnreachable
from capsule_domain.models.switch import SwitchOrder, SwitchReport, SwitchState
from capsule_domain.ports.host import Target
from capsule_domain.ports.nixos_hosts import NixosHosts
from tests import nixos_root
from tests.fakes import nixos_machine as memory
from tests.fakes.clock import FakeClock
from tests.fakes.nixos_hosts import FakeNixosHosts

ALIAS = "machine"
LOOKS = RECONNECTS = 200


@dataclass
class Site:
    """A machine that runs `old` as its generation 1, and what a test may do to it."""

    hosts: NixosHosts
    target: Target
    old: str
    add: Callable[[str, str], str]
    """A system by name, that is one of KINDS when it is activated."""
    old_becomes: Callable[[str], None]
    """The old system is one of KINDS from now on."""
    wait: Callable[[], None]
    power_cut: Callable[[], None]
    boot: Callable[[], None]
    boots_into: Callable[[], str]
    be_foreign: Callable[[], None]


KINDS = {
    "plain": (memory.Behaviour(seconds=1), nixos_root.Behaviour()),
    "guarded": (memory.Behaviour(seconds=1), nixos_root.Behaviour(guarded=True)),
    "failing": (memory.Behaviour(exit_code=1), nixos_root.Behaviour(activation_exit=3)),
    "with failed units": (
        memory.Behaviour(exit_code=4, failed_units=("web.service",)),
        nixos_root.Behaviour(failed_units=("web.service",)),
    ),
    "hanging": (
        memory.Behaviour(hangs=True),
        nixos_root.Behaviour(seconds_after=nixos_root.FOREVER),
    ),
    "inhibited": (
        memory.Behaviour(inhibited=True),
        nixos_root.Behaviour(inhibitors={"dbus": "broker"}),
    ),
    "locked": (memory.Behaviour(exit_code=11), nixos_root.Behaviour(finds_lock_held=True)),
    "deaf": (memory.Behaviour(ports=()), nixos_root.Behaviour(sshd="off")),
}


def in_memory(_: Path) -> Iterator[Site]:
    clock = FakeClock()
    hosts = FakeNixosHosts(clock)
    machine = hosts.add(ALIAS, "203.0.113.9")
    old, numbers = machine.running, count(2)

    def add(name: str, kind: str) -> str:
        return machine.add_system(memory.system_path(name, next(numbers)), KINDS[kind][0])

    def old_becomes(kind: str) -> None:
        machine.systems[old] = KINDS[kind][0]

    def be_foreign() -> None:
        machine.is_nixos = False

    yield Site(
        hosts=hosts,
        target=Target(address="203.0.113.9", key_alias=ALIAS),
        old=old,
        add=add,
        old_becomes=old_becomes,
        wait=lambda: clock.advance(0.5),
        power_cut=machine.power_cut,
        boot=machine.boot,
        boots_into=lambda: machine.boots_into,
        be_foreign=be_foreign,
    )


def behind_sshd(folder: Path) -> Iterator[Site]:
    with nixos_root.NixosRoot(folder) as root, closing(root.hosts()) as ssh:
        yield Site(
            hosts=SshNixosHosts(lambda: ssh),
            target=root.target(),
            old=root.old,
            add=lambda name, kind: root.add_system(name, KINDS[kind][1]),
            old_becomes=lambda kind: root.change_system(root.old, KINDS[kind][1]),
            wait=lambda: sleep(0.2),
            power_cut=root.power_cut,
            boot=root.boot,
            boots_into=root.boots_into,
            be_foreign=lambda: root.path("/etc/NIXOS").unlink(),
        )


def order(site: Site, new: str, **changes: object) -> SwitchOrder:
    """With less patience than the model lets people have."""
    whole = SwitchOrder(id="20261123-first", old=site.old, new=new)
    short = {"activation_seconds": 20, "confirm_seconds": 20, "revert_seconds": 20}
    return whole.model_copy(update={**short, **changes})


def until(site: Site, switch_id: str, *states: SwitchState) -> SwitchReport:
    """What it says when it is in one of those states; connections that break are made anew."""
    for _ in range(RECONNECTS):
        with suppress(HostUnreachable), site.hosts.enter(site.target) as host:
            for _ in range(LOOKS):
                report = host.follow(switch_id)
                if report.state in states:
                    return report
                assert not report.state.is_end, report
                site.wait()
        site.wait()
    raise AssertionError(f"it does not come to {states}")


def begun(site: Site, kind: str = "plain", **changes: object) -> SwitchOrder:
    given = order(site, site.add("new", kind), **changes)
    with site.hosts.enter(site.target) as host:
        host.begin(given)
    return given


def confirmed(site: Site, given: SwitchOrder) -> SwitchReport:
    until(site, given.id, SwitchState.AWAITING)
    with site.hosts.enter(site.target) as host:
        host.confirm(given.id)
    return until(site, given.id, SwitchState.COMMITTED)
