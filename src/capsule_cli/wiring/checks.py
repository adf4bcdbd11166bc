"""Everything that `doctor` looks at, over the real ports."""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from capsule_adapters.doctor import clouds, machine, nix, privacy, ssh, state
from capsule_adapters.doctor.check import Check, SideBySide
from capsule_domain.services.environment import ManageProfile

if TYPE_CHECKING:
    from capsule_cli.wiring.clouds import CloudPorts
    from capsule_domain.ports.clock import Clock
    from capsule_domain.ports.host import KnownHosts
    from capsule_domain.ports.inventory import Inventory
    from capsule_domain.ports.nix_environment import NixEnvironment
    from capsule_domain.ports.nix_tool import NixTool
    from capsule_domain.ports.presets import Presets
    from capsule_domain.ports.search_path import SearchPath
    from capsule_domain.ports.settings import Choices

_CLOUD_SECONDS = 15.0
_DATABASE_SECONDS = 30.0


class Ports(Protocol):
    """What the checks ask."""

    @property
    def clock(self) -> "Clock": ...
    @property
    def nix(self) -> "NixTool": ...
    @property
    def choices(self) -> "Choices": ...
    @property
    def presets(self) -> "Presets": ...
    @property
    def inventory(self) -> "Inventory": ...
    def known_hosts(self) -> "KnownHosts": ...
    def nix_environment(self) -> "NixEnvironment": ...
    def search_path(self) -> "SearchPath": ...
    @property
    def clouds(self) -> "CloudPorts": ...


def examination(ports: Ports, home: Path, environment: Mapping[str, str]) -> SideBySide:
    """The checks of this machine, this home and these clouds."""
    profiles = ManageProfile(ports.choices, ports.presets)
    return SideBySide(
        [
            Check("python", machine.python),
            Check("terminal", partial(machine.terminal, getattr(sys.stdout, "encoding", None))),
            Check("path", lambda: machine.path(ports.nix_environment(), ports.search_path())),
            Check("nix", lambda: nix.nix(ports.nix)),
            Check("nix-store", lambda: nix.nix_store(ports.nix, environment)),
            Check("configuration", lambda: state.configuration(ports.choices, profiles.show)),
            Check("state", partial(state.databases, home), _DATABASE_SECONDS),
            Check("permissions", partial(privacy.permissions, home)),
            Check("disk", partial(machine.disk, _folders(home))),
            Check("ssh", partial(ssh.ssh, environment)),
            Check("ssh-agent", partial(ssh.ssh_agent, environment)),
            Check("ssh-keys", lambda: ssh.ssh_keys(environment, home, ports.choices)),
            Check(
                "known-hosts",
                lambda: ssh.known_hosts(home, lambda: ports.inventory, ports.known_hosts()),
            ),
            *(_cloud(ports, name) for name in ports.clouds.providers()),
            _clock(ports),
            Check("sandbox", machine.sandbox),
        ]
    )


def _folders(home: Path) -> list[tuple[Path, float, float]]:
    """Where room is needed, with the GiB for a warning and for an error."""
    folders = [(home, 1.0, 0.1)]
    store = Path("/nix/store")
    return [*folders, (store, 10.0, 1.0)] if store.is_dir() else folders


def _clock(ports: Ports) -> Check:
    return Check(
        "clock",
        lambda: clouds.clock(
            ports.clouds.configured, ports.clouds.endpoint, clouds.http_head, ports.clock
        ),
        _CLOUD_SECONDS,
        online=True,
    )


def _cloud(ports: Ports, name: str) -> Check:
    return Check(
        "cloud",
        lambda: clouds.cloud(
            name, ports.clouds.configured, ports.clouds.provider, ended=ports.clouds.ended(name)
        ),
        _CLOUD_SECONDS,
        online=True,
        subject=name,
    )
