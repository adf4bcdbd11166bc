"""How much of nixpkgs is read at once, by how much memory there is."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d+) kB$", re.MULTILINE)
_WORKER_BYTES = 1_500 * 2**20
"""What one process of Nix may take for a chunk of the full size, generously."""
_CHUNK, _SMALL_CHUNK = 1000, 250
_MOST_WORKERS = 4


@dataclass(frozen=True)
class Share:
    """`workers` processes of Nix at a time, each with `chunk` attributes."""

    workers: int
    chunk: int


def share(available_bytes: int, cpus: int) -> Share:
    """What fits: nixpkgs read whole, by one process, takes sixteen gigabytes."""
    workers = min(_MOST_WORKERS, cpus, available_bytes // _WORKER_BYTES)
    return Share(workers, _CHUNK) if workers >= 1 else Share(1, _SMALL_CHUNK)


def available_bytes(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Memory that can be had without pushing anybody out; half of all where nobody tells."""
    try:
        found = _AVAILABLE.search(meminfo.read_text())
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (OSError, ValueError):
        return 0
