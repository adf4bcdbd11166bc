"""What is known of each cloud's servers without asking one."""

from collections.abc import Mapping

from capsule_domain.models.hardware import Firmware, Hardware, Mount
from capsule_domain.models.stack import Platform

_QEMU = "profiles/qemu-guest.nix"
_ROOT = Mount(place="/", device="/dev/disk/by-label/nixos", kind="ext4")
_ESP = Mount(
    place="/boot",
    device="/dev/disk/by-label/ESP",
    kind="vfat",
    options=("fmask=0077", "dmask=0077"),
)
LAID_OUT = (_ROOT, _ESP)
"""What a disk is mounted as that was laid out for NixOS."""
_LAYOUT = (
    "the disk is laid out for BIOS and UEFI: a partition for GRUB, one labelled ESP, and the"
    " root labelled nixos"
)


def cloud_hardware(provider: str, *, platform: Platform = Platform.X86_64_LINUX) -> Hardware | None:
    """The hardware of a cloud's servers once NixOS is on them; None for an unknown cloud."""
    found = _CLOUDS.get(provider)
    if found is None:
        return None
    return found.model_copy(update={"platform": platform})


# Sources: for AWS, DigitalOcean and Linode nixpkgs' own nixos/modules/virtualisation/{amazon-image,
# digital-ocean-config,linode-config}.nix, read at 26.11. Vultr's DHCP and firmware: reports about
# nixos-images (issue 21). Vultr's disk, and all of Scaleway, Hivelocity and Equinix Metal, are
# general knowledge that nobody has verified: a reachable machine is asked instead.
_CLOUDS: Mapping[str, Hardware] = {
    "aws": Hardware(
        origin="what nixpkgs knows of EC2",
        has_own_loader=True,
        nixpkgs_modules=("virtualisation/amazon-image.nix",),
        remarks=("as NixOS' own images for EC2 are laid out: the root is labelled nixos",),
    ),
    "digitalocean": Hardware(
        origin="what nixpkgs knows of DigitalOcean",
        has_own_loader=True,
        nixpkgs_modules=("virtualisation/digital-ocean-config.nix",),
        remarks=(
            "as NixOS' own images for DigitalOcean are laid out: the root is labelled nixos",
            "a droplet of a stock image has fixed addresses, which only it can tell",
        ),
    ),
    "linode": Hardware(
        origin="what nixpkgs knows of Linode",
        has_own_loader=True,
        nixpkgs_modules=("virtualisation/linode-config.nix",),
        remarks=(
            "the root is the whole of /dev/sda, and /dev/sdb is swap",
            "the Linode's own profile has the kernel GRUB 2, and Network Helper off",
        ),
    ),
    "vultr": Hardware(
        origin="what is known of Vultr",
        firmware=Firmware.HYBRID,
        disk="/dev/vda",
        nixpkgs_modules=(_QEMU,),
        mounts=LAID_OUT,
        remarks=(_LAYOUT, "addresses come by DHCP"),
    ),
    "scaleway": Hardware(
        origin="what is known of Scaleway",
        firmware=Firmware.UEFI,
        nixpkgs_modules=(_QEMU,),
        mounts=LAID_OUT,
        kernel_parameters=("console=ttyS0,115200",),
        remarks=("instances start by UEFI", "addresses come by DHCP"),
    ),
    "hivelocity": Hardware(
        origin="what is known of Hivelocity",
        firmware=Firmware.HYBRID,
        disk="/dev/sda",
        initrd_modules=("ahci", "megaraid_sas", "mpt3sas", "nvme", "sd_mod", "usb_storage"),
        mounts=LAID_OUT,
        remarks=(_LAYOUT, "a server of its own has fixed addresses, which only it can tell"),
    ),
    "equinix": Hardware(
        origin="what is known of Equinix Metal",
        firmware=Firmware.HYBRID,
        disk="/dev/sda",
        initrd_modules=("ahci", "megaraid_sas", "mpt3sas", "nvme", "sd_mod", "usb_storage"),
        kernel_parameters=("console=ttyS1,115200n8",),
        mounts=LAID_OUT,
        remarks=(_LAYOUT, "a server of its own has fixed addresses, which only it can tell"),
    ),
}
