"""A machine's file systems and its boot disk, from what findmnt and lsblk tell."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from capsule_domain.errors import CommandFailed
from capsule_domain.models.hardware import Firmware, Mount

_KINDS = frozenset(["btrfs", "ext2", "ext3", "ext4", "f2fs", "vfat", "xfs"])
_PASSING = ("/dev", "/media", "/mnt", "/proc", "/run", "/snap", "/sys", "/tmp")  # noqa: S108
_SUBVOLUME = re.compile(r"(?P<device>/dev/[^\[]+)\[(?P<path>/[^\]]*)\]")
_UUID = re.compile(r"[0-9A-Fa-f-]{4,36}")
_PREFERRED_NAMES = ("nvme-", "ata-", "virtio-", "scsi-")


def disks(name: str, told: Mapping[str, str]) -> dict[str, Any]:
    """The fields of `Hardware` that tell of disks. Raises CommandFailed."""
    blocks = {block["path"]: block for block in _listed(told, "blocks", "blockdevices")}
    mounts = list(_mounts(_listed(told, "mounts", "filesystems"), blocks))
    root = next((mount for mount, _ in mounts if mount.place == "/"), None)
    if root is None:
        raise _unknown(name, "its root is not on a plain disk or partition with a UUID")
    firmware = Firmware(told.get("firmware") or "bios")
    known = tuple(mount for mount, _ in mounts)
    if firmware is Firmware.UEFI and not any(mount.kind == "vfat" for mount in known):
        raise _unknown(name, "it starts by UEFI, and the partition for that is not mounted")
    device = next(device for mount, device in mounts if mount.place == "/")
    return {
        "firmware": firmware,
        "disk": _boot_disk(blocks[device], told.get("names", ""))
        if firmware is Firmware.BIOS
        else None,
        "mounts": known,
        "swaps": tuple(_swaps(told.get("swaps", ""), blocks)),
    }


def _mounts(
    listed: Iterable[Mapping[str, Any]], blocks: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[Mount, str]]:
    """Each file system that stays, with the device it is on as the kernel calls it."""
    seen: set[str] = set()
    for row in listed:
        place, kind, source = (str(row.get(key) or "") for key in ("target", "fstype", "source"))
        match = _SUBVOLUME.fullmatch(source)
        device = match["device"] if match else source
        if match and kind != "btrfs":  # a part of a file system, shown at a second place
            continue
        named = _by_uuid(blocks.get(device))
        if named is None or kind not in _KINDS or place in seen or _passes(place):
            continue
        seen.add(place)
        yield Mount(place=place, device=named, kind=kind, options=_options(kind, match)), device


def _passes(place: str) -> bool:
    return any(place == folder or place.startswith(f"{folder}/") for folder in _PASSING)


def _options(kind: str, subvolume: re.Match[str] | None) -> tuple[str, ...]:
    if subvolume is not None:
        return (f"subvol={subvolume['path']}",)
    return ("fmask=0077", "dmask=0077") if kind == "vfat" else ()


def _by_uuid(block: Mapping[str, Any] | None) -> str | None:
    """The device's lasting name; None for what is no plain disk or partition."""
    if block is None or block.get("type") not in ("disk", "part"):
        return None
    uuid = str(block.get("uuid") or "")
    return f"/dev/disk/by-uuid/{uuid}" if _UUID.fullmatch(uuid) else None


def _boot_disk(root: Mapping[str, Any], names: str) -> str:
    """The whole disk of the root, by its lasting name where it has one.

    A root that is the whole disk leaves no room for a boot loader: the cloud has its own.
    """
    if root.get("type") == "disk":
        return "nodev"
    path = f"/dev/{root.get('pkname')}"
    lines = (line.split() for line in names.splitlines())
    links = [line[0] for line in lines if len(line) == 2 and line[1] == path]
    for beginning in _PREFERRED_NAMES:
        fitting = sorted(link for link in links if link.startswith(f"/dev/disk/by-id/{beginning}"))
        if fitting:
            return fitting[0]
    return path


def _swaps(text: str, blocks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for line in text.splitlines()[1:]:
        device, _, rest = line.partition(" ")
        named = _by_uuid(blocks.get(device)) if "partition" in rest else None
        if named is not None:
            yield named


def _listed(told: Mapping[str, str], part: str, key: str) -> list[dict[str, Any]]:
    """The rows of a JSON table; none where the machine has no such program."""
    try:
        rows = json.loads(told.get(part) or "{}").get(key, [])
    except (ValueError, AttributeError):
        return []
    return [row for row in rows if isinstance(row, dict) and row.get("path", row.get("target"))]


def _unknown(name: str, why: str) -> CommandFailed:
    return CommandFailed(
        f"{name}: {why}",
        hint="on it: nixos-generate-config --show-hardware-config",
    )
