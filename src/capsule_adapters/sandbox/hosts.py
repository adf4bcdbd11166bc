"""The machines of the rehearsal cloud."""

import re
import threading
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncssh

from capsule_adapters.sandbox.cloud_init import FirstBoot, read_user_data
from capsule_adapters.sandbox.ground import HOST_KEY, Ground, Record
from capsule_adapters.sandbox.isolation import Isolation, best_isolation
from capsule_adapters.sandbox.machine import Machine
from capsule_adapters.ssh.loop import LoopThread
from capsule_adapters.store.files import make_private_folder, write_atomically
from capsule_domain.errors import ConfigurationError, Conflict, NotFound

SWITCH_SECONDS = 20.0
ADDRESSES = 250 * 250
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class SandboxMachines:
    """Implements `Machines`: each one an SSH server on loopback, each in its own folder.

    A machine answers to its 127.77.x.y by way of `ssh_config`, which maps the address to
    the port where it listens: that works where only 127.0.0.1 exists, too.
    """

    def __init__(self, folder: Path, *, isolation: Isolation | None = None) -> None:
        self._folder = folder
        self._isolation = isolation or best_isolation()
        self._loop = LoopThread("capsule-sandbox")
        self._lock = threading.RLock()
        self._machines: dict[str, Machine] = {}

    @property
    def ssh_config(self) -> Path:
        """The file, in OpenSSH's form, that leads from addresses to ports."""
        return self._folder / "ssh_config"

    @property
    def isolation(self) -> str:
        """How machines are kept apart: `bubblewrap` or `folders`."""
        return self._isolation.name

    def start(self) -> None:
        """Bring back the machines that were there, each as it was: on or off."""
        with self._lock:
            for place in sorted(self._folder.glob("*/machine.json")):
                ground = Ground(place.parent)
                record = ground.record()
                if record is not None and record.server_id not in self._machines:
                    self._isolation.sweep(ground)
                    machine = self._settle(ground, record)
                    if record.on:
                        self._call(machine.switch_on())
            self._write_ssh_config()

    def stop(self) -> None:
        """End every machine's processes; `start` brings them back as they were."""
        with self._lock:
            for machine in self._machines.values():
                self._call(machine.dismantle())
            self._machines.clear()
            self._loop.stop()

    def boot(self, server_id: str, *, name: str, public_keys: Sequence[str], user_data: str) -> str:
        """Make and start a machine; returns its address. Raises Conflict for an id in use."""
        with self._lock:
            ground = self._ground(server_id)
            if ground.folder.exists():
                raise Conflict(f"there is a machine {server_id} already")
            make_private_folder(self._folder)
            try:
                machine = self._build(ground, server_id, name, public_keys, user_data)
                self._call(machine.switch_on())
            except BaseException:
                self._machines.pop(server_id, None)
                ground.destroy()
                raise
            self._write_ssh_config()
            return machine.record.address

    def switch_on(self, server_id: str) -> None:
        """Start it again, as it was. Raises NotFound."""
        self._switch(server_id, on=True)

    def switch_off(self, server_id: str) -> None:
        """Cut the power. Raises NotFound."""
        self._switch(server_id, on=False)

    def remove(self, server_id: str) -> None:
        """Destroy it with its disk. Unknown is a success."""
        with self._lock:
            ground, machine = self._ground(server_id), self._machines.pop(server_id, None)
            if machine is not None:
                self._call(machine.dismantle())
            ground.destroy()  # half a machine, of a boot that was cut short, too
            self._write_ssh_config()

    def _switch(self, server_id: str, *, on: bool) -> None:
        with self._lock:
            machine = self._machines.get(server_id)
            if machine is None:
                raise NotFound("machine", server_id, known=self._machines)
            self._call(machine.switch_on() if on else machine.switch_off())
            machine.record = machine.record.model_copy(update={"on": on})
            machine.ground.keep(machine.record)

    def _build(
        self,
        ground: Ground,
        server_id: str,
        name: str,
        public_keys: Sequence[str],
        user_data: str,
    ) -> Machine:
        first = read_user_data(user_data)
        ground.prepare(server_id, name, user_data)
        ground.note("cloud-init.log", first.notes)
        _keep_host_key(ground, first)
        ground.settle_system(first.system)
        record = Record(
            server_id=server_id,
            name=name,
            address=self._free_address(),
            port=0,
            public_keys=(*public_keys, *first.authorized_keys),
            on=True,
        )
        return self._settle(ground, record)

    def _settle(self, ground: Ground, record: Record) -> Machine:
        """The machine of a record, still off; the record learns the port that it got."""
        machine = Machine(ground, record, self._isolation)
        machine.record = record.model_copy(update={"port": machine.port})
        ground.keep(machine.record)
        self._machines[record.server_id] = machine
        return machine

    def _ground(self, server_id: str) -> Ground:
        if not _ID.fullmatch(server_id):
            raise ConfigurationError(f"not an id for a machine: {server_id[:60]!a}")
        return Ground(self._folder / server_id)

    def _free_address(self) -> str:
        taken = {machine.record.address for machine in self._machines.values()}
        for number in range(ADDRESSES):
            address = f"127.77.{number // 250}.{number % 250 + 1}"
            if address not in taken:
                return address
        raise Conflict(f"all {ADDRESSES} addresses are in use")

    def _write_ssh_config(self) -> None:
        make_private_folder(self._folder)
        write_atomically(self.ssh_config, _ssh_config(self._machines).encode(), mode=0o600)

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        self._loop.call(work, timeout_seconds=SWITCH_SECONDS)


def _ssh_config(machines: Mapping[str, Machine]) -> str:
    entries = (
        f"Host {machine.record.address}\n  HostName 127.0.0.1\n  Port {machine.port}\n"
        for machine in machines.values()
    )
    return "# Written by Capsule's sandbox: where its machines listen.\n" + "".join(entries)


def _keep_host_key(ground: Ground, first: FirstBoot) -> None:
    private = first.host_key
    if private is None:
        private = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    public = asyncssh.import_private_key(private).export_public_key()
    file = ground.disk / HOST_KEY
    write_atomically(file, private.encode(), mode=0o600)
    write_atomically(file.with_name(f"{file.name}.pub"), public, mode=0o644)
