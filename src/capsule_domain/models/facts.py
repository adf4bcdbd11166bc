"""What is to be known about a machine before anything is installed on it."""

from enum import StrEnum

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.planting import PlantRecord

_ARCHITECTURES = {"arm64": "aarch64", "amd64": "x86_64"}
_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}


class Sudo(StrEnum):
    """ROOT: not needed. FREE: without a password. ASKS: for one. NONE: there is no sudo."""

    ROOT = "root"
    FREE = "free"
    ASKS = "asks"
    NONE = "none"


class Selinux(StrEnum):
    """Whether SELinux guards the machine."""

    ABSENT = "absent"
    PERMISSIVE = "permissive"
    ENFORCING = "enforcing"


class OwnCapsule(StrEnum):
    """What stands at ~/.local/bin/capsule: nothing, a Capsule of ours, or something else."""

    ABSENT = "absent"
    OURS = "ours"
    FOREIGN = "foreign"


class Earth(Model):
    """What an earlier planting left on a machine."""

    files: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of the files that were asked about and are there, by path below its home."""
    record: PlantRecord | None = None
    store_path: str | None = None
    """What Capsule's Nix profile leads to."""
    on_path: bool = False
    """Whether the login shell's start-up file has the block, word for word."""
    capsule: OwnCapsule = OwnCapsule.ABSENT
    capsule_stamp: str | None = None
    """What the Capsule of ours there was made from."""


class MachineFacts(Model):
    """A machine as it describes itself. Sizes are what is free, in MiB."""

    kernel: str
    """`Linux` or `Darwin`, as `uname -s` says."""
    architecture: str
    """As `uname -m` says."""
    distribution: str = ""
    user: str
    home: str
    capsule_home: str
    login_shell: str
    start_up_file: str
    sudo: Sudo
    programs: tuple[str, ...] = ()
    """Which of tar, xz, curl, wget, git and bash are there."""
    python: str | None = None
    """The path of a Python that is new enough for Capsule."""
    python_version: str | None = None
    nix: str | None = None
    """The path of the `nix` program."""
    nix_version: str | None = None
    nix_folder: bool = False
    """Whether /nix is there."""
    nix_folder_writable: bool = False
    memory_mib: int | None = None
    """All that it has, but for what its kernel keeps to itself."""
    free_store_mib: int | None = None
    free_home_mib: int | None = None
    systemd: bool = False
    container: bool = False
    wsl: bool = False
    selinux: Selinux = Selinux.ABSENT
    online: bool | None = None
    """Whether it reaches where Nix is installed from; None when that was not tried."""
    earth: Earth = Earth()

    @property
    def nix_system(self) -> str | None:
        """Such as `x86_64-linux`; None where Nix does not run."""
        kernel = _SYSTEMS.get(self.kernel)
        architecture = _ARCHITECTURES.get(self.architecture, self.architecture)
        return f"{architecture}-{kernel}" if kernel else None

    @property
    def title(self) -> str:
        """The machine in a few words."""
        name = self.distribution or self.kernel
        inside = " in a container" if self.container else " in WSL" if self.wsl else ""
        return f"{name} on {self.architecture}{inside}"
