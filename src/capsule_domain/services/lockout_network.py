"""Rules of the lint: whether the machine keeps an address, and a way back to us."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.live_system import LiveSystem, SshSession
from capsule_domain.services.lockout_case import Case, Worry, doubt
from capsule_domain.services.ways_in import (
    addresses_then,
    declared_addresses,
    is_next_to,
    keeps_address,
    parsed,
)

_HARDWARE = re.compile(r"(eth\d|en[opsx]\w|wl\w|venet\d)\w*")
"""Interfaces that are there by themselves; others the configuration may make."""
_PREDICTABLE = re.compile(r"en[opsx]\w+")
_MAC = re.compile(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")


def address_lost(case: Case) -> Iterator[Worry]:
    """No address, none that leads to us, or one on an interface that the machine has not."""
    session, new = case.live.session, case.new
    if session is None:
        return
    if not addresses_then(session, new):
        yield Worry(
            f"nothing gives the machine an address: neither DHCP, nor {session.server_address}"
            " as a static one",
            "networking.useDHCP = true;, or networking.interfaces as the machine has them",
        )
        return
    yield from _interface(session, new)
    yield from _gateway(case.live, session, new)


def _interface(session: SshSession, new: EvaluatedSystem) -> Iterator[Worry]:
    here, name = parsed(session.server_address), session.interface
    if here is None or name is None:
        return
    declared_on = [
        one
        for one, addresses in new.static_addresses.items()
        if here in [parsed(text.split("/")[0]) for text in addresses]
    ]
    strange = [one for one in declared_on if _HARDWARE.fullmatch(one) and not _is(one, name)]
    if strange and len(strange) == len(declared_on):
        yield Worry(
            f"{here} would be on {strange[0]}, and the machine has it on {name}",
            f"networking.interfaces.{name}, or a .network of systemd that matches by MAC address",
        )
    if name not in {*new.static_addresses, *new.open_on}:
        return
    if new.predictable_names is False and _PREDICTABLE.fullmatch(name):
        yield Worry(
            f"{name} has another name after the next start (usePredictableInterfaceNames = false),"
            " and the configuration calls it by this one",
            "networking.usePredictableInterfaceNames = true;",
        )
    if new.predictable_names and re.fullmatch(r"eth\d+", name):
        yield doubt(
            f"whether {name} has that name after the next start is unknown",
            "networking.usePredictableInterfaceNames = false;",
        )


def _gateway(live: LiveSystem, session: SshSession, new: EvaluatedSystem) -> Iterator[Worry]:
    """Of a machine with static addresses alone: what DHCP brings is not told."""
    client, here = parsed(session.client_address), parsed(session.server_address)
    if new.uses_dhcp or not declared_addresses(new):
        return
    if client is None or client.is_loopback or client.is_link_local or is_next_to(client, new):
        return
    ways = [way for text in new.gateways if (way := parsed(text)) and way.version == client.version]
    was = parsed(live.gateway or "")
    if not ways:
        yield Worry(
            f"no gateway leads to {client}, from where we came",
            f'networking.defaultGateway = "{live.gateway or "…"}";',
        )
    elif (
        keeps_address(session, new)
        and here is not None
        and was is not None
        and was.version == client.version
        and was not in ways
    ):
        yield Worry(
            f"the gateway would be {ways[0]}, and is {was} now, for the same address",
            f'networking.defaultGateway = "{was}";',
        )


def _is(declared: str, name: str) -> bool:
    return bool(_MAC.fullmatch(declared)) or fnmatchcase(name, declared)
