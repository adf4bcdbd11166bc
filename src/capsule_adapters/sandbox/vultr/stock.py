"""What the rehearsal Vultr sells: regions, plans, operating systems.

Prices of the four in the catalogue are its own; the other figures are published ones or
plausible, and there so that every kind of plan exists: free, without IPv4, sold out, in
no region, dearer in one, with a part of a GPU, described by its brand only.
"""

from typing import Any

REGIONS: dict[str, tuple[str, str, str]] = {
    "ewr": ("New Jersey", "US", "North America"),
    "ord": ("Chicago", "US", "North America"),
    "dfw": ("Dallas", "US", "North America"),
    "sea": ("Seattle", "US", "North America"),
    "lax": ("Los Angeles", "US", "North America"),
    "ams": ("Amsterdam", "NL", "Europe"),
    "fra": ("Frankfurt", "DE", "Europe"),
    "sgp": ("Singapore", "SG", "Asia"),
    "syd": ("Sydney", "AU", "Australia"),
}
EVERYWHERE = tuple(REGIONS)
NO_STOCK: dict[str, tuple[str, ...]] = {"vhp-1c-1gb": EVERYWHERE, "vc2-2c-4gb": ("syd",)}
"""Plans that are in the list of a region, and not to be had there just now."""
UNLISTED: dict[str, tuple[str, ...]] = {"vcg-a40-24c-120g-48vram": ("ord",)}
"""Plans that a region has although the plan does not list it."""


def _plan(  # noqa: PLR0917 (a row of a table)
    plan: str,
    vcpus: int,
    ram_mb: int,
    disk_gb: int,
    hourly: float,
    monthly: float,
    *,
    locations: tuple[str, ...] = EVERYWHERE,
    location_cost: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    return {
        "id": plan,
        "vcpu_count": vcpus,
        "ram": ram_mb,
        "disk": disk_gb,
        "disk_count": 1,
        "bandwidth": 1024,
        "invoice_type": "hourly",
        "monthly_cost": monthly,
        "hourly_cost": hourly,
        "monthly_cost_preemptible": monthly,
        "hourly_cost_preemptible": hourly,
        "type": plan.split("-", maxsplit=1)[0],
        "locations": list(locations),
        "location_cost": location_cost or {},
        "gpu_brand": "none",
        "deploy_ondemand": True,
        "deploy_preemptible": False,
        **more,
    }


def _metal(  # noqa: PLR0917 (a row of a table)
    plan: str,
    cores: int,
    ram_mb: int,
    disk_gb: int,
    hourly: float,
    monthly: float,
    *,
    model: str,
    locations: tuple[str, ...] = EVERYWHERE,
    **more: Any,
) -> dict[str, Any]:
    return {
        "id": plan,
        "physical_cpus": 1,
        "cpu_count": cores,
        "cpu_cores": cores,
        "cpu_threads": cores * 2,
        "cpu_model": model,
        "cpu_mhz": 3800,
        "ram": ram_mb,
        # The description says that it is a text; its example and real answers have a number.
        "disk": disk_gb,
        "disk_count": 2,
        "bandwidth": 5120,
        "invoice_type": "hourly",
        "monthly_cost": monthly,
        "hourly_cost": hourly,
        "monthly_cost_preemptible": monthly,
        "hourly_cost_preemptible": hourly,
        "type": "SSD",
        "locations": list(locations),
        "gpu_brand": "none",
        "deploy_ondemand": True,
        **more,
    }


_DEARER = {"syd": {"monthly_cost": 8.4, "hourly_cost": 0.0125}}

PLANS: dict[str, dict[str, Any]] = {
    plan["id"]: plan
    for plan in (
        _plan("vc2-1c-1gb", 1, 1024, 25, 0.007, 5),
        _plan("vc2-2c-4gb", 2, 4096, 80, 0.027, 20),
        _plan("vhf-4c-16gb", 4, 16384, 384, 0.132, 96, locations=("ewr", "ord", "ams")),
        _plan("vc2-1c-0.5gb-free", 1, 512, 10, 0, 0, locations=("ewr", "fra")),
        _plan("vc2-1c-0.5gb-v6", 1, 512, 10, 0.003, 2.5, locations=("ewr",)),
        _plan("vhp-1c-1gb", 1, 1024, 25, 0.009, 6),
        _plan("vhp-1c-1gb-amd", 1, 1024, 25, 0.009, 6, location_cost=_DEARER),
        _plan(
            "vcg-a100-1c-6g-4vram",
            1,
            6144,
            70,
            0.123,
            90,
            locations=("ewr",),
            gpu_brand="NVIDIA",
            gpu_type="NVIDIA_A100",
            gpu_vram_gb=4,
        ),
        _plan(
            "vcg-a40-24c-120g-48vram",
            24,
            122880,
            1400,
            1.712,
            1250,
            locations=(),
            type="vdm",
            gpu_brand="NVIDIA",
        ),
        _plan(
            "vcg-mi325x-252c-2872g-1536vram",
            252,
            2940928,
            14336,
            36.92,
            26951,
            locations=("ord",),
            type="vdm",
            gpu_brand="AMD",
            deploy_ondemand=False,
            deploy_preemptible=True,
        ),
    )
}

METAL_PLANS: dict[str, dict[str, Any]] = {
    plan["id"]: plan
    for plan in (
        _metal("vbm-4c-32gb", 4, 32768, 240, 0.164, 120, model="E3-1270v6"),
        _metal(
            "vbm-112c-2048gb-8-h100-gpu",
            112,
            2097152,
            960,
            23.92,
            16074.24,
            model="Platinum 8480+",
            locations=("sea",),
            gpu_brand="NVIDIA",
            gpu_type="NVIDIA_H100",
            gpu_count=8,
            gpu_vram_gb=640,
        ),
        _metal(
            "vbm-72c-480gb-gh200-gpu",
            72,
            491520,
            960,
            1.99,
            1452.7,
            model="Grace",
            locations=("ord",),
            gpu_brand="NVIDIA",
        ),
    )
}

SYSTEMS: dict[int, dict[str, Any]] = {
    id_: {"id": id_, "name": name, "arch": "x64", "family": family}
    for id_, name, family in (
        (159, "Custom", "iso"),
        (1743, "Ubuntu 22.04 LTS x64", "ubuntu"),
        (2136, "Debian 12 x64 (bookworm)", "debian"),
        (2284, "Ubuntu 24.04 LTS x64", "ubuntu"),
    )
}


def region(id_: str) -> dict[str, Any]:
    """A region as the API shows it."""
    city, country, continent = REGIONS[id_]
    return {
        "id": id_,
        "city": city,
        "country": country,
        "continent": continent,
        "options": ["ddos_protection", "block_storage_high_perf", "kubernetes"],
        "connectivity": ["public_ip", "nat_gateway"],
    }


def available(region_id: str, type_: str) -> list[str]:
    """The plans that a region has now; `type_` is `all`, or a type such as `vc2` or `vbm`."""
    return [
        plan["id"]
        for plan in (*PLANS.values(), *METAL_PLANS.values())
        if plan["deploy_ondemand"]
        and (region_id in plan["locations"] or region_id in UNLISTED.get(plan["id"], ()))
        and region_id not in NO_STOCK.get(plan["id"], ())
        and type_ in ("all", "vbm" if plan["id"] in METAL_PLANS else plan["type"])
    ]
