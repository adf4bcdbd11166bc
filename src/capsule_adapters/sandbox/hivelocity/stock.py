"""What the rehearsal Hivelocity sells: products on shelves, in data centres.

One row is as a real answer had it (ci.nano.s2); the four that are the catalogue's have its
prices; the others are there so that every kind of row exists: VPS, dearer in one place, sold
out, on two shelves, not by the hour, made to order, with eight GPUs.
"""

from dataclasses import dataclass
from typing import Any

from capsule_adapters.sandbox.hivelocity.state import Kind

LOCATIONS: dict[str, tuple[int, str, str, str]] = {
    "TPA1": (3, "Tampa", "FL", "US"),
    "LAX2": (12, "Los Angeles", "CA", "US"),
    "NYC1": (7, "New York", "NY", "US"),
    "ATL2": (11, "Atlanta", "GA", "US"),
    "MIA1": (5, "Miami", "FL", "US"),
    "AMS1": (21, "Amsterdam", "NH", "NL"),
}
EVERYWHERE = tuple(LOCATIONS)
_TERMS = ("quarterly", "semi_annually", "annually", "biennial", "triennial")


@dataclass(frozen=True)
class Product:
    """A product. `stock` and `premium`: where it is not available, or not at its price."""

    id: int
    name: str
    cpu: str
    cores: int
    threads: int
    memory: str
    drive: str
    hourly: float
    monthly: float
    gpu: str = "None"
    shelves: tuple[str, ...] = ("MAIN",)
    kind: Kind = "metal"
    instant: bool = True
    places: tuple[str, ...] = EVERYWHERE
    stock: tuple[tuple[str, str], ...] = ()
    premium: tuple[tuple[str, float], ...] = ()
    not_for: tuple[str, ...] = ("biennial", "triennial")

    def stock_at(self, place: str) -> str:
        return dict(self.stock).get(place, "available")

    @property
    def systems(self) -> dict[str, bool]:
        """What it can be rented with, and whether that takes user data."""
        if self.kind == "vps":
            return {"Debian 12 (VPS)": True, "Ubuntu 24.04 (VPS)": True}
        return {"Custom iPXE": False, "Debian 12": True, "Ubuntu 22.04": True, "Ubuntu 24.04": True}


_SOLD_OUT = tuple((place, "unavailable") for place in EVERYWHERE)
PRODUCTS: dict[int, Product] = {
    product.id: product
    for product in (
        Product(
            474,
            "ci.nano.s2",
            "E-2136 3.3GHz Coffee Lake",
            6,
            12,
            "16GB",
            "960GB SSD",
            0.14,
            68,
            shelves=("MAIN", "OUTLET"),
            stock=(("AMS1", "unavailable"), ("MIA1", "limited")),
            premium=(("LAX2", 0.02),),
        ),
        Product(525, "c.small", "E3-1230 3.4GHz", 4, 8, "16GB", "1 x 500GB SSD", 0.12, 85),
        Product(576, "c.medium", "E-2288G 3.7GHz", 8, 16, "32GB", "2 x 500GB SSD", 0.25, 180),
        Product(621, "c.large", "2x Silver 4110", 16, 32, "64GB", "2 x 1TB NVMe", 0.5, 360),
        Product(
            702,
            "g.small",
            "Gold 5118",
            12,
            24,
            "96GB",
            "1.5TB NVMe",
            0.8,
            575,
            gpu="NVIDIA RTX 4090 24GB",
            shelves=("GPU",),
            places=("TPA1", "LAX2"),
        ),
        Product(
            801,
            "g.huge",
            "2x EPYC 7543",
            64,
            128,
            "2TB",
            "2 x 960GB SSD, 4 x 7.68TB NVMe",
            17.5,
            11000,
            gpu="8 x NVIDIA A100 (80GB)",
            shelves=("GPU",),
            places=("NYC1",),
        ),
        Product(2311, "vps.1", "vCPU", 1, 1, "2GB", "50GB SSD", 0.012, 8, kind="vps"),
        Product(2313, "vps.2", "vCPU", 2, 2, "4GB", "100GB SSD", 0.03, 20, kind="vps"),
        Product(
            333,
            "old.small",
            "X3440",
            4,
            8,
            "8GB",
            "1TB SATA",
            0.05,
            30,
            shelves=("OUTLET",),
            stock=_SOLD_OUT,
        ),
        Product(
            444,
            "special",
            "E-2136",
            6,
            12,
            "64GB",
            "960GB SSD",
            0.01,
            5,
            shelves=("LANDING",),
            not_for=("hourly", "triennial"),
        ),
        Product(
            555,
            "to order",
            "of your choice",
            32,
            64,
            "512GB",
            "as you like",
            0.9,
            600,
            shelves=("MASSIVESTORAGE", "CUSTOM_DISPLAY"),
            instant=False,
        ),
    )
}


def row(product: Product, place: str) -> dict[str, Any]:
    """A product in one data centre, as the API writes it."""
    unit = "cores" if product.kind == "metal" else "vCPU"
    return {
        "product_id": product.id,
        "product_name": product.name,
        "data_center": place,
        "location_option_id": 144_000 + LOCATIONS[place][0],
        "stock": product.stock_at(place),
        "core": place != "MIA1",
        "edge": place == "MIA1",
        "is_sps": product.instant,
        "is_vps": product.kind == "vps",
        "processor_info": {
            "cores": product.cores,
            "sockets": 1,
            "threads": product.threads,
            "vcpus": product.cores * product.threads,
        },
        "product_cpu": product.cpu,
        "product_cpu_cores": f"<br/>({product.cores} {unit}/{product.threads} threads)",
        "product_memory": product.memory,
        "product_drive": product.drive,
        "product_gpu": product.gpu,
        "product_bandwidth": "20TB / 1Gbps",
        "product_hourly_price": product.hourly,
        "product_monthly_price": product.monthly,
        "hourly_location_premium": dict(product.premium).get(place, 0),
        "monthly_location_premium": dict(product.premium).get(place, 0) * 500,
        **{f"product_{term}_price": product.monthly for term in _TERMS},
        **{f"{term}_location_premium": 0 for term in _TERMS},
        "product_on_sale": False,
        "product_original_price": product.monthly,
        "product_disabled_billing_periods": list(product.not_for),
    }


def location(code: str) -> dict[str, Any]:
    """A data centre as the API writes it."""
    number, city, state, country = LOCATIONS[code]
    return {
        "id": number,
        "code": code,
        "title": f"{city} {code[-1]}",
        "location": {"city": city, "state": state, "country": country},
        "core": code != "MIA1",
        "edge": code == "MIA1",
        "location_option_ids": [144_000 + number],
    }
