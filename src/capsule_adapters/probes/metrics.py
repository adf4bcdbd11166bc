"""From what a machine printed to figures. Nothing it can print makes this fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from capsule_adapters.probes.file_systems import disks
from capsule_adapters.probes.proc import (
    Proc,
    cpu_percents,
    memory_percent,
    rates,
    read_proc,
    same_start,
)
from capsule_adapters.probes.system import cores, failed_units, generation, gpus
from capsule_domain.models.metric import Metrics

SHORTEST_SECONDS = 0.3
"""Between two readings that are nearer, counters that tick at 100 Hz tell nothing."""


@dataclass(frozen=True)
class Known:
    """What is kept of a machine from one look to the next."""

    proc: Proc
    cores: int | None = None


def metrics(
    xnode: str, parts: Mapping[str, str], collected_at: datetime, before: Known | None = None
) -> tuple[Metrics, Known]:
    """The figures in `parts`, as the script names them, and what the next look needs of them.

    What was not asked for, and what cannot be read, is None.
    """
    read = read_proc(parts.get("proc", ""))
    later = read_proc(parts["proc-later"]) if "proc-later" in parts else None
    earlier = read if later is not None else before.proc if before is not None else None
    last = later or read
    known = Known(last, cores(parts.get("cores")) or (before.cores if before else None))
    loads = [*last.loads, None, None, None]
    blocks = parts.get("blocks")
    sample = Metrics(
        xnode=xnode,
        cores=known.cores,
        memory_percent=memory_percent(last),
        disks=None if blocks is None else disks(blocks, parts.get("inodes", "")),
        load_1=loads[0],
        load_5=loads[1],
        load_15=loads[2],
        uptime_seconds=last.uptime_seconds,
        boot_id=last.boot_id,
        failed_units=failed_units(parts.get("units")),
        generation=generation(parts.get("generation")),
        gpus=gpus(parts.get("gpus")),
        collected_at=collected_at,
        **({} if earlier is None else _between(earlier, last)),
    )
    return sample, known


def _between(before: Proc, after: Proc) -> dict[str, Any]:
    """The figures that lie between two readings; none across a new start of the machine."""
    elapsed_seconds = same_start(before, after)
    if elapsed_seconds is None or elapsed_seconds < SHORTEST_SECONDS:
        return {}
    busy, stolen = cpu_percents(before, after)
    received, sent = rates(before.interfaces, after.interfaces, elapsed_seconds)
    read, written = rates(before.disks, after.disks, elapsed_seconds)
    return {
        "cpu_percent": busy,
        "steal_percent": stolen,
        "received_bytes_per_second": received,
        "sent_bytes_per_second": sent,
        "read_bytes_per_second": read,
        "written_bytes_per_second": written,
    }
