"""What NixOS must know of a machine itself: how it starts, its disks, its network."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.machine_names import Disk
from capsule_domain.models.stack import Platform


class Firmware(StrEnum):
    """How a machine starts. HYBRID: a disk that is laid out for either."""

    BIOS = "bios"
    UEFI = "uefi"
    HYBRID = "hybrid"


class Mount(Model):
    """A file system, and where it is mounted. `device` names it by UUID or by label."""

    place: str = Field(pattern=r"^/")
    device: str = Field(pattern=r"^/dev/")
    kind: str
    options: tuple[str, ...] = ()


class Interface(Model):
    """A network interface whose addresses do not come by DHCP; `addresses` as `1.2.3.4/24`."""

    name: str
    mac: str = Field(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")
    addresses: tuple[str, ...]
    gateways: tuple[str, ...] = ()


class Hardware(Model):
    """A machine. `origin` says how it is known.

    `nixpkgs_modules` are modules of nixpkgs that know this kind of machine, below
    `nixos/modules`. `has_own_loader`: one of them sets up the boot loader too.
    """

    origin: str
    was_told: bool = False
    """Whether the machine itself told it; else it is what is known of all of its kind."""
    platform: Platform = Platform.X86_64_LINUX
    firmware: Firmware | None = None
    has_own_loader: bool = False
    disk: Disk | Literal["nodev"] | None = None
    """Where GRUB is written; `nodev`: nowhere, as the cloud itself starts its menu."""
    nixpkgs_modules: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    swaps: tuple[str, ...] = ()
    initrd_modules: tuple[str, ...] = ()
    kernel_modules: tuple[str, ...] = ()
    kernel_parameters: tuple[str, ...] = ()
    microcode: Literal["amd", "intel"] | None = None
    interfaces: tuple[Interface, ...] = ()
    name_servers: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def esp(self) -> str | None:
        """Where the partition that UEFI reads is mounted."""
        there = {mount.place for mount in self.mounts if mount.kind == "vfat"}
        return next((place for place in ("/boot", "/boot/efi", "/efi") if place in there), None)
