"""What is done with a rented machine until it is ready, over a wiring's ports."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from capsule_domain.services.apply_profile import ProfileApplied
from capsule_domain.services.first_boot import PrepareBoot
from capsule_domain.services.first_contact import MeetMachine, ReplaceHostKey
from capsule_domain.services.install_nixos import InstallNixos
from capsule_domain.services.machine_of_xnode import MachinesOfXNodes
from capsule_domain.services.nixos_way import SurveyFor
from capsule_domain.services.ready import Ready
from capsule_domain.services.settle import (
    AwaitSystem,
    CloudInitDone,
    HealthGreen,
    SystemAsAsked,
    XnodeosInstalled,
)

if TYPE_CHECKING:
    from capsule_cli.wiring.nixos_services import NixosServices
    from capsule_domain.models.nixos import GeneratedConfiguration
    from capsule_domain.models.nixos_install import NixosWay
    from capsule_domain.models.xnode import XNode
    from capsule_domain.ports.settings import OpenmeshSettings


def prepare_boot(wiring: "NixosServices", settings: "OpenmeshSettings") -> PrepareBoot:
    """What new servers start from."""
    return PrepareBoot(settings, lambda way: wiring.nixos_installer().refuse_unable(way))


def ready(wiring: "NixosServices", settings: "OpenmeshSettings") -> Ready:
    """Every step to a machine that can be used, in its order."""
    hosts, inventory, clock = wiring.hosts(), wiring.inventory(), wiring.clock()
    meet = MeetMachine(hosts, wiring.known_hosts(), inventory, clock)
    plain = Ready(
        hosts=hosts,
        inventory=inventory,
        clock=clock,
        timeout_seconds=settings.ready_timeout_seconds,
        learn=meet.learn,
    )
    system = AwaitSystem(hosts, clock, plain.wait_for_address)
    steps = (
        CloudInitDone(hosts),
        XnodeosInstalled(system),
        ReplaceHostKey(meet),
        InstallNixos(
            hosts, wiring.journal(), partial(_generate, wiring), wiring.nixos_installer, system
        ),
        SystemAsAsked(hosts),
        ProfileApplied(wiring.plant, wiring.manage_profile().show, clock),
        HealthGreen(wiring.monitor(), clock),
    )
    return replace(plain, steps=steps)


def _generate(wiring: "NixosServices", way: "NixosWay", xnode: "XNode") -> "GeneratedConfiguration":
    """As `nixos generate --xnode` does it, for a machine as that way leaves it."""
    survey = SurveyFor(wiring.hardware_survey(), way, xnode.provider)
    machines = MachinesOfXNodes(wiring.inventory(), wiring.keys(), survey, wiring.known_hosts())
    return replace(wiring.generate(), machines=lambda: machines).run(xnode=xnode.name)
