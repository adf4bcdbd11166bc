"""The disks of a machine, as `df` tells of them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from capsule_adapters.probes.numbers import percent
from capsule_domain.models.metric import Disk

LINE_LIMIT = 4096
LINES_LIMIT = 2000
DEVICE_WORDS_LIMIT = 16

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


def disks(blocks: str, inodes: str) -> tuple[Disk, ...]:
    """The disks in `df -P -k -l`, with their inodes from `df -P -i`, by mount point.

    One row a device: of several mounts the shortest path, as of a bind mount.
    """
    files = {row.mount: row for row in _rows(inodes)}
    by_device: dict[str, Disk] = {}
    for row in sorted(_rows(blocks), key=lambda row: (len(row.mount), row.mount)):
        share = _share(row)
        if share is None or row.device in by_device or not _is_disk(row):
            continue
        counted = files.get(row.mount)
        by_device[row.device] = Disk(
            mount=row.mount,
            used_percent=share,
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
    return percent(taken, taken + left)
