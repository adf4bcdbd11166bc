"""Where a machine will be once it is switched, whatever the configuration is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.models.endpoint import Endpoint
from capsule_domain.models.evaluated_system import EvaluatedSystem, OpenPorts
from capsule_domain.models.facts import Sudo
from capsule_domain.models.finding import Severity
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.ports.host import Destination, Target
from capsule_domain.services.lockout import lockout
from capsule_domain.services.ways_in import endpoints, ways_in
from tests.services.lint import live, new

TARGET = Target(address="203.0.113.9", key_alias="id-1")
NOW = Endpoint(address="203.0.113.9", port=22)
GONE = Endpoint(address="203.0.113.9", port=22, declared=False)
OPEN = OpenPorts(ports=(22, 2222))


def at(port: int, address: str = "203.0.113.9") -> Endpoint:
    return Endpoint(address=address, port=port)


@pytest.mark.parametrize(
    ("system", "places"),
    [
        (new(), [NOW]),
        (new(ssh={"ports": (2222,)}, open_everywhere=OPEN), [at(2222), GONE]),
        (new(ssh={"ports": (22, 2222)}, open_everywhere=OPEN), [at(2222), NOW]),
        (new(ssh={"ports": (22, 2222)}), [NOW]),
        (new(ssh={"ports": (2222,)}), [GONE]),
        (new(ssh={"enabled": False}), [GONE]),
        (
            new(uses_dhcp=False, static_addresses={"ens3": ("2001:db8::5/64", "192.0.2.5/24")}),
            [at(22, "192.0.2.5"), at(22, "2001:db8::5"), GONE],
        ),
    ],
)
def test_the_new_places_come_first_and_the_present_one_last(
    system: EvaluatedSystem, places: list[Endpoint]
) -> None:
    assert endpoints(live(), system, TARGET) == places


def test_what_is_led_on_to_the_machine_keeps_the_name_that_we_have_for_it() -> None:
    """203.0.113.50:2200 leads to 10.0.0.9:22."""
    machine = live(session={"server_address": "10.0.0.9"})
    there = Destination(host="web", port=2200)
    assert endpoints(machine, new(), there) == [at(2200, "web")]
    moved = new(ssh={"ports": (2222,)}, open_everywhere=OPEN)
    assert endpoints(machine, moved, there)[0] == at(2222, "web")


def test_a_destination_without_a_port_is_where_it_was_met() -> None:
    machine = live(session={"server_port": 2222})
    system = new(ssh={"ports": (2222,)}, open_everywhere=OPEN)
    assert endpoints(machine, system, Destination(host="web")) == [at(2222, "web")]


def test_on_the_machine_itself_there_is_no_way_in_to_try() -> None:
    assert endpoints(live(session=None), new(), None) == []


def test_on_loopback_an_address_moves_only_to_another_of_loopback() -> None:
    machine = live(session={"server_address": "127.0.0.1", "interface": "lo"})
    elsewhere = new(uses_dhcp=False, static_addresses={"ens3": ("192.0.2.5/24",)})
    assert ways_in(machine, elsewhere) == [("127.0.0.1", 22)]
    moved = new(uses_dhcp=False, static_addresses={"lo": ("127.0.0.2/8",)})
    assert ways_in(machine, moved) == [("127.0.0.2", 22)]


ports = st.lists(st.integers(1, 65535), min_size=1, max_size=3, unique=True).map(tuple)
interfaces = st.sampled_from(["ens3", "eth0", "br0", None])


@st.composite
def machines(draw: Any) -> tuple[LiveSystem, EvaluatedSystem]:
    """A machine, and the configuration that it runs: equal in all that rules compare."""
    open_ports, interface = draw(ports), draw(interfaces)
    user = draw(st.sampled_from(["root", "deploy"]))
    port = draw(st.sampled_from(open_ports))
    is_static = draw(st.booleans())
    everywhere = draw(st.booleans()) or interface is None
    release, state = draw(st.sampled_from(["25.11", "26.05"])), draw(st.booleans())
    loader = draw(st.sampled_from(["systemd-boot", "grub"]))
    static = {
        "uses_dhcp": False,
        "static_addresses": {interface or "ens3": ("203.0.113.9/24",)},
        "gateways": ("203.0.113.1",),
    }
    machine = live(
        user=user,
        sudo=Sudo.ROOT if user == "root" else Sudo.FREE,
        session={
            "server_port": port,
            "interface": interface,
            "key_fingerprint": draw(st.sampled_from([live().session.key_fingerprint, None])),  # type: ignore[union-attr]
        },
        nixos_version=f"{release}.7.abc",
        state_version="25.11" if state else None,
        boot_loader=draw(st.sampled_from([loader, None])),
        free_boot_mib=draw(st.none() | st.integers(0, 1000)),
        gateway=draw(st.sampled_from(["203.0.113.1", None])),
    )
    system = new(
        release=release,
        boot_loader=loader,
        ssh={"ports": open_ports},
        open_everywhere=OpenPorts(ports=open_ports if everywhere else ()),
        open_on={} if everywhere else {interface: OpenPorts(ports=open_ports)},
        fail2ban=draw(st.booleans()),
        firewall_enabled=draw(st.booleans()),
        **(static if is_static else {}),
    )
    return machine, system


@given(machines())
def test_what_a_machine_runs_already_is_never_refused(
    case: tuple[LiveSystem, EvaluatedSystem],
) -> None:
    errors = [one for one in lockout(*case) if one.severity is Severity.ERROR]
    assert errors == []
    assert all(one.declared for one in endpoints(*case, TARGET))


@given(machines(), ports)
def test_without_a_port_that_is_open_it_is_always_refused(
    case: tuple[LiveSystem, EvaluatedSystem], others: tuple[int, ...]
) -> None:
    machine, system = case
    opened = tuple(port for port in others if port not in system.ssh.ports)
    shut = system.model_copy(
        update={
            "firewall_enabled": True,
            "open_everywhere": OpenPorts(ports=opened),
            "open_on": {"other9": OpenPorts(ports=opened)},
        }
    )
    assert "ssh-port-closed" in [
        one.rule for one in lockout(machine, shut) if one.severity is Severity.ERROR
    ]
    assert not any(one.declared for one in endpoints(machine, shut, TARGET))
