"""A person's desk with machines in memory that NixOS runs on, and configurations for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from capsule_adapters.nix.reading.modules import NixModules
from capsule_adapters.store.configurations import ConfigurationFolders
from capsule_domain.models.evaluated_system import Account, EvaluatedSystem, OpenPorts, SshServer
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.host import Target
from capsule_domain.ports.nixos_hosts import Machine
from tests.cli.running import Ran, capsule, wired
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.keys import FakeKeys
from tests.fakes.nix_systems import FakeNixSystems
from tests.fakes.nixos_hosts import FakeNixosHosts
from tests.fakes.nixos_machine import Behaviour, FakeNixosMachine, system_path
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.switch_journal import FakeSwitchJournal
from tests.fakes.system_builder import FakeSystemBuilder
from tests.xnodes import an_xnode

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEFubmEncyBrZXksIHdoaWNoIG9wZW5zIG5vdGhpbmc= anna"


def evaluated(host: str, **changes: Any) -> EvaluatedSystem:
    """A configuration that fits a fake machine in every respect."""
    fields: dict[str, Any] = {
        "host": host,
        "hostname": host,
        "system": "x86_64-linux",
        "release": "26.05",
        "state_version": "26.05",
        "ssh": SshServer(enabled=True, ports=(22,)),
        "firewall_enabled": True,
        "open_everywhere": OpenPorts(ports=(22,)),
        "accounts": {"root": Account(keys=(KEY,))},
        "boot_loader": "systemd-boot",
    }
    return EvaluatedSystem(**{**fields, **changes})


class Desk:
    """`add` makes a machine, which the person knows as `root@<name>` and as an xNode."""

    def __init__(self, home: Path) -> None:
        self.clock = FakeClock()
        self.hosts = FakeNixosHosts(self.clock)
        self.journal = FakeSwitchJournal()
        self.builder = FakeSystemBuilder(self._machine)
        self.inventory = FakeInventory()
        self.keys = FakeKeys()
        self.folders = ConfigurationFolders(home)
        self.choices = FakeChoices()
        self.ids = 0

    def add(self, name: str, behaviour: Behaviour | None = None, **changes: Any) -> XNode:
        """A machine that runs its first system; its configuration, and what that is built to."""
        machine = self.hosts.add(name, f"{name}.example")
        new = system_path(name, 2)
        public = self.keys.deploy_key(None).public_openssh
        accounts = {"root": Account(keys=(public, KEY))}
        self.builder.described[name] = evaluated(name, accounts=accounts)
        self.builder.built[name] = new
        self.builder.behaviours[new] = behaviour or Behaviour()
        self.builder.closures[machine.running] = {"nginx": "1.28.0", "linux": "6.12.58"}
        self.builder.closures[new] = {"nginx": "1.28.1", "linux": "6.12.58"}
        xnode = an_xnode(name, id=name, address=f"{name}.example", **changes)
        self.inventory.add(xnode)
        self.write(name)
        return xnode

    def write(self, name: str) -> None:
        """As `nixos generate` leaves it."""
        text = f'{{ networking.hostName = "{name}"; }}\n'
        self.folders.write(
            self.folders.folder(name),
            [RenderedFile(path="configuration.nix", text=text)],
            state_versions={"": "26.05"},
            force=False,
        )
        last = str(self.folders.folder(name))
        self.choices.save_settings(
            self.choices.settings().model_copy(update={"last_configuration": last})
        )

    def machine(self, name: str) -> FakeNixosMachine:
        """The machine itself."""
        return next(one for one in self.hosts.machines if one.name == name)

    def ends_in(self, name: str) -> str:
        """`old` or `new`, when it runs and starts that."""
        machine = self.machine(name)
        pair = {machine.running, machine.boots_into}
        numbers = {system_path(name, 1): "old", system_path(name, 2): "new"}
        return numbers[pair.pop()] if len(pair) == 1 else "mixed"

    def run(self, *arguments: str, answer: Callable[[str], str] | None = None) -> Ran:
        """A command line."""
        wiring = wired(
            clock=self.clock,
            nixos_hosts=self.hosts,
            switch_journal=self.journal,
            system_builder=self.builder,
            inventory=self.inventory,
            keys=self.keys,
            configurations=self.folders,
            choices=self.choices,
            module_reader=NixModules(),
            nix_systems=FakeNixSystems(),
            index=FakePackageIndex(),
            new_id=self._new_id,
        )
        return capsule("nixos", *arguments, wiring=wiring, answer=answer)

    def _new_id(self) -> str:
        self.ids += 1
        return f"{self.ids:010x}"

    def _machine(self, machine: Machine) -> FakeNixosMachine:
        if machine is None:
            assert self.hosts.here is not None
            return self.hosts.here
        address = machine.address if isinstance(machine, Target) else machine.host
        return next(one for one in self.hosts.machines if address in one.addresses)
