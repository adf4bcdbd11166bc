"""What the rehearsal DigitalOcean sells: sizes, regions, images.

Prices of the first four are those of the catalogue; the other figures are plausible,
and there so that every kind of offer exists: with a GPU, sold out, in one region only.
"""

from typing import Any

REGIONS = {
    "nyc1": "New York 1",
    "nyc3": "New York 3",
    "sfo3": "San Francisco 3",
    "lon1": "London 1",
    "fra1": "Frankfurt 1",
    "sgp1": "Singapore 1",
    "tor1": "Toronto 1",
    "ams3": "Amsterdam 3",
}
EVERYWHERE = tuple(REGIONS)


def _size(  # noqa: PLR0917 (a row of a table)
    slug: str,
    vcpus: int,
    memory_mb: int,
    disk_gb: int,
    hourly: float,
    monthly: float,
    description: str,
    *,
    regions: tuple[str, ...] = EVERYWHERE,
    available: bool = True,
    gpu: tuple[int, str, int] | None = None,
) -> dict[str, Any]:
    size: dict[str, Any] = {
        "slug": slug,
        "memory": memory_mb,
        "vcpus": vcpus,
        "disk": disk_gb,
        "transfer": 1.0 * max(1, vcpus),
        "price_monthly": monthly,
        "price_hourly": hourly,
        "regions": list(regions),
        "available": available,
        "description": description,
        "disk_info": [{"type": "local", "size": {"amount": disk_gb, "unit": "gib"}}],
    }
    if gpu is not None:
        count, model, vram_gib = gpu
        vram = {"amount": vram_gib, "unit": "gib"}
        size["gpu_info"] = {"count": count, "model": model, "vram": vram}
    return size


SIZES: dict[str, dict[str, Any]] = {
    size["slug"]: size
    for size in (
        _size("s-1vcpu-1gb", 1, 1024, 25, 0.00893, 6.0, "Basic"),
        _size("s-2vcpu-2gb", 2, 2048, 60, 0.02679, 18.0, "Basic"),
        _size("s-4vcpu-8gb", 4, 8192, 160, 0.07143, 48.0, "Basic"),
        _size("c-8", 8, 16384, 100, 0.25, 168.0, "CPU-Optimized"),
        # As the API really writes it: a price that went through a 32-bit float.
        _size("s-2vcpu-4gb", 2, 4096, 80, 0.03570999950170517, 24.0, "Basic"),
        _size("g-2vcpu-8gb", 2, 8192, 25, 0.09375, 63.0, "General Purpose"),
        _size("m-2vcpu-16gb", 2, 16384, 50, 0.125, 84.0, "Memory-Optimized", available=False),
        _size("s-8vcpu-16gb", 8, 16384, 320, 0.14286, 96.0, "Basic", regions=("fra1",)),
        _size("so-2vcpu-16gb", 2, 16384, 300, 0.18155, 122.0, "Storage-Optimized", regions=()),
        _size(
            "gpu-h100x8-640gb",
            160,
            1966080,
            2046,
            23.92,
            17797.0,
            "H100 GPU - 8X",
            regions=("nyc1", "tor1"),
            gpu=(8, "nvidia_h100", 640),
        ),
    )
}

_IMAGES = (
    (195932981, "ubuntu-24-04-x64", "24.04 (LTS) x64", "Ubuntu"),
    (133551493, "ubuntu-22-04-x64", "22.04 (LTS) x64", "Ubuntu"),
    (139080208, "debian-12-x64", "12 x64", "Debian"),
)

IMAGES: dict[int, dict[str, Any]] = {
    id_: {
        "id": id_,
        "name": name,
        "type": "base",
        "distribution": distribution,
        "slug": slug,
        "public": True,
        "regions": list(EVERYWHERE),
        "created_at": "2026-04-25T00:00:00Z",
        "min_disk_size": 7,
        "size_gigabytes": 0.7,
        "description": f"{distribution} {name}",
        "tags": [],
        "status": "available",
        "error_message": "",
    }
    for id_, slug, name, distribution in _IMAGES
}


def image(wanted: object) -> dict[str, Any] | None:
    """The image of that id (an int, or its digits) or slug."""
    if isinstance(wanted, int):
        return IMAGES.get(wanted)
    text = str(wanted)
    if text.isdecimal():
        return IMAGES.get(int(text))
    return next((found for found in IMAGES.values() if found["slug"] == text), None)


def region(slug: str) -> dict[str, Any]:
    """A region with the sizes that it has."""
    return {
        "name": REGIONS[slug],
        "slug": slug,
        "features": ["backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer"],
        "available": True,
        "sizes": [s["slug"] for s in SIZES.values() if slug in s["regions"] and s["available"]],
    }
