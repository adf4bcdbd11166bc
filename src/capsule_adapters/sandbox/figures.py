"""What a rehearsed machine says of itself in /proc and by df: made up, but it moves."""

import math
from zlib import crc32

PROCESSORS = 2
TICKS_PER_SECOND = 100
MEMORY_KIB = 2_015_232
DISK_KIB = 51_287_520
INODES = 6_451_200
BOOT_SECONDS = 20.0
"""How long the machine ran before anybody could see it."""


def proc_files(server_id: str, running_seconds: float) -> dict[str, str]:
    """The files of /proc, by name, for a machine that has run so long.

    Every counter only grows with `running_seconds`.
    """
    phase = crc32(server_id.encode()) % 1000 / 1000 * math.tau
    uptime = BOOT_SECONDS + max(running_seconds, 0.0)
    return {
        "stat": _stat(uptime, phase),
        "meminfo": _meminfo(uptime, phase),
        "loadavg": _loadavg(uptime, phase),
        "uptime": f"{uptime:.2f} {uptime * PROCESSORS * 0.93:.2f}\n",
    }


def disk_tables(server_id: str) -> dict[str, str]:
    """What `df` prints: `blocks` as `df -P -k`, `inodes` as `df -P -i`."""
    share = 0.08 + crc32(server_id[::-1].encode()) % 100 / 400
    reserved = DISK_KIB // 20
    used, files = int(DISK_KIB * share), int(INODES * share / 2)
    available = DISK_KIB - used - reserved
    capacity = math.ceil(100 * used / (used + available))
    inodes = math.ceil(100 * files / INODES)
    return {
        "blocks": (
            "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
            f"tmpfs               201524      980    200544       1% /run\n"
            f"/dev/vda1      {DISK_KIB:11d} {used:8d} {available:9d} {capacity:7d}% /\n"
            "/dev/vda15          106832     6246    100586       6% /boot/efi\n"
        ),
        "inodes": (
            "Filesystem      Inodes   IUsed    IFree IUse% Mounted on\n"
            f"tmpfs           251904     690   251214    1% /run\n"
            f"/dev/vda1      {INODES:7d} {files:7d} {INODES - files:8d} {inodes:4d}% /\n"
            "/dev/vda15           0       0        0     - /boot/efi\n"
        ),
    }


def _stat(uptime: float, phase: float) -> str:
    # The derivative of `busy` is 0.06 + 0.04 sin(…): always between 2 % and 10 %.
    busy = 0.06 * uptime + 0.04 * 30 * (1 + math.cos(phase) - math.cos(uptime / 30 + phase))
    waiting = 0.004 * uptime
    columns = (0.7 * busy, 0.0, 0.3 * busy, uptime - busy - waiting, waiting)
    row, total = (
        " ".join(str(int(seconds * TICKS_PER_SECOND * count)) for seconds in columns)
        for count in (1, PROCESSORS)
    )
    rest = " 0 0 0 0 0\n"
    rows = "".join(f"cpu{number} {row}{rest}" for number in range(PROCESSORS))
    return f"cpu  {total}{rest}{rows}ctxt {int(uptime * 400)}\nprocesses {900 + int(uptime)}\n"


def _meminfo(uptime: float, phase: float) -> str:
    available = int(MEMORY_KIB * (0.72 + 0.05 * math.sin(uptime / 45 + phase)))
    rows = {
        "MemTotal": MEMORY_KIB,
        "MemFree": available // 2,
        "MemAvailable": available,
        "Buffers": 40_960,
        "Cached": available // 3,
        "SwapTotal": 0,
        "SwapFree": 0,
    }
    return "".join(f"{name + ':':15}{kib:9d} kB\n" for name, kib in rows.items())


def _loadavg(uptime: float, phase: float) -> str:
    loads = (0.12 + 0.1 * math.sin(uptime / span + phase) for span in (30, 150, 450))
    return " ".join(f"{load:.2f}" for load in loads) + f" 1/112 {1000 + int(uptime) % 9000}\n"
