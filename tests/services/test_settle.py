"""From a login to a machine that can be used: each step, its patience and its words."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from capsule_domain.errors import (
    CommandFailed,
    HostError,
    HostKeyChanged,
    HostUnreachable,
    NixFailed,
)
from capsule_domain.models.deployment import DeploymentState
from capsule_domain.models.hardware import Firmware, Hardware
from capsule_domain.models.nixos import GeneratedConfiguration
from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.xnode import FirstContact, XNode
from capsule_domain.ports.host import Completed, Target
from capsule_domain.services.apply_profile import ProfileApplied
from capsule_domain.services.deploy import Deploy
from capsule_domain.services.first_contact import MeetMachine, ReplaceHostKey
from capsule_domain.services.install_nixos import InstallNixos
from capsule_domain.services.nixos_way import SurveyFor, choose_way
from capsule_domain.services.plant import Plant
from capsule_domain.services.ready import Ready
from capsule_domain.services.settle import (
    AwaitSystem,
    CloudInitDone,
    HealthGreen,
    SystemAsAsked,
    XnodeosInstalled,
)
from tests.fakes.hardware_survey import FakeHardwareSurvey
from tests.fakes.monitor import FakeMonitor
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.nixos_installer import FakeNixosInstaller
from tests.fakes.offers import DEFAULT_OFFERS
from tests.fakes.plots import (
    FakeGreenhouse,
    FakeMachineState,
    FakeNixInstallers,
    FakePlots,
    FakeSeeds,
)
from tests.fakes.provider import CAPABILITIES
from tests.services.renting import ADDRESS, Street

NIXOS = "NAME=NixOS\nID=nixos\n"


class Road(Street):
    """A street whose deploys go all the way."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.monitor = FakeMonitor(self.clock)
        self.installer = FakeNixosInstaller(self.hosts, lambda _job: self.answer(NIXOS))
        self.generated: list[tuple[NixosWay, str]] = []
        self.state = FakeMachineState()
        self.plots = FakePlots(**{"web-1": self.state})

    def answer(self, os_release: str) -> None:
        self.machine.answers = {**self.machine.answers, "os-release": os_release}

    def ready(self) -> Ready:
        meet = MeetMachine(self.hosts, self.known_hosts, self.inventory, self.clock)
        plain = Ready(self.hosts, self.inventory, self.clock, 300.0, meet.learn)
        system = AwaitSystem(self.hosts, self.clock, plain.wait_for_address)
        install = InstallNixos(
            self.hosts, self.journal, self._generate, lambda: self.installer, system
        )
        return replace(
            plain,
            steps=(
                CloudInitDone(self.hosts),
                XnodeosInstalled(system),
                ReplaceHostKey(meet),
                install,
                SystemAsAsked(self.hosts),
                ProfileApplied(lambda: self.plant, self.wants, self.clock),
                HealthGreen(self.monitor, self.clock),
            ),
        )

    @property
    def plant(self) -> Plant:
        return Plant(
            self.plots,
            FakeGreenhouse(self.plots),
            FakeSeeds(),
            FakeNixInstallers(),
            FakeNixRenderer(),
            self.clock,
        )

    def wants(self, profile: str) -> Environment:
        one = Profile(name=profile, packages=("htop",))
        return Environment(profile=one, stacks=(), packages=one.packages, python_packages=())

    def deploy(self) -> Deploy:
        return replace(super().deploy(), ready=self.ready())

    def goes(self, os: OperatingSystem = OperatingSystem.STOCK) -> XNode:
        return self.run(self.plan(profile="prod").model_copy(update={"os": os}))

    def steps(self) -> list[str]:
        return [event.step for event in self.events]

    def _generate(self, way: NixosWay, node: XNode) -> GeneratedConfiguration:
        self.generated.append((way, node.provider))
        return GeneratedConfiguration(
            hostname=node.name,
            folder=str(PurePosixPath("/home/nixos") / node.name),
            release="26.05",
            state_version="26.05",
            profile="prod",
            files=(),
        )


def test_a_stock_machine_is_ready_after_every_step() -> None:
    road = Road()
    node = road.goes()
    assert node.first_contact is FirstContact.REPLACED
    assert road.journal.list()[0].state is DeploymentState.READY
    assert road.steps()[-11:] == [
        *("entered", "cloud-init", "host key made", "host key replaced"),
        *("system", "profile", "profile", "profile", "profile applied", "health", "ready"),
    ]


