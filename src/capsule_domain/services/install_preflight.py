"""Whether NixOS can be put on a machine, on which disk, and how: before anything is erased."""

from collections.abc import Iterator

from capsule_domain.errors import Conflict, HostError, NotFound, UsageError
from capsule_domain.models.facts import Sudo
from capsule_domain.models.machine_survey import DiskFacts, MachineSurvey
from capsule_domain.models.nixos_install import ChosenWay, NixosWay
from capsule_domain.ports.host import Destination, Target
from capsule_domain.services.machine_system import NIXOS
from capsule_domain.services.nixos_way import LEAST_FOR_KEXEC_MIB, has_whole_disk

KEPT_BY_KERNEL_MIB = 128
"""What of a machine's memory the kernel does not tell as its own."""

_SYSTEMS = {"x86_64": "x86_64-linux", "aarch64": "aarch64-linux", "arm64": "aarch64-linux"}
_VENDORS = {
    "linode": "linode",
    "akamai": "linode",
    "digitalocean": "digitalocean",
    "hetzner": "hetzner",
    "vultr": "vultr",
    "scaleway": "scaleway",
    "amazon": "aws",
}
_NEEDED = {"tar": "tar", "cpio": "cpio", "setsid": "util-linux"}


def system_of(survey: MachineSurvey) -> str:
    """Such as `x86_64-linux`. Raises HostError for what NixOS does not run on."""
    system = _SYSTEMS.get(survey.architecture)
    if survey.kernel != "Linux" or system is None:
        raise HostError(
            f"{survey.hostname} is {survey.kernel} on {survey.architecture}, and NixOS is put on"
            " Linux on x86_64 or aarch64 alone"
        )
    return system


def provider_of(survey: MachineSurvey) -> str | None:
    """The cloud that it says it is from."""
    vendor = survey.vendor.lower()
    return next((name for word, name in _VENDORS.items() if word in vendor), None)


def way_onto(survey: MachineSurvey, machine: Target | Destination) -> ChosenWay:
    """How NixOS gets onto it.

    Raises Conflict for a NixOS, and HostError with the remedy for what cannot become one.
    """
    place = machine.label
    system_of(survey)
    if survey.system == NIXOS and not survey.is_installer:
        raise Conflict(
            f"{place} runs NixOS already, and is not laid out anew",
            hint=f"capsule nixos apply {machine.options}",
        )
    if survey.container is not None:
        raise HostError(
            f"{place} is a container ({survey.container}): its kernel is another machine's",
            hint="install on that machine, or on a virtual one",
        )
    if survey.secure_boot:
        raise HostError(
            f"{place} starts by Secure Boot, and NixOS' boot loader is not signed",
            hint="switch Secure Boot off in its firmware, and start it anew",
        )
    chosen = _chosen(survey)
    (_refuse_unfit if chosen.way is NixosWay.ANYWHERE else _refuse_in_place)(survey, place)
    if not survey.host_keys:
        raise HostError(
            f"{place} keeps no host key in /etc/ssh: nobody could tell afterwards that it is the"
            " same machine",
            hint="on the machine: ssh-keygen -A",
        )
    return chosen


def _chosen(survey: MachineSurvey) -> ChosenWay:
    anywhere, in_place = NixosWay.ANYWHERE, NixosWay.IN_PLACE
    if survey.is_installer:
        return ChosenWay(way=anywhere, because="it runs from an installer of NixOS already")
    memory = survey.memory_mib
    if memory is not None and memory < LEAST_FOR_KEXEC_MIB - KEPT_BY_KERNEL_MIB:
        because = f"{memory} MiB of memory are too little for an installer to start in"
        return ChosenWay(way=in_place, because=because)
    if survey.kexec_disabled:
        return ChosenWay(way=in_place, because="its kernel starts no other (kexec_load_disabled)")
    if survey.lockdown not in (None, "none"):
        because = f"its kernel starts no other (lockdown: {survey.lockdown})"
        return ChosenWay(way=in_place, because=because)
    return ChosenWay(way=anywhere, because="there is memory enough for an installer to start in")


