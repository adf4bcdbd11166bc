"""What the rehearsal Equinix Metal sells: metros, plans, operating systems.

Hourly prices of c3.small.x86, c3.medium.x86 and g2.large.x86 are the published ones; the
rest is chosen so that every kind of offer exists: dearer in one metro, with a GPU, for
ARM, scarce, sold out, by reservation only, of no told size.
"""

from typing import Any, Final
from uuid import NAMESPACE_DNS, uuid5

from capsule_adapters.sandbox.equinix.wording import PREFIX

METROS: Final = {
    "am": ("Amsterdam", "NL"),
    "da": ("Dallas", "US"),
    "fr": ("Frankfurt", "DE"),
    "ny": ("New York", "US"),
    "sg": ("Singapore", "SG"),
    "sv": ("Silicon Valley", "US"),
    "ty": ("Tokyo", "JP"),
}
_EVERYWHERE = dict.fromkeys(METROS)


def metro_id(code: str) -> str:
    return str(uuid5(NAMESPACE_DNS, f"metro.{code}"))


def metro(code: str) -> dict[str, Any]:
    """A metro as the API wrote it."""
    name, country = METROS[code]
    return {"id": metro_id(code), "code": code, "name": name, "country": country}


def _plan(
    slug: str,
    hour: float,
    metros: dict[str, float | None],
    specs: dict[str, Any],
    *,
    description: str = "",
    deployment_types: tuple[str, ...] = ("on_demand", "spot_market"),
) -> dict[str, Any]:
    """`metros`: where it is, with its price there where that is another one."""
    return {
        "id": str(uuid5(NAMESPACE_DNS, f"plan.{slug}")),
        "slug": slug,
        "name": slug,
        "description": description or f"Our {slug} configuration",
        "line": "baremetal",
        "class": slug,
        "legacy": False,
        "type": "standard",
        "categories": ["compute", "current_gen"],
        "deployment_types": list(deployment_types),
        "pricing": {"hour": hour},
        "specs": specs,
        "available_in": [],
        "available_in_metros": [
            {
                "href": f"{PREFIX}/locations/metros/{metro_id(code)}",
                **({} if price is None else {"price": {"hour": price}}),
            }
            for code, price in metros.items()
        ],
    }


def _specs(
    cpus: tuple[int, str], memory: str, drives: tuple[tuple[int, str], ...], **more: Any
) -> dict[str, Any]:
    return {
        "cpus": [{"count": cpus[0], "type": cpus[1]}],
        "memory": {"total": memory},
        "drives": [
            {"count": count, "type": "SSD", "size": size, "category": "boot"}
            for count, size in drives
        ],
        "nics": [{"count": 2, "type": "10Gbps"}],
        "features": {"raid": False, "txt": True, "uefi": False},
        **more,
    }


PLANS: Final[dict[str, dict[str, Any]]] = {
    plan["slug"]: plan
    for plan in (
        _plan(
            "c3.small.x86",
            0.5,
            _EVERYWHERE,
            _specs((1, "Intel Xeon E-2278G 8-Core Processor @ 3.40GHz"), "32GB", ((2, "480GB"),)),
        ),
        _plan(
            "c3.medium.x86",
            1.1,
            {**_EVERYWHERE, "sg": 1.32},
            _specs((1, "AMD EPYC 7402P 24-Core Processor @ 2.8GHz"), "64GB", ((2, "480GB"),)),
        ),
        _plan(
            "m3.large.x86",
            3.1,
            {"am": None, "da": None},
            _specs(
                (1, "AMD EPYC 7502P 32-Core Processor @ 2.5GHz"),
                "256GB",
                ((2, "480GB"), (2, "3.8TB")),
            ),
        ),
        _plan(
            "s3.xlarge.x86",
            2.95,
            {"da": None},
            _specs((2, "Intel Xeon 4214 12-Core Processor @ 2.2GHz"), "192GB", ((2, "960GB"),)),
        ),
        _plan(
            "c3.large.arm64",
            2.5,
            {"da": None},
            _specs((1, "Ampere Altra Q80-30 80-Core Processor @ 2.8GHz"), "256GB", ((2, "960GB"),)),
        ),
        _plan(
            "g2.large.x86",
            5.0,
            {"da": None},
            # No description has a field for it.
            _specs(
                (2, "Intel Xeon Gold 5120 14-Core Processor @ 2.2GHz"),
                "192GB",
                ((2, "120GB"), (2, "480GB")),
                gpu=[{"count": 2, "type": "NVIDIA Tesla V100 32GB"}],
            ),
        ),
        _plan(
            "w3amd.75xx24c.256.4320.x86",
            4.0,
            {"da": None},
            _specs((1, "AMD EPYC 75F3 24-Core Processor"), "256GB", ((2, "480GB"),)),
            deployment_types=(),
        ),
        _plan("baremetal_unsized", 1.0, {"da": None}, {}),
    )
}

_LEVELS = {
    ("m3.large.x86", "am"): "unavailable",
    ("m3.large.x86", "da"): "unavailable",
    ("s3.xlarge.x86", "da"): "limited",
}
_AVAILABLE_SERVERS = {"normal": 20, "limited": 1, "unavailable": 0}

_SYSTEMS = {
    "ubuntu_24_04": ("Ubuntu 24.04 LTS", "ubuntu", "24.04"),
    "debian_12": ("Debian 12", "debian", "12"),
    "nixos_22_11": ("NixOS 22.11", "nixos", "22.11"),
    "custom_ipxe": ("Custom iPXE", "custom_ipxe", "1"),
}
_WITHOUT_NIXOS = ("c3.large.arm64",)


def _provisionable_on(slug: str) -> list[str]:
    return [plan for plan in PLANS if slug != "nixos_22_11" or plan not in _WITHOUT_NIXOS]


OPERATING_SYSTEMS: Final[dict[str, dict[str, Any]]] = {
    slug: {
        "id": str(uuid5(NAMESPACE_DNS, f"system.{slug}")),
        "slug": slug,
        "name": name,
        "distro": distro,
        "distro_label": distro,
        "version": version,
        "preinstallable": False,
        "licensed": False,
        "pricing": {},
        "provisionable_on": _provisionable_on(slug),
    }
    for slug, (name, distro, version) in _SYSTEMS.items()
}


def in_metro(plan: str, metro_code: str) -> bool:
    """Whether a metro has that plan at all."""
    links = (place["href"] for place in PLANS[plan]["available_in_metros"])
    return any(link.endswith(metro_id(metro_code)) for link in links)


def level(plan: str, metro_code: str) -> str:
    """How much a metro has of a plan."""
    return _LEVELS.get((plan, metro_code), "normal")


def capacity() -> dict[str, Any]:
    """By metro and plan, as the API wrote it."""
    return {
        code: {
            plan: {
                "level": level(plan, code),
                "available_servers": _AVAILABLE_SERVERS[level(plan, code)],
            }
            for plan in PLANS
            if in_metro(plan, code)
        }
        for code in METROS
    }


def has_room(plan: object, metro_code: object, quantity: object) -> bool:
    """Whether so many of a plan can be had in a metro now."""
    if not isinstance(plan, str) or not isinstance(metro_code, str):
        return False
    if plan not in PLANS or metro_code not in METROS or not in_metro(plan, metro_code):
        return False
    wanted = int(quantity[:9]) if isinstance(quantity, str) and quantity.isdecimal() else 1
    return wanted <= _AVAILABLE_SERVERS[level(plan, metro_code)]
