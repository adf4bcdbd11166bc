"""Generate a whole fleet: one flake, with a host for each living xNode."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.nixos import GeneratedFleet, NixosRequest
from capsule_domain.models.profile import Environment
from capsule_domain.ports.configurations import SINGLE, Configurations
from capsule_domain.ports.nix_renderer import NixRenderer
from capsule_domain.ports.settings import Choices
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.generate import generated, marked, of_machine, remember
from capsule_domain.services.machine_of_xnode import Machine, MachinesOfXNodes
from capsule_domain.services.nixos_wish import GrantWish, Wish
from capsule_domain.services.refuse_secrets import refuse_secrets


@dataclass(frozen=True)
class GenerateFleet:
    """Renders every xNode with its own profile, and writes all of it or nothing."""

    profiles: ManageProfile
    renderer: NixRenderer
    configurations: Configurations
    choices: Choices
    machines: MachinesOfXNodes
    grant: GrantWish = field(default_factory=GrantWish)

    def run(
        self,
        wish: Wish,
        *,
        output: str | None = None,
        force: bool = False,
        dry_run: bool = False,
        progress: Callable[[str], None] = lambda _: None,
    ) -> GeneratedFleet:
        """Write the fleet; `wish` is what all hosts have in common.

        An xNode without a profile of its own has that of the wish. Raises what generating
        one host raises, and ConfigurationError when there is no xNode.
        """
        machines = self.machines.all(progress)
        if not machines:
            raise ConfigurationError(
                "there is no xNode that a fleet could be made of",
                hint="capsule openmesh deploy --name NAME",
            )
        folder = self.configurations.fleet_folder(output)
        requests = list(self._requests(wish, machines, dict(self._first(folder, machines))))
        files = [marked(file, wish.part) for file in self.renderer.fleet(requests)]
        refuse_secrets(files)
        written = [file.path for file in files]
        if not dry_run:
            versions = {r.hostname: r.state_version or r.release for r in requests}
            written = list(
                self.configurations.write(folder, files, state_versions=versions, force=force)
            )
            remember(self.choices, folder)
        paired = zip(requests, machines, strict=True)
        return GeneratedFleet(
            folder=str(folder),
            release=wish.release,
            hosts=tuple(generated(r, folder / "hosts" / r.hostname, (), (), m) for r, m in paired),
            files=tuple(written),
            kept=tuple(path for path in (f.path for f in files) if path not in set(written)),
            remarks=tuple(machine.remark for machine in machines if machine.remark),
        )

    def _requests(
        self, wish: Wish, machines: Sequence[Machine], first: dict[str, str]
    ) -> Iterator[NixosRequest]:
        """Each profile is resolved once, however many machines have it."""
        environments: dict[str | None, Environment] = {}
        for machine in machines:
            own = machine.xnode.profile or wish.profile
            if own not in environments:
                environments[own] = self.profiles.show(own)
            request = self.grant.request(
                of_machine(wish, machine),
                environments[own],
                hardware=machine.hardware,
                host_key=machine.host_key,
            )
            version = first.get(request.hostname, request.release)
            yield request.model_copy(update={"state_version": version})

    def _first(self, folder: PurePath, machines: Sequence[Machine]) -> Iterator[tuple[str, str]]:
        """The release that each host began with: in this fleet, or by itself before."""
        here = self.configurations.state_versions(folder)
        for name in (machine.xnode.name for machine in machines):
            alone = self.configurations.state_versions(self.configurations.folder(name))
            first = here.get(name) or alone.get(SINGLE)
            if first is not None:
                yield name, first
