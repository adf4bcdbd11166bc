"""From what a machine printed to figures. Nothing it can print makes this fail."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from capsule_domain.models.metric import Disk, Metrics

LINE_LIMIT = 4096
LINES_LIMIT = 2000
DEVICE_WORDS_LIMIT = 16

_NUMBER = re.compile(r"\d{1,40}(?:\.\d{1,40})?", re.ASCII)
_COUNT = re.compile(r"-?\d{1,30}|-", re.ASCII)
_CAPACITY = re.compile(r"\d{1,30}%|-", re.ASCII)

# What `df` names as the device of file systems that are not disks.
_PSEUDO_DEVICES = re.compile(
    "autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fusectl|hugetlbfs"
    "|mqueue|none|nsfs|overlay|proc|pstore|rootfs|run|securityfs|shm|sysfs|tmpfs|tracefs|udev"
)
_NOT_DISKS = re.compile(
    r"/(?:dev|proc|sys|run|snap)(?:/|$)|/var/lib/(?:docker|containers|kubelet)(?:/|$)"
)
_IMAGES = re.compile(r"/dev/(?:loop|sr)\d+")
"""Images are read-only, hence always full."""


def metrics(xnode: str, parts: Mapping[str, str], collected_at: datetime) -> Metrics:
    """The figures in `parts`, as the script names them. What cannot be read is None."""
    load = [*_numbers(parts.get("loadavg", ""))[:3], None, None, None]
    uptime = [*_numbers(parts.get("uptime", ""))[:1], None]
    return Metrics(
        xnode=xnode,
        cpu_percent=cpu_percent(parts.get("stat", ""), parts.get("stat-later", "")),
        memory_percent=memory_percent(parts.get("meminfo", ""), parts.get("arc", "")),
        disks=disks(parts.get("blocks", ""), parts.get("inodes", "")),
        load_1=load[0],
        load_5=load[1],
        load_15=load[2],
        uptime_seconds=uptime[0],
        collected_at=collected_at,
    )


def cpu_percent(before: str, after: str) -> float | None:
    """Busy time between two first lines of /proc/stat, over all processors.

    user, nice, system, idle, iowait, irq, softirq, steal. Waiting for disks is idle;
    guest time is in user already; a counter that goes back counts as standing still.
    """
    first, second = _ticks(before), _ticks(after)
    if first is None or second is None:
        return None
    deltas = [max(0.0, later - earlier) for earlier, later in zip(first, second, strict=False)]
    idle = deltas[3] + (deltas[4] if len(deltas) > 4 else 0.0)
    return _percent(sum(deltas) - idle, sum(deltas))


def memory_percent(meminfo: str, arc: str = "") -> float | None:
    """1 - MemAvailable / MemTotal; what the ZFS cache would give back counts as available."""
    rows: dict[str, float] = {}
    for line in meminfo.splitlines():
        name, _, value = line.partition(":")
        numbers = _numbers(value)
        if numbers:
            rows.setdefault(name.strip(), numbers[0])
    total, available = rows.get("MemTotal"), rows.get("MemAvailable")
    if total is None or available is None:
        return None
    available = min(total, available + _reclaimable_kib(arc))
    return _percent(total - available, total)


def disks(blocks: str, inodes: str) -> tuple[Disk, ...]:
    """The disks in `df -P -k -l`, with their inodes from `df -P -i`, by mount point.

    One row a device: of several mounts the shortest path, as of a bind mount.
    """
    files = {row.mount: row for row in _rows(inodes)}
    by_device: dict[str, Disk] = {}
    for row in sorted(_rows(blocks), key=lambda row: (len(row.mount), row.mount)):
        percent = _share(row)
        if percent is None or row.device in by_device or not _is_disk(row):
            continue
        counted = files.get(row.mount)
        by_device[row.device] = Disk(
            mount=row.mount,
            used_percent=percent,
            inodes_percent=None if counted is None else _share(counted),
        )
    return tuple(sorted(by_device.values(), key=lambda disk: disk.mount))


class _Row(NamedTuple):
    device: str
    used: str
    free: str
    mount: str


def _rows(table: str) -> Iterator[_Row]:
    """The rows of `df -P`. The first column and the last may hold spaces."""
    for line in table.splitlines()[:LINES_LIMIT]:
        words = line[:LINE_LIMIT].split()
        for start in range(1, min(len(words) - 4, DEVICE_WORDS_LIMIT)):
            size, used, free, capacity, mount = words[start : start + 5]
            counts = all(_COUNT.fullmatch(word) for word in (size, used, free))
            if counts and _CAPACITY.fullmatch(capacity) and mount.startswith("/"):
                path = line.split(None, start + 4)[-1].rstrip()
                yield _Row(" ".join(words[:start]), used, free, path)
                break


def _is_disk(row: _Row) -> bool:
    if _PSEUDO_DEVICES.fullmatch(row.device) or _NOT_DISKS.match(row.mount):
        return False
    return not (_IMAGES.fullmatch(row.device) and row.free == "0")


def _share(row: _Row) -> float | None:
    """used / (used + available): what df calls Capacity. What root keeps back is no use."""
    if "-" in (row.used, row.free):
        return None
    taken, left = max(0.0, float(row.used)), max(0.0, float(row.free))
    return _percent(taken, taken + left)


def _ticks(line: str) -> list[float] | None:
    words = line.split("\n", 1)[0].split()
    numbers = _numbers(" ".join(words[1:9]))
    return numbers if words[:1] == ["cpu"] and len(numbers) >= 4 else None


def _reclaimable_kib(arc: str) -> float:
    rows: dict[str, float] = {}
    for line in arc.splitlines():
        words = line.split()
        if len(words) == 3 and words[0] in ("size", "c_min"):
            rows[words[0]] = (_numbers(words[2]) or [0.0])[0]
    return max(0.0, rows.get("size", 0.0) - rows.get("c_min", 0.0)) / 1024


def _numbers(text: str) -> list[float]:
    """The numbers at the beginning of `text`, up to the first word that is none."""
    numbers = []
    for word in text.split()[:16]:
        if not _NUMBER.fullmatch(word):
            break
        numbers.append(float(word))
    return numbers


def _percent(part: float, whole: float) -> float | None:
    if whole <= 0 or not math.isfinite(part) or not math.isfinite(whole):
        return None
    return min(100.0, max(0.0, 100 * part / whole))
