"""Machines that tell of themselves, in memory."""

from dataclasses import dataclass, field
from typing import Any

from capsule_domain.errors import HostError, HostUnreachable
from capsule_domain.models.facts import Sudo
from capsule_domain.models.hardware import Firmware
from capsule_domain.models.live_system import SshSession
from capsule_domain.models.machine_survey import DiskFacts, MachineSurvey
from capsule_domain.ports.host import Destination, Target
from tests.fakes.keys import FakeKeys

GIB = 2**30
ROOT_DISK = DiskFacts(
    name="vda",
    size_bytes=40 * GIB,
    model="QEMU HARDDISK",
    ids=("virtio-1",),
    mounts=("/", "/boot"),
    holds_root=True,
)
DATA_DISK = DiskFacts(name="vdb", size_bytes=100 * GIB, ids=("virtio-2",), mounts=("/data",))
UBUNTU = MachineSurvey(
    hostname="old-1",
    user="root",
    sudo=Sudo.ROOT,
    kernel="Linux",
    architecture="x86_64",
    system="ubuntu",
    distribution="Ubuntu 24.04.1 LTS",
    memory_mib=3920,
    firmware=Firmware.BIOS,
    programs=("tar", "cpio", "setsid"),
    session=SshSession(
        client_address="198.51.100.7",
        server_address="203.0.113.9",
        server_port=22,
        interface="eth0",
    ),
    gateway="203.0.113.1",
    authorized_keys=1,
    host_keys=(FakeKeys().new_host_key().public_openssh,),
    disks=(ROOT_DISK, DATA_DISK),
    boot_id="boot-1",
)


def survey(**changes: Any) -> MachineSurvey:
    """A machine of Ubuntu's, but for some of it; `session` may be a dict of what is other."""
    if isinstance(changes.get("session"), dict):
        changes["session"] = UBUNTU.session.model_copy(update=changes["session"])
    return UBUNTU.model_copy(update=changes)


@dataclass
class FakeMachineSurveys:
    """Implements `MachineSurveys`. A machine that was not added does not answer."""

    machines: dict[str, MachineSurvey | HostError] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)

    def look(self, machine: Target | Destination) -> MachineSurvey:
        self.looked.append(machine.label)
        place = machine.address if isinstance(machine, Target) else machine.host
        found = self.machines.get(place)
        if found is None:
            raise HostUnreachable(f"cannot reach {place}: connection refused")
        if isinstance(found, HostError):
            raise found
        return found
