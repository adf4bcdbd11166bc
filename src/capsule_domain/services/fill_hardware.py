"""A placeholder for a machine's hardware, filled in with what that machine tells."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath

from capsule_domain.errors import HostError, NotFound
from capsule_domain.models.hardware import Hardware
from capsule_domain.models.machine_survey import DiskFacts, MachineSurvey
from capsule_domain.models.nixos import NixosPart, NixosRequest
from capsule_domain.models.nixos_install import InstallPlan, NixosWay
from capsule_domain.ports.configurations import Configurations
from capsule_domain.ports.hardware_survey import HardwareSurvey
from capsule_domain.ports.host import Target
from capsule_domain.ports.nix_renderer import NixRenderer
from capsule_domain.services.cloud_hardware import cloud_hardware
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.generate import HARDWARE_FILE
from capsule_domain.services.install_preflight import is_whole_disk, provider_of
from capsule_domain.services.nixos_way import laid_out_anew

PLACEHOLDER = "is a placeholder"


@dataclass(frozen=True)
class FillHardware:
    """Writes hardware-configuration.nix of a folder for one host."""

    survey: HardwareSurvey
    profiles: ManageProfile
    renderer: NixRenderer
    configurations: Configurations

    def is_wanted(self, folder: str) -> bool:
        """Whether a placeholder of ours stands there. A fleet's hosts were told already."""
        with suppress(NotFound):
            return PLACEHOLDER in self.configurations.text(str(PurePath(folder, HARDWARE_FILE)))
        return False

    def run(
        self, plan: InstallPlan, target: Target, seen: MachineSurvey, disk: DiskFacts | None
    ) -> None:
        """Ask the machine, and write it as it will be. Raises HostError, StoreError."""
        hardware = self._hardware(plan, target, seen, disk)
        request = NixosRequest(
            environment=self.profiles.show(), part=NixosPart.HARDWARE, hardware=hardware
        )
        place = PurePath(plan.folder)
        self.configurations.write(
            place,
            self.renderer.configuration(request),
            state_versions=self.configurations.state_versions(place),
            force=True,  # it is the placeholder: that was looked at
        )

    def _hardware(
        self, plan: InstallPlan, target: Target, seen: MachineSurvey, disk: DiskFacts | None
    ) -> Hardware:
        [(_, told)] = self.survey.look({seen.hostname: target})
        if isinstance(told, HostError):
            raise told
        if plan.way is not NixosWay.ANYWHERE or disk is None:
            return told
        if is_whole_disk(seen):
            known = cloud_hardware(provider_of(seen) or "", platform=told.platform)
            return known or told
        return laid_out_anew(told).model_copy(update={"disk": disk.device})
