"""What the rehearsal Scaleway sells: types by zone, their stock, images.

Figures of the types are those that the real one answered; where they are sold and what is
left is chosen so that every kind of offer exists: with a GPU, for arm64, without a local
disk, scarce, sold out, at the end of its service, with a licence of Windows.
"""

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

_GB = 10**9
_GIB = 2**30

ZONES = (
    *("fr-par-1", "fr-par-2", "fr-par-3"),
    *("nl-ams-1", "nl-ams-2", "nl-ams-3"),
    *("pl-waw-1", "pl-waw-2", "pl-waw-3"),
    "it-mil-1",
)
_USUAL_ZONES = ("fr-par-1", "nl-ams-2", "pl-waw-1")
SOLD_OUT = "PLAY2-PICO"
_STOCK = {SOLD_OUT: "shortage", "GP1-S": "scarce", "RENDER-S": "scarce"}


@dataclass(frozen=True)
class Type:
    """A commercial type. Prices are euros; `disk_gb` is local, and 0 where there is none."""

    ncpus: int
    ram_gib: int
    hourly: float
    monthly: float
    disk_gb: int
    zones: tuple[str, ...] = _USUAL_ZONES
    arch: str = "x86_64"
    gpus: int = 0
    gpu_name: str = ""
    gpu_gib: int = 0
    ended: bool = False

    @property
    def local_bytes(self) -> int:
        return self.disk_gb * _GB


TYPES = {
    "DEV1-S": Type(2, 2, 0.008976, 6.55248, 20),
    "DEV1-M": Type(3, 4, 0.020196, 14.74308, 40),
    "GP1-XS": Type(4, 16, 0.09282, 67.7586, 150),
    "GP1-S": Type(8, 32, 0.19074, 139.2402, 300),
    "RENDER-S": Type(
        10, 42, 1.221, 891.33, 400, zones=("fr-par-1",), gpus=1, gpu_name="P100", gpu_gib=16
    ),
    "L4-2-24G": Type(
        16, 96, 1.575, 1149.75, 0, zones=("fr-par-1",), gpus=2, gpu_name="L4", gpu_gib=24
    ),
    "H100-1-80G": Type(
        24,
        240,
        2.8665,
        2092.545,
        0,
        zones=("fr-par-2",),
        gpus=1,
        gpu_name="H100-PCIe",
        gpu_gib=80,
    ),
    "STANDARD2-A2C-8G": Type(2, 8, 0.0586, 42.778, 0, zones=("fr-par-1",), arch="arm64"),
    "PLAY2-PICO": Type(1, 2, 0.01428, 10.4244, 0),
    "POP2-2C-8G-WIN": Type(2, 8, 0.1823, 133.079, 0, zones=("fr-par-1",)),
    "START1-S": Type(2, 2, 0.0106, 7.738, 50, zones=("fr-par-1",), ended=True),
}

LABELS = ("ubuntu_noble", "debian_bookworm")
IMAGE_TYPES = ("instance_local", "instance_sbs")


@dataclass(frozen=True)
class Image:
    """A label's image for one architecture and one kind of root volume, in one zone."""

    id: str
    label: str
    arch: str
    type: str
    zone: str


IMAGES = {
    image.id: image
    for image in (
        Image(str(uuid5(NAMESPACE_URL, f"{label}/{arch}/{type_}/{zone}")), label, arch, type_, zone)
        for label in LABELS
        for arch in ("x86_64", "arm64")
        for type_ in IMAGE_TYPES
        for zone in ZONES
    )
}


def sold_in(zone: str) -> dict[str, Type]:
    """The types of a zone, whether there are any left or not."""
    return {name: type_ for name, type_ in TYPES.items() if zone in type_.zones}


def availability(name: str) -> str:
    return _STOCK.get(name, "available")


def fits(image: Image, name: str) -> bool:
    """Whether a type boots from an image."""
    type_ = TYPES[name]
    return image.arch == type_.arch and (image.type != "instance_local" or type_.disk_gb > 0)


def shown(type_: Type) -> dict[str, Any]:
    """A type as the API writes it; its name is its key there."""
    local = {"min_size": _GB if type_.disk_gb else 0, "max_size": 800 * _GB if type_.disk_gb else 0}
    card = {
        "gpu_manufacturer": "NVIDIA",
        "gpu_name": type_.gpu_name,
        "gpu_memory": type_.gpu_gib * _GIB,
    }
    return {
        "alt_names": [],
        "arch": type_.arch,
        "ncpus": type_.ncpus,
        "ram": type_.ram_gib * _GIB,
        "gpu": type_.gpus,
        "gpu_info": card if type_.gpus else None,
        "mig_profile": None,
        "volumes_constraint": {"min_size": 0, "max_size": type_.local_bytes},
        "per_volume_constraint": {"l_ssd": local},
        "scratch_storage_max_size": 0,
        "scratch_storage_max_volumes_count": 0,
        "monthly_price": type_.monthly,
        "hourly_price": type_.hourly,
        "capabilities": {
            "boot_types": ["local", "rescue"],
            "block_storage": True,
            "max_file_systems": 0,
        },
        "network": {
            "ipv6_support": True,
            "sum_internal_bandwidth": 200_000_000,
            "sum_internet_bandwidth": 200_000_000,
            "interfaces": [{"internal_bandwidth": 200_000_000, "internet_bandwidth": 200_000_000}],
        },
        "block_bandwidth": 104_857_600,
        "end_of_service": type_.ended,
    }


def local_image(image: Image) -> dict[str, Any]:
    """An image as the marketplace writes it."""
    return {
        "id": image.id,
        "label": image.label,
        "arch": image.arch,
        "type": image.type,
        "zone": image.zone,
        "compatible_commercial_types": [name for name in sold_in(image.zone) if fits(image, name)],
    }
