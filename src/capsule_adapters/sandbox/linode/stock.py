"""What the rehearsal Linode sells: types, regions, images.

Figures of the types are those that the real one answered; the regions and the stock are
chosen so that every kind of offer exists: dearer in one region, with a GPU, sold out,
without a price, only at the edge.
"""

from dataclasses import dataclass
from typing import Any

_BASE = ("Linodes", "Backups", "NodeBalancers", "Block Storage", "Cloud Firewall", "Metadata")
_EDGE = ("Linodes", "Cloud Firewall", "Distributed Plans")


@dataclass(frozen=True)
class Place:
    """A region."""

    label: str
    country: str
    extra: tuple[str, ...] = ()
    edge: bool = False

    @property
    def capabilities(self) -> tuple[str, ...]:
        return _EDGE if self.edge else (*_BASE, *self.extra)


REGIONS = {
    "us-east": Place("Newark, NJ", "us", ("GPU Linodes",)),
    "us-ord": Place("Chicago, IL", "us", ("GPU Linodes", "Premium Plans")),
    "fr-par": Place("Paris, FR", "fr", ("Premium Plans",)),
    "eu-west": Place("London, UK", "gb"),
    "ap-south": Place("Singapore, SG", "sg", ("GPU Linodes",)),
    "br-gru": Place("Sao Paulo, BR", "br", ("Premium Plans",)),
    "us-den-edge-1": Place("Edge - Denver, CO", "us", edge=True),
}

_Prices = tuple[float, float]


def _type(  # noqa: PLR0917 (a row of a table)
    id_: str,
    label: str,
    class_: str,
    vcpus: int,
    memory_mb: int,
    disk_mb: int,
    price: _Prices,
    in_brazil: _Prices | None,
    gpus: int = 0,
) -> dict[str, Any]:
    dearer = [] if in_brazil is None else [_price("br-gru", in_brazil)]
    return {
        "id": id_,
        "label": label,
        "price": {"hourly": price[0], "monthly": price[1]},
        "region_prices": dearer,
        "addons": {"backups": {"price": {"hourly": 0.003, "monthly": 2.0}, "region_prices": []}},
        "memory": memory_mb,
        "disk": disk_mb,
        "transfer": 1000 * vcpus,
        "vcpus": vcpus,
        "gpus": gpus,
        "network_out": 1000 * vcpus,
        "class": class_,
        "successor": None,
    }


def _price(region: str, price: _Prices) -> dict[str, Any]:
    return {"id": region, "hourly": price[0], "monthly": price[1]}


TYPES: dict[str, dict[str, Any]] = {
    type_["id"]: type_
    for type_ in (
        _type("g6-nanode-1", "Nanode 1GB", "nanode", 1, 1024, 25600, (0.0075, 5.0), (0.0105, 7.0)),
        _type(
            "g6-standard-1", "Linode 2GB", "standard", 1, 2048, 51200, (0.018, 12.0), (0.025, 16.8)
        ),
        _type(
            "g6-standard-2", "Linode 4GB", "standard", 2, 4096, 81920, (0.036, 24.0), (0.05, 33.6)
        ),
        _type(
            "g6-dedicated-2",
            "Dedicated 4GB",
            "dedicated",
            2,
            4096,
            81920,
            (0.054, 36.0),
            (0.076, 50.4),
        ),
        _type(
            "g6-dedicated-4",
            "Dedicated 8GB",
            "dedicated",
            4,
            8192,
            163840,
            (0.108, 72.0),
            (0.151, 100.8),
        ),
        _type(
            "g1-gpu-rtx6000-1",
            "Dedicated 32GB + RTX6000 GPU x1",
            "gpu",
            8,
            32768,
            655360,
            (1.5, 1000.0),
            None,
            gpus=1,
        ),
        _type(
            "g7-premium-2", "Premium 4GB", "premium", 2, 4096, 81920, (0.0645, 43.0), (0.091, 60.48)
        ),
        _type(
            "g6-nanode-edge-1", "Nanode 1GB", "nanode", 1, 1024, 25600, (0.0075, 5.0), (0.0105, 7.0)
        ),
    )
}

_NEEDS = {"gpu": "GPU Linodes", "premium": "Premium Plans"}

AVAILABILITY: tuple[tuple[str, str, bool], ...] = (
    ("us-east", "g1-gpu-rtx6000-1", True),
    ("us-ord", "g1-gpu-rtx6000-1", False),
    ("us-ord", "g7-premium-2", False),
    ("fr-par", "g7-premium-2", False),
    ("br-gru", "g7-premium-2", False),
    # A name of the cloud's own that no type has: such rows came, too.
    ("us-east", "gpu-rtx6000-1.1", True),
)

IMAGES = {
    "linode/ubuntu24.04": ("Ubuntu 24.04 LTS", "Ubuntu", ("cloud-init", "distributed-sites")),
    "linode/debian12": ("Debian 12", "Debian", ("cloud-init", "distributed-sites")),
    "linode/slackware15.0": ("Slackware 15.0", "Slackware", ()),
}


def is_sold(type_: str, region: str) -> bool:
    """Whether a Linode of that type can be had in that region now."""
    wanted, place = TYPES[type_], REGIONS[region]
    need = _NEEDS.get(wanted["class"], "Linodes")
    fits = need in place.capabilities and ("-edge-" in type_) == place.edge
    return fits and (region, type_, False) not in AVAILABILITY


def region(id_: str) -> dict[str, Any]:
    """A region as the API writes it."""
    place = REGIONS[id_]
    return {
        "id": id_,
        "label": place.label,
        "country": place.country,
        "capabilities": list(place.capabilities),
        "status": "ok",
        "resolvers": {"ipv4": "127.0.0.53", "ipv6": "::1"},
        "placement_group_limits": {"maximum_pgs_per_customer": None, "maximum_linodes_per_pg": 5},
        "site_type": "distributed" if place.edge else "core",
    }


def availability(region_id: str | None = None) -> list[dict[str, Any]]:
    """The rows about one region, or about all."""
    return [
        {"region": place, "plan": plan, "available": available}
        for place, plan, available in AVAILABILITY
        if region_id in (None, place)
    ]


def image(id_: str) -> dict[str, Any]:
    """An image as the API writes it."""
    label, vendor, capabilities = IMAGES[id_]
    return {
        "id": id_,
        "label": label,
        "vendor": vendor,
        "capabilities": list(capabilities),
        "created": "2024-04-25T16:11:02",
        "created_by": "linode",
        "deprecated": False,
        "description": label,
        "eol": "2029-04-25T04:00:00",
        "expiry": None,
        "is_public": True,
        "size": 3500,
        "status": "available",
        "type": "manual",
        "updated": "2024-04-25T16:11:02",
        "regions": [],
        "tags": [],
        "total_size": 0,
    }
