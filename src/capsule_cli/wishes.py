"""The filters that `templates` and `deploy` share, from words to requirements."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, TypedDict, Unpack

import typer

from capsule_cli import complete
from capsule_domain.errors import UsageError

if TYPE_CHECKING:
    from capsule_domain.models.requirements import Requirements

MinCpu = Annotated[
    str | None, typer.Option("--min-cpu", help="At least so many vCPUs; 2..8: at most 8.")
]
MinMemory = Annotated[
    str | None, typer.Option("--min-memory", help="At least so many GiB; 4..16: at most 16.")
]
MinDisk = Annotated[
    str | None, typer.Option("--min-disk", help="At least so many GiB of disk; 50..200.")
]
MaxPrice = Annotated[
    str | None, typer.Option("--max-price", help="Such as 0.05 (USD an hour), 0.2EUR, 40/mo.")
]
WantGpu = Annotated[bool, typer.Option("--gpu", help="Only with a GPU.")]
GpuModel = Annotated[str | None, typer.Option("--gpu-model", help="Part of the GPU's name.")]
GpuCount = Annotated[int | None, typer.Option("--gpu-count", help="At least so many GPUs.", min=1)]
InRegion = Annotated[
    str | None,
    typer.Option(
        "--region",
        help="Only in this region, or on this continent: eu, na, asia …",
        autocompletion=complete.regions,
    ),
]
WithArch = Annotated[
    str | None,
    typer.Option(
        "--arch", help="x86_64 or aarch64.", autocompletion=complete.words("x86_64", "aarch64")
    ),
]
ToRun = Annotated[
    str | None,
    typer.Option(
        "--os",
        help="xnodeos, nixos or stock: what it shall run [openmesh.yml's, else stock].",
        autocompletion=complete.words("xnodeos", "nixos", "stock"),
    ),
]
MeantToRun = Annotated[
    str | None,
    typer.Option(
        "--os",
        help="Only what can run it: xnodeos, nixos or stock.",
        autocompletion=complete.words("xnodeos", "nixos", "stock"),
    ),
]
AtProvider = Annotated[
    str | None,
    typer.Option("--provider", help="Only at this cloud.", autocompletion=complete.providers),
]
AtProviders = Annotated[
    list[str] | None,
    typer.Option(
        "--provider",
        help="Only at this cloud; of several the cheapest: a,b, or once each.",
        autocompletion=complete.providers,
    ),
]


class Wishes(TypedDict, total=False):
    """The filters as they were written."""

    provider: list[str] | None
    min_cpu: str | None
    min_memory: str | None
    min_disk: str | None
    max_price: str | None
    gpu: bool
    gpu_model: str | None
    gpu_count: int | None
    region: str | None
    arch: str | None
    template: str | None
    os: str | None


def requirements(known_provider: Callable[[str], str], **said: Unpack[Wishes]) -> "Requirements":
    """What the filters ask for. Raises UsageError, NotFound for an unknown cloud."""
    from capsule_cli.values import listed, made
    from capsule_domain.models.requirements import PriceLimit, Requirements

    words = [word for text in said.get("provider") or () for word in listed(text) or ("",)]
    clouds = tuple(dict.fromkeys(known_provider(word) for word in words))
    limit = said.get("max_price")
    vcpus = _range(said.get("min_cpu"), "--min-cpu", whole=True)
    memory = _range(said.get("min_memory"), "--min-memory")
    disk = _range(said.get("min_disk"), "--min-disk", whole=True)
    return made(
        Requirements,
        min_vcpus=vcpus[0],
        max_vcpus=vcpus[1],
        min_memory_gib=memory[0],
        max_memory_gib=memory[1],
        min_disk_gib=disk[0],
        max_disk_gib=disk[1],
        max_price=None if limit is None else PriceLimit.parse(limit),
        gpu=said.get("gpu", False),
        gpu_model=said.get("gpu_model"),
        gpu_count=said.get("gpu_count"),
        region=said.get("region"),
        provider=clouds[0] if len(clouds) == 1 else None,
        providers=clouds if len(clouds) > 1 else (),
        arch=said.get("arch"),
        template=said.get("template"),
        os=said.get("os"),
    )


def _range(
    text: str | None, option: str, *, whole: bool = False
) -> tuple[Decimal | None, Decimal | None]:
    """`4`, `4..16`, `..16`, `4..`: the least and the most. Raises UsageError."""
    if text is None:
        return None, None
    low, dots, high = text.partition("..")
    least = _amount(low, option, whole=whole) if low.strip() or not dots else None
    most = _amount(high, option, whole=whole) if high.strip() else None
    if least is None and most is None:
        raise UsageError(f"{option} {text[:40]!r} says neither a least nor a most")
    if least is not None and most is not None and least > most:
        raise UsageError(f"{option} {text[:40]!r}: the least is more than the most")
    return least, most


def _amount(text: str, option: str, *, whole: bool) -> Decimal:
    """`8`, `8GB`, `0.5GiB`: GiB all of them where it is memory, as people mean it."""
    digits = text.strip().lower().removesuffix("b").removesuffix("i").removesuffix("g").strip()
    try:
        amount = Decimal(digits)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount < 1_000_000:
        raise UsageError(f"'{text[:40]}' is no amount for {option}", hint=f"{option} 8")
    if whole and amount != int(amount):
        raise UsageError(f"'{text[:40]}' is no whole number for {option}", hint=f"{option} 8")
    return amount
