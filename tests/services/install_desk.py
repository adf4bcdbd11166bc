"""A person's desk with a machine in memory that NixOS can be put on."""

from pathlib import Path
from typing import Any

from capsule_adapters.nix.reading.modules import NixModules
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_adapters.store.configurations import ConfigurationFolders
from capsule_cli.wiring import Wiring
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.models.nixos_install import Installed
from capsule_domain.ports.host import Destination
from capsule_domain.ports.nixos_installer import NixosJob
from capsule_domain.services.install_machine import InstallMachine
from capsule_domain.services.install_order import Installing, InstallWish
from tests.cli.running import wired
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.hardware_survey import FakeHardwareSurvey
from tests.fakes.hosts import FakeHosts, FakeMachine
from tests.fakes.inventory import FakeInventory
from tests.fakes.known_hosts import FakeKnownHosts
from tests.fakes.machine_surveys import UBUNTU, FakeMachineSurveys
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.nix_systems import FakeNixSystems
from tests.fakes.nixos_installer import FakeNixosInstaller
from tests.fakes.nixos_machine import FakeNixosMachine
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.system_builder import FakeSystemBuilder
from tests.services.lint import new

THERE = Destination(host="203.0.113.9", user="root")
SYSTEM = "/nix/store/00000000000000000000000000000000-nixos-system-web-1"
PLACEHOLDER = 'throw "hardware-configuration.nix is a placeholder. On the machine run: x"\n'
FITS: dict[str, Any] = {
    "root_device": "/dev/disk/by-label/nixos",
    "boot_loader": "grub",
    "grub_devices": ("/dev/disk/by-id/virtio-1",),
    "state_version": "26.05",
}


class InstallDesk:
    """The machine old-1 at 203.0.113.9, and the configuration of web-1, which fits it."""

    def __init__(self, home: Path, *, placeholder: bool = False) -> None:
        self.clock = FakeClock()
        self.known_hosts = FakeKnownHosts()
        self.hosts = FakeHosts(self.known_hosts)
        self.machine: FakeMachine = self.hosts.add("203.0.113.9", host_key=UBUNTU.host_keys[0])
        self.machine.answers = {"os-release": "ID=ubuntu\n", "boot_id": "boot-1\n"}
        self.surveys = FakeMachineSurveys({"203.0.113.9": UBUNTU})
        self.inventory = FakeInventory()
        self.hardware = FakeHardwareSurvey()
        self.renderer = FakeNixRenderer()
        self.builder = FakeSystemBuilder(_no_machine)
        self.builder.described["web-1"] = new(**FITS)
        self.installer = FakeNixosInstaller(self.hosts, self._becomes_nixos, system=SYSTEM)
        self.systems = FakeNixSystems()
        self.folders = ConfigurationFolders(home)
        self.choices = FakeChoices()
        self.ids = 0
        self.folder = self._write(placeholder=placeholder)

    @property
    def wiring(self) -> Wiring:
        return wired(
            clock=self.clock,
            known_hosts=self.known_hosts,
            inventory=self.inventory,
            hosts=self.hosts,
            machine_surveys=self.surveys,
            hardware_survey=self.hardware,
            renderer=self.renderer,
            system_builder=self.builder,
            nixos_installer=self.installer,
            configurations=self.folders,
            choices=self.choices,
            presets=BuiltinPresets(),
            module_reader=NixModules(),
            nix_systems=self.systems,
            index=FakePackageIndex(),
            new_id=self._new_id,
        )

    @property
    def service(self) -> InstallMachine:
        return self.wiring.install_machine()

    def plan(self, **wish: Any) -> Installing:
        """A look at the machine; nothing is changed."""
        return self.service.plan(THERE, InstallWish(**wish), _silent)

    def install(self, asked: Installing, heard: list[str] | None = None) -> Installed:
        """It is done."""
        told: list[str] = [] if heard is None else heard
        return self.service.run(asked, progress=_silent, heard=told.append)

    def describes(self, **changes: Any) -> None:
        """The configuration is another one, in some of it."""
        self.builder.described["web-1"] = new(**{**FITS, **changes})

    def _write(self, *, placeholder: bool) -> Path:
        texts = {
            "flake.nix": "{ }\n",
            "flake.lock": "{ }\n",
            "configuration.nix": '{ networking.hostName = "web-1"; }\n',
            "hardware-configuration.nix": PLACEHOLDER if placeholder else "{ }\n",
        }
        folder = self.folders.folder("web-1")
        files = [RenderedFile(path=path, text=text) for path, text in texts.items()]
        self.folders.write(folder, files, state_versions={"": "26.05"}, force=False)
        settings = self.choices.settings().model_copy(update={"last_configuration": str(folder)})
        self.choices.save_settings(settings)
        return folder

    def _becomes_nixos(self, _job: NixosJob) -> None:
        self.machine.answers = {
            "os-release": "ID=nixos\n",
            "boot_id": "boot-2\n",
            "/run/current-system": f"{SYSTEM}\n",
        }

    def _new_id(self) -> str:
        self.ids += 1
        return f"{self.ids:010x}"


def _silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


def _no_machine(_machine: object) -> FakeNixosMachine:
    raise AssertionError("no machine of NixOS is asked")
