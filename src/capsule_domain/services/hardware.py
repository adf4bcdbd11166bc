"""What hardware-configuration.nix sets, from what is known of a machine."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_interface

from capsule_domain.errors import UsageError
from capsule_domain.models.hardware import Firmware, Hardware, Interface, Mount
from capsule_domain.models.option import Assignment, Priority, Topic
from capsule_domain.services.assign import line

NO_DISK = "nodev"


def hardware_lines(hardware: Hardware, disk: str | None = None) -> Sequence[Assignment]:
    """The options of a machine; `disk` is where a person wants the boot loader.

    Raises UsageError for a `disk` where none is needed, or none where one is.
    """
    lines = [*_loader(hardware, disk), *_files(hardware), *_kernel(hardware), *_network(hardware)]
    platform = _known(
        hardware, Topic.MACHINE, "nixpkgs.hostPlatform", value=hardware.platform.value
    )
    return [platform.model_copy(update={"priority": Priority.DEFAULT}), *lines]


def _loader(hardware: Hardware, disk: str | None) -> Iterator[Assignment]:
    if hardware.has_own_loader and disk is None:
        yield _known(hardware, Topic.BOOT, "boot.loader.systemd-boot.enable", value=False)
        yield _known(hardware, Topic.BOOT, "boot.loader.efi.canTouchEfiVariables", value=False)
        return
    if hardware.firmware is Firmware.UEFI:
        yield from _uefi(hardware, disk)
        return
    origin, place = (hardware.origin, hardware.disk) if disk is None else ("--disk", disk)
    if place is None:
        raise UsageError(
            "this machine starts by BIOS, and nobody knows from which disk",
            hint="--disk /dev/disk/by-id/…",
        )
    yield from _grub(hardware, place, origin)
    if hardware.firmware is Firmware.HYBRID:
        yield from _removable(hardware)


def _uefi(hardware: Hardware, disk: str | None) -> Iterator[Assignment]:
    """systemd-boot, as configuration.nix has it, where /boot itself is what UEFI reads.

    Elsewhere that partition is small, and GRUB leaves the kernels outside of it.
    """
    if disk is not None:
        raise UsageError(
            "--disk: this machine starts by UEFI, and needs no disk for its boot loader",
            hint="leave --disk out",
        )
    if hardware.esp in (None, "/boot"):
        return
    yield from _grub(hardware, NO_DISK, hardware.origin)
    yield from _removable(hardware)
    place = hardware.esp
    yield _known(hardware, Topic.BOOT, "boot.loader.efi.efiSysMountPoint", value=place)


def _grub(hardware: Hardware, place: str, origin: str) -> Iterator[Assignment]:
    yield _known(hardware, Topic.BOOT, "boot.loader.systemd-boot.enable", value=False)
    yield _known(hardware, Topic.BOOT, "boot.loader.grub.enable", value=True)
    devices = line(Topic.BOOT, "boot.loader.grub.devices", value=[place], origin=origin)
    # A module of nixpkgs may name a disk of its own.
    forced = Priority.FORCE if hardware.has_own_loader else Priority.NORMAL
    yield devices.model_copy(update={"priority": forced})
    if place == NO_DISK and hardware.firmware is Firmware.BIOS:
        yield _known(hardware, Topic.BOOT, "boot.loader.grub.forceInstall", value=True)


def _removable(hardware: Hardware) -> Iterator[Assignment]:
    """Found by UEFI without an entry in its variables, which a cloud may not keep."""
    yield _known(hardware, Topic.BOOT, "boot.loader.grub.efiSupport", value=True)
    yield _known(hardware, Topic.BOOT, "boot.loader.grub.efiInstallAsRemovable", value=True)
    yield _known(hardware, Topic.BOOT, "boot.loader.efi.canTouchEfiVariables", value=False)


def _files(hardware: Hardware) -> Iterator[Assignment]:
    for mount in sorted(hardware.mounts, key=lambda mount: mount.place):
        yield Assignment(
            option=("fileSystems", mount.place),
            value=_mount(mount),
            topic=Topic.FILES,
            origin=hardware.origin,
        )
    if hardware.swaps:
        swaps = [{"device": device} for device in sorted(hardware.swaps)]
        yield _known(hardware, Topic.FILES, "swapDevices", value=swaps)


def _mount(mount: Mount) -> dict[str, object]:
    options = {"options": list(mount.options)} if mount.options else {}
    return {"device": mount.device, "fsType": mount.kind, **options}


def _kernel(hardware: Hardware) -> Iterator[Assignment]:
    for option, words in (
        ("boot.initrd.availableKernelModules", sorted(hardware.initrd_modules)),
        ("boot.kernelModules", sorted(hardware.kernel_modules)),
        ("boot.kernelParams", list(hardware.kernel_parameters)),
    ):
        if words:
            yield _known(hardware, Topic.BOOT, option, value=words)
    if hardware.microcode is not None:
        option = f"hardware.cpu.{hardware.microcode}.updateMicrocode"
        yield _known(hardware, Topic.BOOT, option, value=True)
        yield _known(hardware, Topic.BOOT, "hardware.enableRedistributableFirmware", value=True)


def _network(hardware: Hardware) -> Iterator[Assignment]:
    """Static addresses, by the interface's MAC: NixOS may call it by another name."""
    if not hardware.interfaces:
        return
    yield _known(hardware, Topic.NETWORK, "networking.useDHCP", value=False)
    yield _known(hardware, Topic.NETWORK, "networking.useNetworkd", value=True)
    if hardware.name_servers:
        servers = list(hardware.name_servers)
        yield _known(hardware, Topic.NETWORK, "networking.nameservers", value=servers)
    for interface in sorted(hardware.interfaces, key=lambda interface: interface.name):
        yield Assignment(
            option=("systemd", "network", "networks", f"10-{interface.name}"),
            value=_interface(interface),
            topic=Topic.NETWORK,
            origin=hardware.origin,
        )


def _interface(interface: Interface) -> dict[str, object]:
    """On-link: at some clouds the gateway is outside of the machine's own network."""
    routes = [{"Gateway": gateway, "GatewayOnLink": True} for gateway in interface.gateways]
    is_dual = any(ip_interface(address).version == 6 for address in interface.addresses)
    return {
        "matchConfig": {"MACAddress": interface.mac},
        "address": list(interface.addresses),
        "routes": routes,
        "networkConfig": {"IPv6AcceptRA": not is_dual},
        "linkConfig": {"RequiredForOnline": "routable"},
    }


def _known(hardware: Hardware, topic: Topic, option: str, *, value: object) -> Assignment:
    return line(topic, option, value=value, origin=hardware.origin)
