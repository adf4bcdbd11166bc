"""What every `Probes` does: a scripted fake, and the true ones on a real sshd."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_adapters.probes.network_probes import NetworkProbes
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.models.health import CheckKind, Fault, HealthStatus
from capsule_domain.models.look import CheckChoice, LookPlan
from capsule_domain.models.metric import Disk, Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.probes import Probes
from tests.contracts.test_monitor import START, node
from tests.fakes.clock import FakeClock
from tests.fakes.keys import FakeKeys
from tests.fakes.probes import DOWN, FakeProbes, Scene
from tests.sshd import Sshd

QUICK = LookPlan(tries=1)


@dataclass
class Fleet:
    """Probes, and three machines: one is well, one is off, one shows another host key."""

    probes: Probes
    clock: FakeClock
    well: XNode
    off: XNode
    strange: XNode

    def look(self, *xnodes: XNode, plan: LookPlan = QUICK) -> dict[str, Observation]:
        return {seen.xnode_id: seen for seen in self.probes.look(xnodes, plan)}


def fake(_: Path) -> Iterator[Fleet]:
    clock = FakeClock(START)
    probes = FakeProbes(clock)
    probes.play("id-off", DOWN)
    probes.play("id-strange", Scene(ssh_fault=Fault.HOST_KEY))
    yield Fleet(probes, clock, *(node(name, "192.0.2.1") for name in ("well", "off", "strange")))


def over_sshd(folder: Path) -> Iterator[Fleet]:
    clock, known_hosts = FakeClock(START), folder / "known_hosts"
    with (
        Sshd(folder / "sshd") as sshd,
        closing(NetworkProbes(known_hosts, None, clock, by_echo=False)) as probes,
    ):
        other = FakeKeys().new_host_key().public_openssh
        for name, key in (("well", sshd.host_key), ("off", sshd.host_key), ("strange", other)):
            KnownHostsFile(known_hosts).pin(f"id-{name}", key)
        entry = {"ssh_user": sshd.user, "ssh_key": sshd.private_key}
        yield Fleet(
            probes,
            clock,
            node("well", "127.0.0.1", ssh_port=sshd.port, **entry),
            node("off", "127.0.0.1", ssh_port=1, **entry),
            node("strange", "127.0.0.1", ssh_port=sshd.port, **entry),
        )


MAKERS: dict[str, Callable[[Path], Iterator[Fleet]]] = {"fake": fake, "sshd": over_sshd}


@pytest.fixture(params=MAKERS)
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    yield from MAKERS[request.param](tmp_path)


def test_each_is_seen_once_as_it_is(fleet: Fleet) -> None:
    wanted = [fleet.well, fleet.off, fleet.strange, fleet.well]
    seen = list(fleet.probes.look(wanted, QUICK))
    assert {one.xnode_id: one.health.status for one in seen} == {
        "id-well": HealthStatus.HEALTHY,
        "id-off": HealthStatus.UNHEALTHY,
        "id-strange": HealthStatus.UNTRUSTED,
    }
    assert len(seen) == 3
    assert {one.xnode_id for one in seen if one.metrics is not None} == {"id-well"}


def test_a_check_that_failed_tells_what_kind_of_fault_it_was(fleet: Fleet) -> None:
    seen = fleet.look(fleet.off, fleet.strange)
    faults = {
        name: {check.kind: check.fault for check in one.health.checks} for name, one in seen.items()
    }
    assert faults["id-off"] == {
        CheckKind.PING: Fault.UNREACHABLE,
        CheckKind.SSH: Fault.UNREACHABLE,
    }
    # That something answers there at all is seen by SSH itself.
    assert faults["id-strange"] == {CheckKind.PING: None, CheckKind.SSH: Fault.HOST_KEY}
    assert all(check.error for check in seen["id-off"].health.checks)


def test_one_without_an_address_or_without_checks_is_unknown(fleet: Fleet) -> None:
    nothing = QUICK.model_copy(
        update={"checks_of": {"id-well": CheckChoice(ping=False, ssh=False)}}
    )
    seen = fleet.look(node("new", None), fleet.well, plan=nothing)
    assert {one.health.status for one in seen.values()} == {HealthStatus.UNKNOWN}
    assert all(one.metrics is None and one.health.checks == () for one in seen.values())


def test_what_the_plan_leaves_out_is_not_read(fleet: Fleet) -> None:
    whole = fleet.look(fleet.well)["id-well"].metrics
    assert whole is not None
    assert whole.disks is not None
    brief = QUICK.model_copy(update={"disks": False, "system": False})
    part = fleet.look(fleet.well, plan=brief)["id-well"].metrics
    assert part is not None
    assert (part.disks, part.failed_units, part.generation, part.gpus) == (None,) * 4
    assert part.memory_percent is not None


def test_what_a_scene_shows_is_read_only_when_it_is_asked_for() -> None:
    clock = FakeClock(START)
    probes, web = FakeProbes(clock), node("web", "192.0.2.1")
    full = {"disks": (Disk(mount="/", used_percent=99),), "failed_units": ("nginx.service",)}
    probes.play(web.id, Scene(figures=full))
    brief = QUICK.model_copy(update={"disks": False, "system": False})
    for plan, disks, units in ((QUICK, 1, 1), (brief, None, None)):
        seen = next(probes.look([web], plan)).metrics
        assert seen is not None
        assert (seen.disks and len(seen.disks)) == disks
        assert (seen.failed_units and len(seen.failed_units)) == units


def test_only_the_checks_that_are_chosen_are_made(fleet: Fleet) -> None:
    plan = QUICK.model_copy(update={"checks": CheckChoice(ping=False)})
    seen = fleet.look(fleet.well, plan=plan)["id-well"]
    assert [check.kind for check in seen.health.checks] == [CheckKind.SSH]


def test_moments_are_those_of_the_clock(fleet: Fleet) -> None:
    fleet.clock.advance(3600)
    seen = fleet.look(fleet.well)["id-well"]
    assert seen.health.checked_at == fleet.clock.now()
    assert seen.metrics is not None
    assert seen.metrics.collected_at == fleet.clock.now()


def test_nobody_to_look_at_is_nothing_seen(fleet: Fleet) -> None:
    assert fleet.look() == {}


def test_closed_probes_look_again(fleet: Fleet) -> None:
    fleet.look(fleet.well)
    fleet.probes.close()
    assert fleet.look(fleet.well)["id-well"].health.status is HealthStatus.HEALTHY


def test_who_stops_early_leaves_the_rest(fleet: Fleet) -> None:
    sweep = fleet.probes.look([fleet.well, fleet.off, fleet.strange], QUICK)
    next(sweep)
    sweep.close()  # type: ignore[attr-defined]  # a generator, as iterators of functions are
    assert fleet.look(fleet.well)["id-well"].health.status is HealthStatus.HEALTHY
