"""A machine's fixed addresses, from what `ip` tells."""

import json
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from capsule_domain.errors import CommandFailed
from capsule_domain.models.hardware import Interface


def network(name: str, told: Mapping[str, str]) -> dict[str, Any]:
    """The fields of `Hardware` that tell of the network; empty where DHCP gives addresses.

    Raises CommandFailed where the way out is no plain interface, but a bond or a bridge.
    """
    routes = [*_rows(told.get("routes")), *_rows(told.get("routes6"))]
    rows = [row for row in _rows(told.get("addresses")) if row.get("link_type") == "ether"]
    made = {row.get("ifname") for row in rows if row.get("linkinfo")}
    ways = sorted({str(route["dev"]) for route in routes if route.get("dev") in made})
    if ways:
        raise CommandFailed(
            f"{name}: its way out is {', '.join(ways)}, made of other interfaces",
            hint="write hardware-configuration.nix by hand, on the machine",
        )
    plain = [row for row in rows if row.get("ifname") not in made]
    interfaces = tuple(_interfaces(plain, routes))
    if not any(interface.gateways for interface in interfaces):
        return {}
    return {"interfaces": interfaces, "name_servers": tuple(_servers(told.get("resolvers", "")))}


def _interfaces(rows: list[dict[str, Any]], routes: list[dict[str, Any]]) -> Iterator[Interface]:
    """Those with an address that nobody leased to them."""
    for row in rows:
        addresses = [
            f"{each['local']}/{each['prefixlen']}"
            for each in row.get("addr_info", [])
            if each.get("scope") == "global" and not each.get("dynamic") and "local" in each
        ]
        if addresses and row.get("address"):
            name = str(row["ifname"])
            yield Interface(
                name=name,
                mac=str(row["address"]).lower(),
                addresses=tuple(addresses),
                gateways=tuple(_gateways(name, routes)),
            )


def _gateways(name: str, routes: list[dict[str, Any]]) -> Iterator[str]:
    """Those that were set by hand: what a router announced is announced again."""
    seen: set[str] = set()
    for route in routes:
        gateway = str(route.get("gateway") or "")
        if route.get("dev") == name and route.get("protocol") not in ("dhcp", "ra"):
            if gateway and gateway not in seen:
                yield gateway
            seen.add(gateway)


def _servers(text: str) -> Iterator[str]:
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "nameserver":
            try:
                address = ip_address(words[1])
            except ValueError:
                continue
            if not address.is_loopback and not address.is_link_local:
                yield str(address)


def _rows(text: str | None) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text or "[]")
    except ValueError:
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
