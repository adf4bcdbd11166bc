"""How NixOS comes onto a rented server."""

from enum import StrEnum

from capsule_domain.models.base import Model
from capsule_domain.models.endpoint import Endpoint
from capsule_domain.models.finding import Finding
from capsule_domain.models.machine_survey import DiskFacts

NIXOS_IMAGE = "nixos"
"""The word for the newest image by NixOS itself, which a cloud's adapter finds."""


class NixosWay(StrEnum):
    """IMAGE: the server starts as NixOS, and builds its configuration. ANYWHERE: the system
    is built, the server's disk laid out anew and the system put on it, by nixos-anywhere.
    IN_PLACE: the server builds it beside its own system, and starts it in that one's stead.
    """

    IMAGE = "image"
    ANYWHERE = "anywhere"
    IN_PLACE = "in-place"


class ChosenWay(Model):
    """A way, and why that one."""

    way: NixosWay
    because: str


class InstallPlan(Model):
    """What `nixos install` would do. `machine` is as it was named, `hostname` as it calls itself
    now, `host` as it will. `disk` is laid out anew; None: its own layout stays, and what is on
    it comes to /old-root.
    """

    machine: str
    hostname: str
    system: str
    """What is on it now, for people."""
    memory_mib: int | None = None
    host: str
    folder: str
    way: NixosWay
    because: str
    disk: str | None = None
    disks: tuple[DiskFacts, ...] = ()
    """All of them; `erased` says which one is."""
    erased: str | None = None
    whole_disk: bool = False
    writes_hardware: bool = False
    """Whether its hardware-configuration.nix, a placeholder now, is to be what it tells."""
    login: str = "root"
    """Who comes in afterwards, with our key."""
    endpoints: tuple[Endpoint, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


class Installed(Model):
    """A machine that was seen running its new system. `system` is the store path of it."""

    machine: str
    host: str
    way: NixosWay
    system: str
    login: str
    address: str
    port: int
