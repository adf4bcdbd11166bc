"""The program that starts a machine, played by a script: an sshd on loopback for the guest."""

import getpass
import os
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from capsule_adapters.clock import SystemClock
from capsule_adapters.nix.machines import QemuMachines
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.keys import SshKeys
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.store.configurations import ConfigurationFolders
from capsule_domain.errors import ConfigurationError, HostError, NixFailed
from capsule_domain.models.systems import SystemsSource
from capsule_domain.models.trial import Trial
from capsule_domain.ports.host import HostKey
from capsule_domain.services.try_configuration import TryConfiguration
from tests.fakes.nix_systems import FakeNixSystems
from tests.fakes.package_index import FakePackageIndex
from tests.nix.offline import offline_nix
from tests.nix.test_systems import NIXPKGS, fleet, silent
from tests.services.test_try_configuration import STACKS, enabled
from tests.tools import needs_tool

KEY = HostKey(private_openssh=SecretStr("private\n"), public_openssh="ssh-ed25519 AAAA")

# As QEMU does: forwards the port that it is told, to a guest with the keys of its folder.
GUEST = """#!/bin/sh
env > "{notes}/environment"; echo "$PWD" > "{notes}/folder"
port=$(expr "$QEMU_NET_OPTS" : 'hostfwd=tcp:127.0.0.1:\\([0-9]*\\)-:22$') || exit 9
ssh-keygen -y -f login > authorized_keys || exit 8
cat > sshd_config <<END
Port $port
ListenAddress 127.0.0.1
HostKey $PWD/xchg/host_key
PidFile none
AuthorizedKeysFile $PWD/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv PATH={programs}:/usr/bin:/bin
END
echo the console speaks
{sshd} -D -e -f "$PWD/sshd_config" &
echo $! > "{notes}/sshd"
wait
"""
PROGRAMS = {
    "systemctl": 'case $1 in is-active) echo active;; poweroff) kill $(cat "{notes}/sshd");; esac',
    "ss": "echo 'LISTEN 0 511 0.0.0.0:80 0.0.0.0:*'",
}


def script(file: Path, text: str) -> str:
    file.write_text(text)
    file.chmod(0o755)
    return str(file)


def guest(folder: Path) -> str:
    """A run-web-1-vm; what it saw is in `folder`/notes."""
    notes, programs = folder / "notes", folder / "programs"
    notes.mkdir()
    programs.mkdir()
    for name, text in PROGRAMS.items():
        script(programs / name, f"#!/bin/sh\n{text.format(notes=notes)}\n")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    sshd = needs_tool("sshd")
    return script(folder / "run-vm", GUEST.format(notes=notes, programs=programs, sshd=sshd))


def is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class _Built(QemuMachines):
    """Machines whose program is there already: what Nix builds is another test's."""

    program = ""

    def build(self, *_given: object, **_more: object) -> str:
        return self.program


def run(folder: Path, program: str, *, gentle_seconds: float = 5, **how: Any) -> Trial:
    """The whole road, but for Nix and QEMU."""
    machines = _Built(
        environment=dict(os.environ), user=getpass.getuser(), gentle_seconds=gentle_seconds
    )
    machines.program = program
    (folder / "web-1").mkdir()
    (folder / "web-1" / "configuration.nix").write_text("{ }")
    home = folder / "home"
    known_hosts = KnownHostsFile(home / "known_hosts")
    with closing(SshHosts(home / "known_hosts", secluded=True)) as hosts:
        service = TryConfiguration(
            configurations=ConfigurationFolders(home),
            reader=enabled("webserver"),
            index=FakePackageIndex(),
            systems=FakeNixSystems(),
            machines=machines,
            hosts=hosts,
            keys=SshKeys(home / "ssh"),
            known_hosts=known_hosts,
            clock=SystemClock(),
            stacks=lambda: STACKS,
            new_id=lambda: "1",
        )
        try:
            return service.run(str(folder / "web-1"), progress=silent, **how)
        finally:
            assert list(known_hosts.pinned("vm-1")) == []


def test_a_machine_is_booted_looked_at_and_gone(tmp_path: Path) -> None:
    trial = run(tmp_path, guest(tmp_path))
    assert trial.ok
    assert [check.name for check in trial.checks] == ["ssh", "nginx.service", "80", "443"]
    notes = tmp_path / "notes"
    lines = (notes / "environment").read_text().splitlines()
    seen = dict(line.split("=", 1) for line in lines if "=" in line)
    scratch = Path((notes / "folder").read_text().strip())
    assert not scratch.exists()
    assert seen["NIX_DISK_IMAGE"] == f"{scratch}/disk.qcow2"
    assert (seen["TMPDIR"], seen["USE_TMPDIR"]) == (str(scratch), "1")
    assert not is_running(int((notes / "sshd").read_text()))