def test_a_profile_that_could_not_be_planted_is_gone_on_with() -> None:
    road = Road()
    road.state.breaks_at = "build"
    with pytest.raises(NixFailed, match="the server runs and is billed"):
        road.goes()
    assert road.journal.list()[0].state is DeploymentState.BOOTED
    assert "health" not in road.steps()
    road.state.breaks_at = None
    road.deploy().finish(road.inventory.get("web-1"))
    assert road.journal.list()[0].state is DeploymentState.READY
    assert road.steps()[-3:] == ["profile applied", "health", "ready"]


def test_an_image_without_cloud_init_is_not_waited_for() -> None:
    road = Road()
    absent = Completed(exit_code=127, stdout="", stderr="")
    road.machine.answers = {**road.machine.answers, "command -v cloud-init": absent}
    road.goes()
    assert "cloud-init" not in road.steps()


def test_a_cloud_init_that_failed_is_told_and_the_machine_is_kept() -> None:
    road = Road()
    failed = Completed(exit_code=1, stdout="....\nstatus: error\n", stderr="")
    road.machine.answers = {**road.machine.answers, "cloud-init status": failed}
    with pytest.raises(CommandFailed, match=r"failed \(status: error\).*billed") as caught:
        road.goes()
    assert "keep it" in (caught.value.hint or "")
    assert road.journal.list()[0].state is DeploymentState.BOOTED


def test_a_cloud_init_that_could_make_up_for_something_goes_on() -> None:
    road = Road()
    degraded = Completed(exit_code=2, stdout="\nstatus: done\n", stderr="")
    road.machine.answers = {**road.machine.answers, "cloud-init status": degraded}
    road.goes()
    assert road.steps()[-1] == "ready"


def test_nixos_is_installed_by_the_way_that_is_told_and_seen_afterwards() -> None:
    road = Road()
    node = road.goes(OperatingSystem.NIXOS)
    [job] = road.installer.jobs
    assert (job.way, job.hostname, job.folder) == (NixosWay.IN_PLACE, "web-1", "/home/nixos/web-1")
    assert road.generated == [(NixosWay.IN_PLACE, "fakecloud")]
    told = [(event.step, event.detail) for event in road.events]
    assert (
        "nixos",
        "in-place: 1 GiB of memory are too little for an installer to start in",
    ) in told
    assert ("system", "nixos") in told
    assert ("profile", "prod is in its configuration") in told
    # The host key was replaced before, so that the installation carries the new one over.
    steps = road.steps()
    assert steps.index("host key replaced") < steps.index("nixos")
    assert node.first_contact is FirstContact.REPLACED


def test_going_on_with_a_machine_that_is_nixos_installs_nothing() -> None:
    road = Road()
    node = road.goes(OperatingSystem.NIXOS)
    road.deploy().finish(node)
    assert len(road.installer.jobs) == 1


def test_an_installer_of_nixos_is_no_nixos_yet() -> None:
    road = Road()
    road.answer(f"{NIXOS}VARIANT_ID=installer\n")
    road.goes(OperatingSystem.NIXOS)
    assert len(road.installer.jobs) == 1


def test_a_machine_that_comes_back_elsewhere_is_found() -> None:
    road = Road()

    def moves(_job: object) -> None:
        road.answer(NIXOS)
        road.hosts.machines["127.77.9.9", 22] = road.hosts.machines.pop((ADDRESS, 22))
        [server] = road.cloud.servers_by_id.values()
        road.cloud.servers_by_id[server.server_id] = server.model_copy(
            update={"address": "127.77.9.9"}
        )

    road.installer.done = moves
    node = road.goes(OperatingSystem.NIXOS)
    assert node.address == road.inventory.get("web-1").address == "127.77.9.9"


def test_a_machine_that_never_becomes_nixos_is_told() -> None:
    road = Road()
    road.installer.done = lambda _job: None
    with pytest.raises(HostUnreachable, match="did not become nixos in 30 minutes: web-1 runs"):
        road.goes(OperatingSystem.NIXOS)


def test_an_installation_that_fails_is_told_as_it_is() -> None:
    road = Road()
    road.installer.fails = CommandFailed("nixos-anywhere failed (1): no room")
    with pytest.raises(CommandFailed, match="no room"):
        road.goes(OperatingSystem.NIXOS)
    assert road.journal.list()[0].state is DeploymentState.BOOTED


def becomes_xnode(road: Road, after: int, then: Callable[[], None]) -> None:
    """After so many looks the installer is done."""
    looks = iter(range(after))

    def look(_stdin: str) -> Completed:
        if next(looks, None) is None:
            then()
            return Completed(exit_code=0, stdout=NIXOS, stderr="")
        return Completed(exit_code=0, stdout="ID=ubuntu\n", stderr="")

    road.machine.answers = {
        "is-active --quiet xnode-manager": "",
        **road.machine.answers,
        "os-release": look,
    }


