"""Which system runs on a machine."""

from capsule_domain.errors import HostError
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.host import Host
from capsule_domain.services.xnodeos import MANAGER

NIXOS = "nixos"
INSTALLER = "the installer of NixOS"
_READ = "cat /etc/os-release"


def system_id(host: Host) -> str:
    """The ID of /etc/os-release, such as `ubuntu`; `linux` where it has none, as its manual says.

    An installer of NixOS is no NixOS yet. Raises HostError.
    """
    lines = host.run(_READ, check=True).stdout.splitlines()
    words = dict(line.split("=", 1) for line in lines if "=" in line)
    told = {name: value.strip().strip("\"'") for name, value in words.items()}
    if told.get("ID") == NIXOS and told.get("VARIANT_ID") == "installer":
        return INSTALLER
    return told.get("ID", "linux")


def refuse_other_system(host: Host, xnode: XNode) -> str:
    """What runs there, for people. Raises HostError when that is not what was asked for."""
    found = system_id(host)
    if xnode.os is OperatingSystem.STOCK:
        return found
    if found != NIXOS:
        raise HostError(f"{xnode.name} runs {found}, and not {xnode.os}")
    if xnode.os is OperatingSystem.XNODEOS:
        if host.run(f"systemctl is-active --quiet {MANAGER}").exit_code != 0:
            raise HostError(f"the manager of {xnode.name} does not run ({MANAGER})")
        return "XnodeOS, and its manager runs"
    return found