def test_one_that_ends_at_once_is_told_with_what_it_said_last(tmp_path: Path) -> None:
    program = script(tmp_path / "run-vm", "#!/bin/sh\necho no such machine >&2; exit 3\n")
    trial = run(tmp_path, program)
    assert trial.checks[0].detail == "the machine ended by itself: exit code 3, no such machine"


def test_one_that_hangs_is_ended_with_all_that_it_started_and_nothing_else(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "60"])
    text = f'#!/bin/sh\ntrap "" TERM\nsleep 60 & echo $! > "{tmp_path}/child"\nwait\n'
    try:
        trial = run(
            tmp_path, script(tmp_path / "run-vm", text), timeout_seconds=1, gentle_seconds=0
        )
        assert "no SSH within 1 s" in trial.checks[0].detail
        assert not is_running(int((tmp_path / "child").read_text()))
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_an_interrupt_ends_it_without_waiting(tmp_path: Path) -> None:
    machines = QemuMachines()
    program = script(tmp_path / "run-vm", "#!/bin/sh\nsleep 60\n")
    began = time.monotonic()
    booted = machines.boot(program, host_key=KEY, login=KEY)
    machine = booted.__enter__()
    assert machine.ended() is None
    keys = Path(machine.private_key)
    assert keys.stat().st_mode & 0o077 == 0
    assert keys.parent.stat().st_mode & 0o077 == 0
    assert not booted.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert time.monotonic() - began < 10
    assert not keys.parent.exists()


def test_each_machine_has_a_port_of_its_own_on_loopback(tmp_path: Path) -> None:
    machines = QemuMachines(gentle_seconds=0)
    program = script(tmp_path / "run-vm", "#!/bin/sh\nsleep 60\n")
    with (
        machines.boot(program, host_key=KEY, login=KEY) as one,
        machines.boot(program, host_key=KEY, login=KEY) as other,
    ):
        assert one.port != other.port
        with socket.socket() as free:
            free.bind(("127.0.0.1", one.port))  # nobody else had it


def test_a_program_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(HostError, match="does not start"),
        QemuMachines().boot(str(tmp_path / "none"), host_key=KEY, login=KEY),
    ):
        pass


def test_whether_the_processor_helps_is_whether_kvm_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "kvm").touch()
    assert QemuMachines(kvm=tmp_path / "kvm").accelerated()
    assert not QemuMachines(kvm=tmp_path / "none").accelerated()


def build(machines: QemuMachines, source: SystemsSource, host: str | None = None) -> str:
    key = "ssh-ed25519 AAAA'\"${x}"
    return machines.build(source, host, nixpkgs=NIXPKGS, authorized_key=key, progress=silent)


def test_the_key_is_in_the_machine_that_is_built_and_not_in_the_configuration(
    tmp_path: Path,
) -> None:
    needs_tool("nix-build")
    environment = {**os.environ, **offline_nix(tmp_path)}
    source = fleet(tmp_path, ['{ host = "a"; }', '{ host = "b"; }'])
    machines = QemuMachines(environment=environment)
    program = Path(build(machines, source, "h01"))
    assert program.name == "run-b-vm"
    assert "ssh-ed25519 AAAA" in program.read_text()
    assert "/tmp/xchg/host_key" in program.read_text()
    assert not any("AAAA" in Path(file).read_text() for file in source.files.values())
    with pytest.raises(NixFailed, match="which of the hosts is meant"):
        build(machines, source)


@pytest.mark.parametrize(
    "said",
    [
        "error: a 'x86_64-linux' with features {kvm} is required to build '/nix/store/x.drv'",
        "error: unable to download 'https://cache': Could not resolve host",
    ],
)
def test_without_a_builder_or_a_network_it_says_where_to_go(tmp_path: Path, said: str) -> None:
    script(tmp_path / "nix-build", f'#!/bin/sh\necho "{said}" >&2\nexit 1\n')
    machines = QemuMachines(environment={"PATH": f"{tmp_path}:/usr/bin:/bin"}, places=())
    with pytest.raises(ConfigurationError) as caught:
        build(machines, SystemsSource())
    assert "capsule nixos test on a machine" in (caught.value.hint or "")
