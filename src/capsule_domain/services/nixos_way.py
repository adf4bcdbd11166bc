"""Which way NixOS takes onto a server, and what is known of its hardware on each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from capsule_domain.errors import HostError
from capsule_domain.models.hardware import Firmware, Hardware
from capsule_domain.models.nixos_install import ChosenWay, NixosWay
from capsule_domain.models.server import Capabilities
from capsule_domain.models.template import Offer
from capsule_domain.ports.hardware_survey import HardwareSurvey
from capsule_domain.ports.host import Target
from capsule_domain.services.cloud_hardware import LAID_OUT, cloud_hardware

LEAST_FOR_KEXEC_MIB = 1536
"""nixos-images asks for 1 GB of physical memory, and at that it almost always fails."""

# Where the images are by NixOS itself and take a host key in their user data. Equinix has
# one too; that cloud has ended.
_HAVE_IMAGES = frozenset(["aws"])
_WHOLE_DISK = frozenset(["linode"])


def choose_way(offer: Offer, can: Capabilities) -> ChosenWay:
    """How NixOS gets onto what is rented by `offer`."""
    if can.nixos_image and offer.provider in _HAVE_IMAGES:
        return ChosenWay(way=NixosWay.IMAGE, because=f"{offer.provider} has images by NixOS itself")
    if offer.memory_mib < LEAST_FOR_KEXEC_MIB:
        gib = offer.memory_mib / 1024
        return ChosenWay(
            way=NixosWay.IN_PLACE,
            because=f"{gib:g} GiB of memory are too little for an installer to start in",
        )
    return ChosenWay(
        way=NixosWay.ANYWHERE, because=f"{offer.provider} has no image, and there is memory enough"
    )


def has_whole_disk(provider: str) -> bool:
    """Whether a server's root is a whole disk there, with no partitions."""
    return provider in _WHOLE_DISK


@dataclass(frozen=True)
class SurveyFor:
    """Implements `HardwareSurvey`: what a machine tells, as it will be once NixOS is on it."""

    survey: HardwareSurvey
    way: NixosWay
    provider: str

    def look(self, machines: Mapping[str, Target]) -> Iterator[tuple[str, Hardware | HostError]]:
        """The machines' own answers, changed by what the way changes."""
        for name, told in self.survey.look(machines):
            yield name, told if isinstance(told, HostError) else self._then(told)

    def _then(self, told: Hardware) -> Hardware:
        known = cloud_hardware(self.provider, platform=told.platform)
        if self.way is NixosWay.IN_PLACE or known is None:
            return told
        if self.way is NixosWay.IMAGE or has_whole_disk(self.provider):
            return known
        return laid_out_anew(told)


def laid_out_anew(told: Hardware) -> Hardware:
    """A machine whose disk gets the layout that BIOS and UEFI both start from."""
    bios = told.firmware is not Firmware.UEFI
    return told.model_copy(
        update={
            "origin": f"{told.origin}; its disk as it was laid out for NixOS",
            "firmware": Firmware.HYBRID if bios else Firmware.UEFI,
            "mounts": LAID_OUT,
            "swaps": (),
        }
    )
