"""What Equinix Metal tells of a plan's size, in words that are meant for people."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from capsule_adapters.rest.wire import Wire
from capsule_domain.models.template import Gpu

_MIB_PER_GIB = 1024
_GIB = {"MB": Decimal(1) / 1024, "GB": Decimal(1), "TB": Decimal(1000)}
_AMOUNT = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(MB|GB|TB)", re.IGNORECASE)
_CORES = re.compile(r"(\d{1,6})[\s-]*core", re.IGNORECASE)
_GPU = re.compile(
    r"(?:(?P<count>\d{1,3})\s*[x×]\s*)?"
    r"(?P<model>(?:NVIDIA|AMD (?:Radeon|Instinct))(?: (?!\d+ ?GB)[\w-]+)*)"
    r"(?:\W+(?P<gib>\d{1,6}) ?GB)?",
    re.IGNORECASE,
)


class _Part(Wire):
    count: int = 1
    type: str = ""
    size: str = ""


class _Memory(Wire):
    total: str = ""


class Specs(Wire):
    """The size of a plan. What it does not tell is nothing."""

    cpus: tuple[_Part, ...] = ()
    memory: _Memory = _Memory()
    drives: tuple[_Part, ...] = ()
    gpu: Any = None
    """In no description: a list of parts, or a text."""

    @property
    def cores(self) -> int:
        """Of all processors; each has at least one where its name does not say how many."""
        named = ((part.count, _CORES.search(part.type)) for part in self.cpus)
        return sum(count * (int(cores[1]) if cores else 1) for count, cores in named)

    @property
    def memory_mib(self) -> int:
        return int(_gib(self.memory.total) * _MIB_PER_GIB)

    @property
    def disk_gib(self) -> int:
        return int(sum(part.count * _gib(part.size) for part in self.drives))

    def graphics(self, description: str) -> Gpu | None:
        """As far as any text tells: of its own field whatever it says, else a maker's name."""
        own = next(_texts(self.gpu), "")
        found = _GPU.search(own) or _GPU.search(description)
        if found is None:
            return Gpu(model=own, count=1, memory_gib=0) if own else None
        return Gpu(
            model=found["model"].strip(),
            count=int(found["count"] or 1) or 1,
            memory_gib=int(found["gib"] or 0),
        )


def _gib(text: str) -> Decimal:
    """`32GB`, `1.9TB`; nothing where there is no amount. Their GB are counted as GiB."""
    found = _AMOUNT.search(text)
    return Decimal(found[1]) * _GIB[found[2].upper()] if found else Decimal(0)


def _texts(told: Any) -> Iterator[str]:
    """What a field without a description says, as texts that a person would read."""
    if isinstance(told, str) and told.strip():
        yield told.strip()
    elif isinstance(told, dict):
        name = told.get("type") or told.get("name")
        yield from _texts(f"{told.get('count', 1)} x {name}" if name else None)
    elif isinstance(told, list):
        for part in told:
            yield from _texts(part)
