"""What is to be known about a machine before NixOS takes the place of what is on it."""

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.facts import Sudo
from capsule_domain.models.hardware import Firmware
from capsule_domain.models.live_system import SshSession

MIB, GIB = 2**20, 2**30


class DiskFacts(Model):
    """A disk. `ids` are its names below /dev/disk/by-id, the one that says most first."""

    name: str
    size_bytes: int = Field(ge=0)
    model: str | None = None
    serial: str | None = None
    ids: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    """Where it, its partitions and what is made of them are mounted."""
    holds_root: bool = False
    writable: bool = True

    @property
    def device(self) -> str:
        """By its id where it has one: the order of names changes with the kernel."""
        return f"/dev/disk/by-id/{self.ids[0]}" if self.ids else f"/dev/{self.name}"

    @property
    def devices(self) -> frozenset[str]:
        """Every name it is known by here."""
        return frozenset([f"/dev/{self.name}", *(f"/dev/disk/by-id/{one}" for one in self.ids)])

    @property
    def size(self) -> str:
        """In GiB, for people; a small one in MiB."""
        if self.size_bytes < GIB:
            return f"{self.size_bytes // MIB} MiB"
        return f"{self.size_bytes / GIB:.0f} GiB"


class MachineSurvey(Model):
    """A machine as it tells of itself. `system` is the ID of os-release; `architecture` and
    `kernel` as uname says. `ipv4`, `ipv6`: whether anything is reached by it.
    """

    hostname: str
    user: str
    sudo: Sudo
    kernel: str
    architecture: str
    system: str = "linux"
    is_installer: bool = False
    """Whether it runs from an installer of NixOS: it can be laid out anew as it is."""
    distribution: str = ""
    vendor: str = ""
    memory_mib: int | None = None
    container: str | None = None
    firmware: Firmware = Firmware.BIOS
    secure_boot: bool = False
    kexec_disabled: bool = False
    lockdown: str | None = None
    """How far its kernel keeps root out: `none`, `integrity`, `confidentiality`."""
    programs: tuple[str, ...] = ()
    """Which of tar, cpio and a setsid that waits are there."""
    ipv4: bool = True
    ipv6: bool = False
    session: SshSession
    gateway: str | None = None
    authorized_keys: int = 0
    host_keys: tuple[str, ...] = ()
    """The public halves of those that it keeps in /etc/ssh, `type base64`."""
    disks: tuple[DiskFacts, ...] = ()
    boot_id: str
