"""A room of rehearsed machines, and the way into them."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_adapters.sandbox.ground import Ground
from capsule_adapters.sandbox.hosts import SandboxMachines
from capsule_adapters.sandbox.isolation import Folders, Isolation, Launch, best_isolation
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.keys import SshKeys
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.ports.host import Completed, Target
from capsule_domain.services.user_data import user_data
from tests.tools import needs_tool


@dataclass
class Room:
    """Machines, and the way into them."""

    folder: Path
    machines: SandboxMachines
    keys: SshKeys
    known_hosts: KnownHostsFile
    hosts: SshHosts
    isolation: Isolation

    def boot(self, server_id: str = "1", name: str = "web-1") -> Target:
        ours, theirs = self.keys.deploy_key(), self.keys.new_host_key()
        address = self.machines.boot(
            server_id,
            name=name,
            public_keys=[ours.public_openssh],
            user_data=user_data(theirs).get_secret_value(),
        )
        self.known_hosts.pin(f"id-{server_id}", theirs.public_openssh)
        return Target(address=address, key_alias=f"id-{server_id}", private_key=ours.private_path)

    def run(self, target: Target, command: str) -> Completed:
        with self.hosts.connect(target, timeout_seconds=5) as host:
            return host.run(command, timeout_seconds=10)

    def disk(self, server_id: str = "1") -> Path:
        return self.folder / "machines" / server_id / "disk"


def bubblewrap() -> Isolation:
    needs_tool("bwrap")
    isolation = best_isolation()
    if isolation.name != "bubblewrap":
        pytest.skip("bubblewrap is installed, but this machine does not let it work")
    return isolation


class SlowFolders(Folders):
    """Folders whose commands take their time to come to life, as on a busy machine."""

    def launch(self, ground: Ground, hostname: str, command: str | None) -> Launch:
        time.sleep(0.25)
        return super().launch(ground, hostname, command)


KINDS: dict[str, Callable[[], Isolation]] = {
    "folders": Folders,
    "slow folders": SlowFolders,
    "bubblewrap": bubblewrap,
}


def open_room(kind: str, folder: Path) -> Iterator[Room]:
    """A room whose machines are kept apart as `KINDS` say."""
    isolation = KINDS[kind]()
    machines = SandboxMachines(folder / "machines", isolation=isolation)
    known_hosts = KnownHostsFile(folder / "known_hosts")
    with closing(SshHosts(folder / "known_hosts", machines.ssh_config)) as hosts:
        yield Room(folder, machines, SshKeys(folder / "ssh"), known_hosts, hosts, isolation)
    machines.stop()
