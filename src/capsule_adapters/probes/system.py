"""What rarely changes on a machine: failed units, the generation, graphics processors."""

import re

from capsule_adapters.probes.numbers import number, percent
from capsule_domain.models.metric import Gpu

NAMES_LIMIT = 200
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]{1,255}\.[a-z]{4,9}", re.ASCII)
_GENERATION = re.compile(r"\bsystem-(\d{1,9})-link\b", re.ASCII)


def failed_units(text: str | None) -> tuple[str, ...] | None:
    """The units in a plain list of systemctl's; None where there is no systemd."""
    if text is None:
        return None
    words = (line.split(None, 1) for line in text.splitlines()[:NAMES_LIMIT])
    return tuple(row[0] for row in words if row and _UNIT.fullmatch(row[0]))


def generation(text: str | None) -> int | None:
    """The number of the generation that runs; None where it is not NixOS, or in no profile."""
    match = _GENERATION.search(text or "")
    return int(match[1]) if match else None


def cores(text: str | None) -> int | None:
    """How many processors there are."""
    count = number((text or "").strip())
    return int(count) if count is not None and 1 <= count <= 65536 else None


def gpus(text: str | None) -> tuple[Gpu, ...] | None:
    """What nvidia-smi lists; None where there is none."""
    if text is None:
        return None
    return tuple(
        found for line in text.splitlines()[:NAMES_LIMIT] if (found := _gpu(line)) is not None
    )


def _gpu(line: str) -> Gpu | None:
    """Use, memory used and there, temperature, name. What it cannot tell is `[N/A]`."""
    words = [word.strip() for word in line[:1000].split(",", 4)]
    if len(words) < 5:
        return None
    used, taken, size, celsius = (number(word) for word in words[:4])
    return Gpu(
        name=words[4][:100],
        used_percent=None if used is None else percent(used, 100),
        memory_percent=None if taken is None or size is None else percent(taken, size),
        temperature_celsius=celsius,
    )
