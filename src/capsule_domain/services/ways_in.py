"""Where sshd will be reached: the addresses, the ports, and what the firewall lets through."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface

from capsule_domain.models.endpoint import Endpoint
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.live_system import LiveSystem, SshSession
from capsule_domain.ports.host import Target
from capsule_domain.ports.nixos_hosts import Machine

Address = IPv4Address | IPv6Address
_ANY = {4: "0.0.0.0", 6: "::"}  # noqa: S104  (a word of sshd_config, nothing is bound)

_OVERLAY = re.compile(r"tailscale|wg|tun|tap|zt|nebula")
"""Interfaces whose addresses come from a network that is laid over others."""


def endpoints(live: LiveSystem, new: EvaluatedSystem, machine: Machine) -> Sequence[Endpoint]:
    """Where the machine will be, as we name it from here: the new places first, then the one
    where it is now. None for the machine that we are on.

    Where an address or a port is led on to another one, before it comes to the machine, what
    stays is named as we do, and what moves as the machine does.
    """
    if machine is None or live.session is None:
        return []
    now = _here(machine, live.session)
    found = [_seen(now, live.session, *way) for way in ways_in(live, new)]
    others = [one for one in dict.fromkeys(found) if one != now]
    return [*others, now.model_copy(update={"declared": now in found})]


def ways_in(live: LiveSystem, new: EvaluatedSystem) -> Sequence[tuple[str, int]]:
    """The addresses and ports at which the new system answers us, as the machine names them."""
    if live.session is None or not new.ssh.enabled:
        return []
    interface = live.session.interface
    return [
        (address, port)
        for address in addresses_then(live.session, new)
        for port in dict.fromkeys(_listened(new, address))
        if lets_in(new, port, interface) is not False
    ]


def addresses_then(session: SshSession, new: EvaluatedSystem) -> Sequence[str]:
    """The address that we came to, if it stays; else those that are declared instead."""
    if keeps_address(session, new):
        return [session.server_address]
    here = parsed(session.server_address)
    version = 4 if here is None else here.version
    declared = [address for address in declared_addresses(new) if not address.is_link_local]
    return [str(address) for address in sorted(declared, key=lambda one: one.version != version)]


def keeps_address(session: SshSession, new: EvaluatedSystem) -> bool:
    """Whether the machine still has the address that we came to, as far as that is told."""
    here = parsed(session.server_address)
    declared = declared_addresses(new)
    if here is None or here in declared or here.is_link_local:
        return True
    if session.interface is not None and _OVERLAY.match(session.interface):
        return True
    if here.is_loopback:
        return not any(address.is_loopback for address in declared)
    return new.uses_dhcp and not _on(session.interface, new)


def declared_addresses(new: EvaluatedSystem) -> Sequence[Address]:
    """All static ones, without their networks."""
    written = [address for of_one in new.static_addresses.values() for address in of_one]
    return [address for text in written if (address := parsed(text.split("/")[0])) is not None]


def lets_in(new: EvaluatedSystem, port: int, interface: str | None) -> bool | None:
    """Whether the firewall does; None where that hangs on an interface that nobody knows."""
    if not new.firewall_enabled or new.open_everywhere.lets(port):
        return True
    if interface is None:
        some = any(opened.lets(port) for opened in new.open_on.values())
        return None if some or set(new.trusted_interfaces) - {"lo"} else False
    trusted = any(_is_named(name, interface) for name in new.trusted_interfaces)
    return trusted or any(
        opened.lets(port) for name, opened in new.open_on.items() if _is_named(name, interface)
    )


def parsed(text: str) -> Address | None:
    """An address without its zone; one of IPv4 in IPv6's form is IPv4's. None for no address."""
    try:
        address = ip_address(text.partition("%")[0].strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_next_to(address: Address, new: EvaluatedSystem) -> bool:
    """Whether it is in a network that the machine is in, so that no gateway is needed."""
    for of_one in new.static_addresses.values():
        for text in of_one:
            try:
                if address in ip_interface(text).network:
                    return True
            except ValueError:
                continue
    return False


def _listened(new: EvaluatedSystem, address: str) -> Iterator[int]:
    """The ports of sshd at that address."""
    if not new.ssh.listen_addresses:
        yield from new.ssh.ports
        return
    here = parsed(address)
    for one in new.ssh.listen_addresses:
        if here is not None and parsed(one.address) in (here, parsed(_ANY[here.version])):
            yield from new.ssh.ports if one.port is None else (one.port,)


def _on(interface: str | None, new: EvaluatedSystem) -> bool:
    """Whether static addresses are declared for that interface."""
    return interface is not None and interface in new.static_addresses


def _is_named(pattern: str, interface: str) -> bool:
    """`+` at the end is iptables' way of saying `*`."""
    return fnmatchcase(interface, pattern[:-1] + "*" if pattern.endswith("+") else pattern)


def _here(machine: Machine, session: SshSession) -> Endpoint:
    if isinstance(machine, Target):
        return Endpoint(address=machine.address, port=machine.port)
    assert machine is not None  # noqa: S101  (its caller saw to it)
    return Endpoint(address=machine.host, port=machine.port or session.server_port)


def _seen(now: Endpoint, session: SshSession, address: str, port: int) -> Endpoint:
    return Endpoint(
        address=now.address if address == session.server_address else address,
        port=now.port if port == session.server_port else port,
    )
