"""The `NixosInstaller` port: each way by what knows it."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_adapters.installers.nixos.anywhere import Anywhere
from capsule_adapters.installers.nixos.remote_build import InPlace, OwnImage
from capsule_domain.errors import HostError
from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.ports.nixos_installer import NixosJob


@dataclass(frozen=True)
class SshNixosInstaller:
    """Implements `NixosInstaller` over SSH."""

    anywhere: Anywhere
    in_place: InPlace
    own_image: OwnImage

    def refuse_unable(self, way: NixosWay) -> None:
        """Only nixos-anywhere runs here; the others need nothing but SSH."""
        if way is NixosWay.ANYWHERE:
            self.anywhere.refuse_unable()

    def install(self, job: NixosJob, *, heard: Callable[[str], None]) -> str | None:
        """Do it, the job's way. Only nixos-anywhere knows how to become root itself."""
        may_rise = job.by_sudo and job.way is NixosWay.ANYWHERE
        if job.target.user != "root" and not may_rise:
            raise HostError(
                f"NixOS is installed by root, and {job.target.user} is no root",
                hint="ssh_user: root in openmesh.yml",
            )
        by_way: dict[NixosWay, Callable[[NixosJob, Callable[[str], None]], str | None]] = {
            NixosWay.ANYWHERE: self.anywhere.install,
            NixosWay.IN_PLACE: self.in_place.install,
            NixosWay.IMAGE: self.own_image.install,
        }
        return by_way[job.way](job, heard)
