"""The figures that a sample holds, one by one."""

from collections.abc import Iterator

from capsule_domain.models.metric import Metrics

ROLLED = (
    "cpu_percent",
    "steal_percent",
    "memory_percent",
    "load_1",
    "received_bytes_per_second",
    "sent_bytes_per_second",
    "read_bytes_per_second",
    "written_bytes_per_second",
)
"""The fields of which hours are kept."""
ROLLED_OF_DISKS = ("used_percent", "inodes_percent")


def figures(metrics: Metrics) -> Iterator[tuple[str, str, float]]:
    """Name, instance and value of each figure of which hours are kept, where it was read."""
    for name in ROLLED:
        value = getattr(metrics, name)
        if value is not None:
            yield name, "", value
    for disk in metrics.disks or ():
        yield "used_percent", disk.mount, disk.used_percent
        if disk.inodes_percent is not None:
            yield "inodes_percent", disk.mount, disk.inodes_percent
