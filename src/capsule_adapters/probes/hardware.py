"""The `HardwareSurvey` port over SSH: one script that only reads, and what it tells."""

import re
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from capsule_adapters.probes.disks import disks
from capsule_adapters.probes.network import network
from capsule_adapters.probes.script import marked, parts
from capsule_domain.errors import CommandFailed, HostError
from capsule_domain.models.hardware import Hardware
from capsule_domain.models.stack import Platform
from capsule_domain.ports.host import Hosts, Target

WORKERS = 32
CONNECT_SECONDS = 10.0
SCRIPT_SECONDS = 20.0

_SCRIPT = """\
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/sbin:/run/current-system/sw/bin
part() { printf '\\n%s %s\\n' MARKER "$1"; }
part architecture
uname -m
part container
systemd-detect-virt --container
part firmware
if [ -d /sys/firmware/efi ]; then echo uefi; else echo bios; fi
part vendor
cat /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/product_name
grep -m 1 -o -w hypervisor /proc/cpuinfo
part processor
grep -m 1 vendor_id /proc/cpuinfo
part mounts
findmnt -J -l --real -o TARGET,SOURCE,FSTYPE,OPTIONS
part blocks
lsblk -J -l -o NAME,PATH,TYPE,PKNAME,FSTYPE,UUID
part swaps
cat /proc/swaps
part names
for link in /dev/disk/by-id/*; do echo "$link $(readlink -f "$link")"; done
part drivers
for driver in /sys/bus/pci/devices/*/driver /sys/bus/virtio/devices/*/driver \
    /sys/bus/scsi/devices/*/driver /sys/bus/usb/devices/*/driver; do
  [ -e "$driver/module" ] && driver=$driver/module
  [ -e "$driver" ] && basename "$(readlink -f "$driver")"
done
part cmdline
cat /proc/cmdline
part addresses
ip -j -d address show
part routes
ip -j -4 route show default
part routes6
ip -j -6 route show default
part resolvers
cat /run/systemd/resolve/resolv.conf || cat /etc/resolv.conf
part end
"""

_ARCHITECTURES = {
    "x86_64": Platform.X86_64_LINUX,
    "aarch64": Platform.AARCH64_LINUX,
    "arm64": Platform.AARCH64_LINUX,
}
_GUESTS = ("qemu", "kvm", "openstack", "digitalocean", "vultr", "scaleway", "linode", "hetzner")
_EARLY_DRIVERS = re.compile(
    r"aacraid|ahci|ata_piix|hpsa|hv_storvsc|hv_vmbus|megaraid_sas|mmc_block|mpt3sas|nvme|sd_mod"
    r"|sdhci_pci|sr_mod|uas|usb_storage|usbhid|virtio_blk|virtio_pci|virtio_scsi|vmd|vmw_pvscsi"
    r"|xen_blkfront|xhci_pci"
)
_OTHER_NAMES = {"sd": "sd_mod", "sr": "sr_mod", "virtio-pci": "virtio_pci", "xhci_hcd": "xhci_pci"}


class SshHardwareSurvey:
    """Implements `HardwareSurvey`: a login with the pinned host key, and one script."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def look(self, machines: Mapping[str, Target]) -> Iterator[tuple[str, Hardware | HostError]]:
        """All of them side by side, in at most 32 threads; each as it comes."""
        if not machines:
            return
        workers = ThreadPoolExecutor(min(WORKERS, len(machines)), thread_name_prefix="capsule-look")
        try:
            asked = {workers.submit(self._one, name, at): name for name, at in machines.items()}
            for answered in as_completed(asked):
                yield asked[answered], answered.result()
        finally:
            # Who stops looking does not wait for those that were not asked yet.
            workers.shutdown(wait=False, cancel_futures=True)

    def _one(self, name: str, target: Target) -> Hardware | HostError:
        marker = secrets.token_hex(16)
        try:
            with self._hosts.connect(target, timeout_seconds=CONNECT_SECONDS) as host:
                done = host.run(marked(_SCRIPT, marker), timeout_seconds=SCRIPT_SECONDS)
            return hardware(name, parts(done.stdout, marker))
        except HostError as error:
            return error


def hardware(name: str, told: Mapping[str, str]) -> Hardware:
    """What a machine is, from the parts of the script's output. Raises CommandFailed."""
    if "end" not in told:
        raise CommandFailed(
            f"{name} does not tell of its hardware: the script did not come to its end",
            hint="does a POSIX shell run there?",
        )
    platform = _ARCHITECTURES.get(told.get("architecture", ""))
    container = told.get("container", "none")
    if platform is None or container not in ("", "none"):
        what = f"a container ({container})" if platform else told.get("architecture", "unknown")
        raise CommandFailed(f"{name} is no machine for NixOS of its own: {what}")
    vendor = told.get("vendor", "").lower()
    is_guest = "hypervisor" in vendor
    return Hardware(
        origin=f"as {name} told",
        was_told=True,
        platform=platform,
        nixpkgs_modules=("profiles/qemu-guest.nix",) if _is_qemu(vendor) else (),
        initrd_modules=_early_drivers(told.get("drivers", "")),
        kernel_parameters=_consoles(told.get("cmdline", "")),
        microcode=None if is_guest else _microcode(told.get("processor", "")),
        **disks(name, told),
        **network(name, told),
    )


def _is_qemu(vendor: str) -> bool:
    return "hypervisor" in vendor and any(word in vendor for word in _GUESTS)


def _early_drivers(text: str) -> tuple[str, ...]:
    """The drivers without which the root cannot be mounted, in the names of modules."""
    names = {_OTHER_NAMES.get(word, word.replace("-", "_")) for word in text.split()}
    return tuple(sorted(name for name in names if _EARLY_DRIVERS.fullmatch(name)))


def _consoles(cmdline: str) -> tuple[str, ...]:
    """Where the kernel speaks: at a cloud it is a serial line that its website shows."""
    return tuple(word for word in cmdline.split() if word.startswith("console=tty"))


def _microcode(processor: str) -> str | None:
    vendors = {"GenuineIntel": "intel", "AuthenticAMD": "amd"}
    return vendors.get(processor.partition(":")[2].strip())
