"""What puts NixOS onto machines, in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

from capsule_domain.errors import HostError, ToolMissing
from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.ports.host import Hosts
from capsule_domain.ports.nixos_installer import NixosJob


@dataclass
class FakeNixosInstaller:
    """Implements `NixosInstaller` over fake hosts. `done` does what a real one leaves there."""

    hosts: Hosts
    done: Callable[[NixosJob], None] = lambda _job: None
    lacks_nix: bool = False
    fails: HostError | None = None
    system: str | None = None
    """The store path of what it puts there."""
    jobs: list[NixosJob] = field(default_factory=list)

    def refuse_unable(self, way: NixosWay) -> None:
        if self.lacks_nix and way is NixosWay.ANYWHERE:
            raise ToolMissing("Nix", hint="capsule bootstrap")

    def install(self, job: NixosJob, *, heard: Callable[[str], None]) -> str | None:
        self.refuse_unable(job.way)
        with self.hosts.connect(job.target):
            if self.fails is not None:
                raise self.fails
            self.jobs.append(job)
        heard("Installing NixOS")
        self.done(job)
        return self.system
