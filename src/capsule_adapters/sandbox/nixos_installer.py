"""NixOS for rehearsed machines: nothing is built, and the machine says that it is NixOS."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.ports.host import Hosts
from capsule_domain.ports.nixos_installer import NixosJob


@dataclass(frozen=True)
class RehearsedNixosInstaller:
    """Implements `NixosInstaller`, each way alike. Its host key and its disk stay."""

    hosts: Hosts

    def refuse_unable(self, way: NixosWay) -> None:
        """Nothing is needed for it."""

    def install(self, job: NixosJob, *, heard: Callable[[str], None]) -> None:
        """Over SSH, as the real ones."""
        with self.hosts.connect(job.target) as host:
            host.run("nixos-install --system rehearsal", check=True)
        heard(f"rehearsed {job.way}, nothing was built")
