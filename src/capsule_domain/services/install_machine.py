"""NixOS onto a machine that a person names: looked at, judged, told, put there, seen running."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from capsule_domain.errors import ConfigurationError, HostError, ToolMissing
from capsule_domain.models.endpoint import Endpoint
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.nixos_install import Installed, InstallPlan, NixosWay
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.host import Destination, KnownHosts, Target
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.machine_surveys import MachineSurveys
from capsule_domain.ports.nix_systems import Progress
from capsule_domain.ports.nixos_installer import NixosInstaller, NixosJob
from capsule_domain.ports.system_builder import SystemBuilder
from capsule_domain.services.apply_source import FindSource, HostSource
from capsule_domain.services.await_nixos import Awaited, AwaitNixos
from capsule_domain.services.fill_hardware import FillHardware
from capsule_domain.services.install_judge import as_live, judge_install, login_of
from capsule_domain.services.install_order import (
    Installing,
    InstallWish,
    refuse_unsafe_install,
)
from capsule_domain.services.install_preflight import disk_of, is_whole_disk, notes_on, way_onto
from capsule_domain.services.switch_findings import unlocked
from capsule_domain.services.ways_in import endpoints

SSH_PORT = 22
_UNJUDGED = "its configuration was not judged: that needs Nix and a nixpkgs here"


@dataclass(frozen=True)
class InstallMachine:
    """Two steps: `plan` changes nothing anywhere, `run` erases what the plan said."""

    surveys: MachineSurveys
    find: FindSource
    builder: SystemBuilder
    fill: FillHardware
    known_hosts: KnownHosts
    inventory: Inventory
    installer: Callable[[], NixosInstaller]
    seen: AwaitNixos
    new_id: Callable[[], str]

    def plan(
        self, machine: Target | Destination, wish: InstallWish, progress: Progress
    ) -> Installing:
        """Look at the machine in one round trip, and judge the configuration beside it.

        Raises ConfigurationError, ToolMissing, NotFound, UsageError, HostError; Conflict for a
        machine that runs NixOS already.
        """
        source = self._source(wish, progress)
        folder = source.order.source.flake
        if folder is None:
            raise ConfigurationError(
                f"{source.place}: no flake.nix, and NixOS is installed from a flake",
                hint="capsule nixos generate --flake",
            )
        survey = self.surveys.look(machine)
        chosen = way_onto(survey, machine)
        self.installer().refuse_unable(chosen.way)
        disk = disk_of(survey, wish.disk, chosen)
        fills = self.fill.is_wanted(folder)
        plan = InstallPlan(
            machine=machine.label,
            hostname=survey.hostname,
            system=survey.distribution or survey.system,
            memory_mib=survey.memory_mib,
            host=source.order.host,
            folder=folder,
            way=chosen.way,
            because=chosen.because,
            disk=disk.device if disk else None,
            disks=survey.disks,
            erased=disk.name if disk else None,
            whole_disk=disk is not None and is_whole_disk(survey),
            writes_hardware=fills,
            notes=tuple(notes_on(survey, chosen)),
        )
        asked = Installing(machine, wish, survey, source, chosen, disk, None, plan)
        return asked if fills else self._judged(asked, progress)

    def run(
        self, asked: Installing, *, progress: Progress, heard: Callable[[str], None]
    ) -> Installed:
        """Do it, and see the machine run it.

        Until the installer starts nothing is changed on the machine. Raises UnsafePlan for
        what speaks against it, HostError, OutcomeUnknown when the machine does not come back.
        """
        with self._met(asked) as target:
            if asked.plan.writes_hardware:
                heard("asking the machine for its hardware")
                self.fill.run(asked.plan, target, asked.survey, asked.disk)
                asked = self._judged(asked, progress)
            refuse_unsafe_install(asked.plan)
            system = self.installer().install(self._job(asked, target), heard=heard)
            heard("waiting until it runs NixOS")
            done = self._seen(asked, target, system)
        if asked.wish.xnode is not None:
            # Read anew: half an hour has passed.
            xnode = self.inventory.get(asked.wish.xnode.id, exact=True)
            self.inventory.update(_as_installed(xnode, done))
        return done

    def _seen(self, asked: Installing, target: Target, system: str | None) -> Installed:
        """Where its configuration puts it, as who has a key there."""
        declared = [one for one in asked.plan.endpoints if one.declared]
        now = Endpoint(address=target.address, port=target.port)
        address, port = (declared[0] if declared else now).place
        moved = {"address": address, "port": port, "user": asked.plan.login}
        awaited = Awaited(target.model_copy(update=moved), asked.plan.machine, asked.survey.boot_id)
        return Installed(
            machine=asked.plan.machine,
            host=asked.plan.host,
            way=asked.plan.way,
            system=self.seen.run(awaited, system),
            login=asked.plan.login,
            address=address,
            port=port,
        )

    def _source(self, wish: InstallWish, progress: Progress) -> HostSource:
        if wish.xnode is not None and wish.place is None and wish.host is None:
            return self.find.of_xnode(wish.xnode, wish.nixpkgs, progress)
        return self.find.named(wish.place, wish.host, wish.nixpkgs, progress)

    @contextmanager
    def _met(self, asked: Installing) -> Iterator[Target]:
        """The machine by the host keys that it told over a connection that was verified; one of
        ours by those that are pinned for it.
        """
        if isinstance(asked.machine, Target):
            yield asked.machine
            return
        alias = f"install-{self.new_id()}"
        session = asked.survey.session
        try:
            self.known_hosts.pin(alias, *asked.survey.host_keys)
        except ConfigurationError as error:
            raise HostError(f"{asked.plan.machine} has a host key that is none") from error
        try:
            yield Target(
                address=asked.machine.host,
                port=asked.machine.port or session.server_port,
                user=asked.survey.user,
                key_alias=alias,
                name=asked.plan.machine,
            )
        finally:
            self.known_hosts.forget(alias)

    def _judged(self, asked: Installing, progress: Progress) -> Installing:
        new = self._described(asked, progress)
        if new is None:
            notes = (*asked.plan.notes, _UNJUDGED)
            return replace(asked, plan=asked.plan.model_copy(update={"notes": notes}))
        found = judge_install(
            asked.survey,
            new,
            asked.chosen,
            asked.disk,
            leaks=asked.source.leaks,
            allowed=asked.wish.allowed,
        )
        live = as_live(asked.survey, new)
        update = {
            "findings": (*found, *unlocked(asked.source.order, new)),
            "login": login_of(asked.survey, new),
            "endpoints": tuple(endpoints(live, new, asked.machine)),
        }
        return replace(asked, new=new, plan=asked.plan.model_copy(update=update))

    def _described(self, asked: Installing, progress: Progress) -> EvaluatedSystem | None:
        """None where nothing here can evaluate it, and nothing here has to build it."""
        order = asked.source.order
        is_built_there = asked.chosen.way is NixosWay.IN_PLACE
        if order.nixpkgs is None and not order.source.locked:
            if is_built_there:
                return None
            raise ConfigurationError(
                "no nixpkgs is here to judge the configuration with: <nixpkgs> leads nowhere",
                hint=f"{order.source.how_to_pin}, or --nixpkgs FOLDER",
            )
        try:
            return self.builder.describe(order, None, progress)
        except ToolMissing:
            if is_built_there:
                return None
            raise

    def _job(self, asked: Installing, target: Target) -> NixosJob:
        # Where port 22 of the machine is led to from elsewhere, an installer is reached there.
        leads = target.port if asked.survey.session.server_port == SSH_PORT else SSH_PORT
        return NixosJob(
            way=asked.chosen.way,
            target=target,
            folder=asked.plan.folder,
            hostname=asked.plan.host,
            whole_disk=asked.plan.whole_disk,
            disk=asked.plan.disk,
            by_sudo=target.user != "root",
            installer_port=leads,
        )


def _as_installed(xnode: XNode, done: Installed) -> XNode:
    way_in = {"address": done.address, "ssh_port": done.port, "ssh_user": done.login}
    return xnode.model_copy(update={"os": OperatingSystem.NIXOS, **way_in})