def _refuse_unfit(survey: MachineSurvey, place: str) -> None:
    if survey.sudo not in (Sudo.ROOT, Sudo.FREE):
        why = "sudo asks for a password" if survey.sudo is Sudo.ASKS else "there is no sudo"
        raise HostError(
            f"{survey.user} cannot become root on {place}: {why}", hint="come as root: root@HOST"
        )
    missing = [name for name in _NEEDED if name not in survey.programs]
    if missing and not survey.is_installer:
        packages = " ".join(_NEEDED[name] for name in missing)
        raise HostError(
            f"{place} lacks {', '.join(missing)}, and the installer is unpacked with that",
            hint=f"on the machine: apt install {packages}, or as its system does that",
        )


def _refuse_in_place(survey: MachineSurvey, place: str) -> None:
    """What is built beside the machine's system is put in its stead by root alone."""
    if survey.sudo is not Sudo.ROOT:
        raise HostError(
            f"NixOS has to be built on {place} itself, by root, and {survey.user} is no root",
            hint="come as root: root@HOST",
        )
    if "tar" not in survey.programs:
        raise HostError(
            f"{place} lacks tar, and Nix is unpacked with that",
            hint="on the machine: apt install tar xz-utils, or as its system does that",
        )


def disk_of(survey: MachineSurvey, wanted: str | None, chosen: ChosenWay) -> DiskFacts | None:
    """The disk that is laid out anew; None where nothing is.

    Raises UsageError for a disk where none is meant, or none where several may be; NotFound;
    HostError for one that cannot be written.
    """
    if chosen.way is not NixosWay.ANYWHERE:
        if wanted is not None:
            raise UsageError(
                f"--disk: its disks stay as they are, because {chosen.because}",
                hint="leave --disk out",
            )
        return None
    found = _named(survey, wanted) if wanted is not None else _root_disk(survey)
    if not found.writable:
        raise HostError(f"the disk {found.name} cannot be written", hint="--disk with another one")
    return found


def _named(survey: MachineSurvey, wanted: str) -> DiskFacts:
    for disk in survey.disks:
        if wanted in disk.devices:
            return disk
    known = [name for disk in survey.disks for name in sorted(disk.devices)]
    raise NotFound("disk", wanted, known=known, hint=_choice(survey))


def _root_disk(survey: MachineSurvey) -> DiskFacts:
    """The root's; where that is in memory or on several, nobody but a person knows."""
    with_root = [disk for disk in survey.disks if disk.holds_root]
    if len(with_root) == 1:
        return with_root[0]
    if not with_root and len(survey.disks) == 1:
        return survey.disks[0]
    if not survey.disks:
        raise UsageError(
            f"{survey.hostname} does not tell of its disks",
            hint="is lsblk there? util-linux has it",
        )
    why = "is on several disks" if with_root else "is on none of its disks"
    raise UsageError(
        f"the root of {survey.hostname} {why}: which one is to be erased?", hint=_choice(survey)
    )


def _choice(survey: MachineSurvey) -> str:
    return (
        "; or ".join(
            f"--disk {disk.device} ({', '.join(filter(None, (disk.size, disk.model)))})"
            for disk in survey.disks
            if disk.writable
        )
        or "there is no disk that can be written"
    )


def notes_on(survey: MachineSurvey, chosen: ChosenWay) -> Iterator[str]:
    """What is known of such machines, and is to be done by hand."""
    provider = provider_of(survey)
    if chosen.way is NixosWay.ANYWHERE and not survey.is_installer:
        port = survey.session.server_port
        if port != 22:
            yield f"while it is installed SSH listens at port 22, and not at {port}"
        if not survey.ipv4 and survey.ipv6:
            yield "it has no IPv4: the installer comes by way of gh-v6.com"
        if provider == "hetzner" and "26.04" in survey.distribution:
            yield (
                "Ubuntu 26.04 has failed to start an installer on small servers of Hetzner's;"
                " 24.04 and Debian have not"
            )
    if provider == "linode":
        yield "afterwards, at Linode: set the kernel to GRUB 2, and switch Network Helper off"
    if provider == "digitalocean":
        yield "DigitalOcean gives no addresses by DHCP: the configuration needs the machine's own"
    if provider == "hetzner":
        yield "Hetzner's IPv6 has the gateway fe80::1, which needs its interface"
    yield "is there a snapshot or backup, and do you reach its console at the provider's?"


def is_whole_disk(survey: MachineSurvey) -> bool:
    """Whether the root is a whole disk at its cloud, with no partitions."""
    return has_whole_disk(provider_of(survey) or "")
