"""What the files of /proc say, one after another: each line tells by itself what it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from capsule_adapters.probes.numbers import number, numbers, percent

LINE_LIMIT = 4096
LINES_LIMIT = 4000
MOST_LOAD = 2.0**22
"""So many processes there may be at once; a load is how many of them run, or want to."""
LONGEST_SECONDS = 2.0**32
"""More than a century: no machine is up for so long."""
SECTOR_BYTES = 512
"""What /proc/diskstats counts in, whatever the disk's own sectors are."""

_BOOT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Of what is made of other interfaces the traffic would count twice.
_NO_INTERFACE = re.compile(
    r"lo|(?:veth|docker|br-|virbr|vnet|cni|cali|flannel|bond|team|dummy|ifb).*|.*[.@].*"
)
_WHOLE_DISK = re.compile(r"(?:sd|vd|xvd|hd)[a-z]{1,3}|nvme\d+n\d+|mmcblk\d+")
_MEMORY = frozenset(["MemTotal", "MemAvailable"])
_ARC = frozenset(["size", "c_min"])

Pair = tuple[float, float]


@dataclass
class Proc:
    """One reading. Memory in KiB, the ZFS cache in bytes; counters since the start.

    `interfaces`: bytes received and sent. `disks`: bytes read and written.
    """

    ticks: list[float] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    uptime_seconds: float | None = None
    boot_id: str | None = None
    memory: dict[str, float] = field(default_factory=dict)
    arc: dict[str, float] = field(default_factory=dict)
    interfaces: dict[str, Pair] = field(default_factory=dict)
    disks: dict[str, Pair] = field(default_factory=dict)


def read_proc(text: str) -> Proc:
    """The files as they come. Of what is there twice the first counts."""
    found = Proc()
    for line in text.split("\n", LINES_LIMIT)[:LINES_LIMIT]:
        if line.endswith(" kB") and not line.startswith("Mem"):
            continue  # most of /proc/meminfo: not worth taking apart, at every look of every one
        words = line[:LINE_LIMIT].split(None, 18)
        if not words:
            continue
        first = words[0]
        if first.endswith(":"):
            _named(found, first[:-1], words[1:])
        elif ":" in first:  # `eth0:123`, as old kernels put it
            name, _, rest = first.partition(":")
            _named(found, name, [rest, *words[1:]])
        elif first == "cpu" and not found.ticks:
            found.ticks = numbers(words[1:9])
        elif len(words) >= 14 and _WHOLE_DISK.fullmatch(words[2]):
            _disk(found, words)
        elif first in _ARC and len(words) == 3:
            found.arc.setdefault(first, number(words[2]) or 0.0)
        else:
            _figures(found, words)
    return found


def _named(found: Proc, name: str, words: list[str]) -> None:
    """A line of /proc/meminfo or of /proc/net/dev."""
    if name in _MEMORY:
        value = number(words[0]) if words else None
        if value is not None:
            found.memory.setdefault(name, value)
    elif len(words) >= 16 and not _NO_INTERFACE.fullmatch(name):
        received, sent = number(words[0]), number(words[8])
        if received is not None and sent is not None:
            found.interfaces.setdefault(name, (received, sent))


def _disk(found: Proc, words: list[str]) -> None:
    read, written = number(words[5]), number(words[9])
    if read is not None and written is not None:
        found.disks.setdefault(words[2], (read * SECTOR_BYTES, written * SECTOR_BYTES))


def _figures(found: Proc, words: list[str]) -> None:
    """The files of one line: load, uptime, which start of the machine this is."""
    if len(words) == 5 and "/" in words[3] and not found.loads:
        loads = numbers(words[:3])
        found.loads = loads if max(loads, default=0.0) <= MOST_LOAD else []
    elif len(words) == 2 and found.uptime_seconds is None:
        seconds = number(words[0])
        found.uptime_seconds = None if seconds and seconds > LONGEST_SECONDS else seconds
    elif len(words) == 1 and found.boot_id is None and _BOOT_ID.fullmatch(words[0]):
        found.boot_id = words[0]


def memory_percent(read: Proc) -> float | None:
    """1 - MemAvailable / MemTotal; what the ZFS cache would give back counts as available."""
    total, available = read.memory.get("MemTotal"), read.memory.get("MemAvailable")
    if total is None or available is None:
        return None
    reclaimable = max(0.0, read.arc.get("size", 0.0) - read.arc.get("c_min", 0.0)) / 1024
    return percent(total - min(total, available + reclaimable), total)


def cpu_percents(before: Proc, after: Proc) -> tuple[float | None, float | None]:
    """Busy time between two readings over all processors, and the part that was stolen.

    user, nice, system, idle, iowait, irq, softirq, steal. Waiting for disks is idle;
    guest time is in user already; a counter that goes back counts as standing still.
    """
    if min(len(before.ticks), len(after.ticks)) < 4:
        return None, None
    pairs = zip(before.ticks, after.ticks, strict=False)
    deltas = [max(0.0, later - earlier) for earlier, later in pairs]
    total = sum(deltas)
    idle = deltas[3] + (deltas[4] if len(deltas) > 4 else 0.0)
    stolen = percent(deltas[7], total) if len(deltas) > 7 else None
    return percent(total - idle, total), stolen


def same_start(before: Proc, after: Proc) -> float | None:
    """The seconds between two readings by the machine's own count of them.

    None when it was started anew between them, or does not tell: then no counter of the
    one can be taken from one of the other.
    """
    if before.uptime_seconds is None or after.uptime_seconds is None:
        return None
    elapsed = after.uptime_seconds - before.uptime_seconds
    return elapsed if elapsed > 0 and before.boot_id == after.boot_id else None


def rates(
    before: Mapping[str, Pair], after: Mapping[str, Pair], elapsed_seconds: float
) -> tuple[float | None, float | None]:
    """Bytes a second in both directions, over what is in both readings; None where nothing is."""
    both = [name for name in after if name in before]
    if not both:
        return None, None
    grown = (
        sum(max(0.0, after[name][way] - before[name][way]) for name in both) / elapsed_seconds
        for way in (0, 1)
    )
    return next(grown), next(grown)