def test_an_xnode_is_waited_for_and_its_host_key_replaced_on_the_installed_system() -> None:
    road = Road()
    becomes_xnode(road, 3, lambda: None)
    ready = road.ready()
    plan = road.plan(profile="prod").model_copy(update={"os": OperatingSystem.XNODEOS})
    node = replace(road.deploy(), ready=ready).finish(rented(road, plan))
    steps = road.steps()
    assert "entered" not in steps
    assert "cloud-init" not in steps
    assert steps.index("waiting for xnodeos") < steps.index("host key made")
    assert node.first_contact is FirstContact.REPLACED
    assert ("system", "XnodeOS, and its manager runs") in [(e.step, e.detail) for e in road.events]


def rented(road: Road, plan: object) -> XNode:
    """As `Rent` leaves it, without the owner that a true request for XnodeOS needs."""
    stock = plan.model_copy(update={"os": OperatingSystem.STOCK})  # type: ignore[attr-defined]
    node = road.deploy().rent.run(stock).model_copy(update={"os": OperatingSystem.XNODEOS})
    road.inventory.update(node)
    return node


def test_while_an_xnode_installs_itself_another_key_is_waited_out_and_never_entered() -> None:
    road = Road()
    becomes_xnode(road, 0, lambda: None)
    node = rented(road, road.plan())
    road.machine.host_key = road.keys.new_host_key().public_openssh
    with pytest.raises(HostKeyChanged, match="did not become xnodeos in 45 minutes"):
        road.deploy().finish(node)
    assert road.machine.commands == []


def test_an_xnode_without_its_manager_is_none() -> None:
    road = Road()
    becomes_xnode(road, 0, lambda: None)
    stopped = Completed(exit_code=3, stdout="", stderr="")
    road.machine.answers = {**road.machine.answers, "is-active --quiet xnode-manager": stopped}
    with pytest.raises(HostError, match="the manager of web-1 does not run"):
        road.deploy().finish(rented(road, road.plan()))


def test_a_machine_that_is_not_well_is_not_ready() -> None:
    road = Road()
    road.monitor.unreachable["0000000001"] = "no answer"
    with pytest.raises(HostUnreachable, match=r"is unhealthy .*no answer.*billed"):
        road.goes()
    assert road.journal.list()[0].state is DeploymentState.BOOTED


@pytest.mark.parametrize(
    ("provider", "memory_mib", "image", "way"),
    [
        ("aws", 1024, True, NixosWay.IMAGE),
        ("equinix", 8192, True, NixosWay.ANYWHERE),
        ("vultr", 1535, False, NixosWay.IN_PLACE),
        ("vultr", 1536, False, NixosWay.ANYWHERE),
    ],
)
def test_each_way_has_its_reason(
    provider: str, memory_mib: int, *, image: bool, way: NixosWay
) -> None:
    offer = DEFAULT_OFFERS[0].model_copy(update={"provider": provider, "memory_mib": memory_mib})
    chosen = choose_way(offer, CAPABILITIES.model_copy(update={"nixos_image": image}))
    assert chosen.way is way
    assert chosen.because


def known_as(way: NixosWay, provider: str, firmware: Firmware) -> Hardware:
    told = Hardware(
        origin="itself", was_told=True, firmware=firmware, disk="/dev/sdb", swaps=("/swap",)
    )
    target = Target(address="192.0.2.1", key_alias="x")
    machines = FakeHardwareSurvey()
    machines.machines["web"] = told
    survey = SurveyFor(machines, way, provider)
    [(_, found)] = survey.look({"web": target})
    assert isinstance(found, Hardware)
    return found


def test_hardware_is_known_as_it_will_be() -> None:
    anew = known_as(NixosWay.ANYWHERE, "vultr", Firmware.BIOS)
    assert (anew.firmware, anew.disk, anew.swaps) == (Firmware.HYBRID, "/dev/sdb", ())
    assert {mount.place for mount in anew.mounts} == {"/", "/boot"}
    assert known_as(NixosWay.ANYWHERE, "vultr", Firmware.UEFI).firmware is Firmware.UEFI
    assert known_as(NixosWay.IN_PLACE, "vultr", Firmware.BIOS).swaps == ("/swap",)
    assert known_as(NixosWay.IMAGE, "aws", Firmware.BIOS).has_own_loader
    assert known_as(NixosWay.ANYWHERE, "linode", Firmware.BIOS).has_own_loader
