"""The filters that `templates` and `deploy` share, from words to requirements."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_domain.errors import UsageError

if TYPE_CHECKING:
    from capsule_domain.models.requirements import Requirements

MinCpu = Annotated[int | None, typer.Option("--min-cpu", help="At least so many vCPUs.")]
MinMemory = Annotated[str | None, typer.Option("--min-memory", help="At least so many GiB.")]
MaxPrice = Annotated[
    str | None, typer.Option("--max-price", help="Such as 0.05 (USD an hour), 0.2EUR, 40/mo.")
]
WantGpu = Annotated[bool, typer.Option("--gpu", help="Only with a GPU.")]
GpuModel = Annotated[str | None, typer.Option("--gpu-model", help="Part of the GPU's name.")]
InRegion = Annotated[
    str | None,
    typer.Option("--region", help="Only in this region.", autocompletion=complete.regions),
]
WithArch = Annotated[
    str | None,
    typer.Option(
        "--arch", help="x86_64 or aarch64.", autocompletion=complete.words("x86_64", "aarch64")
    ),
]
AtProvider = Annotated[
    str | None,
    typer.Option("--provider", help="Only at this cloud.", autocompletion=complete.providers),
]


def requirements(
    *,
    min_cpu: int | None,
    min_memory: str | None,
    max_price: str | None,
    gpu: bool,
    gpu_model: str | None,
    region: str | None,
    provider: str | None,
    arch: str | None,
) -> "Requirements":
    """What the filters ask for. Raises UsageError."""
    from capsule_cli.values import made
    from capsule_domain.models.requirements import PriceLimit, Requirements

    return made(
        Requirements,
        min_vcpus=min_cpu,
        min_memory_gib=None if min_memory is None else _gib(min_memory),
        max_price=None if max_price is None else PriceLimit.parse(max_price),
        gpu=gpu,
        gpu_model=gpu_model,
        region=region,
        provider=provider,
        arch=arch,
    )


def _gib(text: str) -> Decimal:
    """`8`, `8GB`, `0.5GiB`: GiB all of them, as people mean it."""
    digits = text.strip().lower().removesuffix("b").removesuffix("i").removesuffix("g").strip()
    try:
        amount = Decimal(digits)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount < 1_000_000:
        raise UsageError(f"'{text[:40]}' is not an amount of memory", hint="--min-memory 8")
    return amount
