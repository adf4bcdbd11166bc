"""What the rehearsal AWS sells: regions, types, images.

Prices of the four in the catalogue are its own, in us-east-1; the other figures are
published ones or plausible, and there so that every kind of type exists: with a GPU, for
ARM, in some regions only, offered nowhere. The types themselves are moto's.
"""

from dataclasses import dataclass
from decimal import Decimal

REGIONS: dict[str, tuple[str, Decimal]] = {
    "us-east-1": ("US East (N. Virginia)", Decimal(1)),
    "us-west-2": ("US West (Oregon)", Decimal(1)),
    "eu-west-1": ("EU (Ireland)", Decimal("1.1")),
    "ap-southeast-1": ("Asia Pacific (Singapore)", Decimal("1.25")),
    "ap-northeast-1": ("Asia Pacific (Tokyo)", Decimal("1.3")),
}
"""The price list's name of each, and by how much it is dearer."""


@dataclass(frozen=True)
class Sold:
    """A type on sale. `dollars`: an hour in us-east-1."""

    dollars: Decimal
    vcpus: int
    memory: str
    arch: str = "x86_64"
    offered: bool = True


TYPES = {
    "t3.micro": Sold(Decimal("0.0104"), 2, "1 GiB"),
    "t3.medium": Sold(Decimal("0.0416"), 2, "4 GiB"),
    "t4g.small": Sold(Decimal("0.0168"), 2, "2 GiB", "arm64"),
    "m5.large": Sold(Decimal("0.096"), 2, "8 GiB"),
    "c5.2xlarge": Sold(Decimal("0.34"), 8, "16 GiB"),
    "g5.xlarge": Sold(Decimal("1.006"), 4, "16 GiB"),
    "p5.48xlarge": Sold(Decimal("55.04"), 192, "2048 GiB"),
    # In the price list, and to be had nowhere.
    "x2iezn.2xlarge": Sold(Decimal("1.668"), 8, "256 GiB", offered=False),
}

CANONICAL = "099720109477"
NIXOS = "427812963091"
_RELEASE = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04"
_DAILY = "ubuntu/images-testing/hvm-ssd-gp3/ubuntu-noble-daily"

IMAGES: tuple[tuple[str, str, str, str], ...] = (
    # id, owner, name, architecture: the date in the name is the day it was made
    ("ami-0a0a0a0a0a0a0a001", CANONICAL, f"{_RELEASE}-amd64-server-20260423", "x86_64"),
    ("ami-0a0a0a0a0a0a0a002", CANONICAL, f"{_RELEASE}-amd64-server-20261105", "x86_64"),
    ("ami-0a0a0a0a0a0a0a003", CANONICAL, f"{_RELEASE}-amd64-server-20260911", "x86_64"),
    ("ami-0a0a0a0a0a0a0a004", CANONICAL, f"{_RELEASE}-arm64-server-20261105", "arm64"),
    ("ami-0a0a0a0a0a0a0a005", CANONICAL, f"{_DAILY}-amd64-server-20261122", "x86_64"),
    ("ami-0a0a0a0a0a0a0a006", "123456789013", f"{_RELEASE}-amd64-server-20261120", "x86_64"),
    ("ami-0a0a0a0a0a0a0a007", "136693071363", "debian-12-amd64-20261101-2000", "x86_64"),
    ("ami-0a0a0a0a0a0a0a008", NIXOS, "nixos/26.05.20261101.0f3c2d9-x86_64-linux", "x86_64"),
    ("ami-0a0a0a0a0a0a0a009", NIXOS, "nixos/26.05.20261101.0f3c2d9-aarch64-linux", "arm64"),
    ("ami-0a0a0a0a0a0a0a010", NIXOS, "nixos/25.11.20261115.77aa01b-x86_64-linux", "x86_64"),
)
"""Among them a stranger's of Ubuntu's name, and a newer one that is not released."""
NIXOS_IMAGES = frozenset(image_id for image_id, owner, *_ in IMAGES if owner == NIXOS)


def price(slug: str, region: str) -> Decimal:
    """Dollars an hour."""
    return TYPES[slug].dollars * REGIONS[region][1]
