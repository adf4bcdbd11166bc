"""A running NixOS machine, as it tells of itself in one round trip."""

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.facts import Sudo


class SshSession(Model):
    """How we are connected now, as the machine sees it. Ports are TCP's."""

    client_address: str
    server_address: str
    server_port: int = Field(ge=1, le=65535)
    interface: str | None = None
    """The network interface that has `server_address`."""
    key_fingerprint: str | None = None
    """`SHA256:…` of the key that let us in, where the machine tells it."""


class LiveSystem(Model):
    """A NixOS machine. Paths are store paths; sizes are what is free, in MiB.

    `running` is what /run/current-system leads to, `booted` what it started as, `profile`
    what it would start as. Those three may all differ.
    """

    hostname: str
    user: str
    user_declared: bool | None = None
    """Whether a configuration made our user; then it goes with the next one that does not.
    None where the machine does not tell.
    """
    sudo: Sudo
    system: str
    """Such as `x86_64-linux`, by `uname -m`."""
    running: str
    booted: str
    profile: str | None = None
    generation: int | None = None
    """The number of the generation that `profile` is; None when no profile link is there."""
    nixos_version: str = ""
    running_kernel: str = ""
    """The kernel's release that runs, by `uname -r`."""
    state_version: str | None = None
    inhibitors: dict[str, str] = Field(default_factory=dict)
    """What the running system says must not be switched while it runs, by name."""
    boot_loader: str | None = None
    """`systemd-boot`, `grub`, or None where neither is seen."""
    root_uuid: str | None = None
    free_boot_mib: int | None = None
    system_state: str = "unknown"
    """`running`, `degraded`, `starting`… of `systemctl is-system-running`."""
    busy: tuple[str, ...] = ()
    """What switches this machine right now: units, or the holder of the lock."""
    trusted_by_store: bool | None = None
    """Whether its Nix takes unsigned paths from our user; None when it does not tell."""
    session: SshSession | None = None
    """None on the machine that we are on ourselves."""
    gateway: str | None = None
