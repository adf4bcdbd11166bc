"""What everything that boots machines does: the fake, and QEMU's program."""

from collections.abc import Callable
from pathlib import Path

import pytest

from capsule_adapters.nix.machines import QemuMachines
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.host import HostKey
from capsule_domain.ports.virtual_machines import VirtualMachines
from tests.fakes.hosts import FakeHosts
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.fakes.virtual_machines import FakeVirtualMachines


class _Qemu(QemuMachines):
    """With a `nix-build` that makes a program which waits."""

    def __init__(self, folder: Path) -> None:
        made = folder / "made" / "bin"
        made.mkdir(parents=True)
        for file, text in (
            (made / "run-web-1-vm", "exec sleep 60"),
            (folder / "nix-build", f"echo {folder / 'made'}"),
        ):
            file.write_text(f"#!/bin/sh\n{text}\n")
            file.chmod(0o755)
        environment = {"PATH": f"{folder}:/usr/bin:/bin"}
        super().__init__(environment=environment, places=(), gentle_seconds=0)


MAKERS: dict[str, Callable[[Path], VirtualMachines]] = {
    "fake": lambda _: FakeVirtualMachines(FakeHosts(FakeKnownHosts())),
    "qemu": _Qemu,
}


@pytest.fixture(params=MAKERS)
def machines(request: pytest.FixtureRequest, tmp_path: Path) -> VirtualMachines:
    return MAKERS[request.param](tmp_path)


def build(machines: VirtualMachines, login: HostKey) -> str:
    return machines.build(
        SystemsSource(files={"web-1": "/c/configuration.nix"}),
        None,
        nixpkgs="/srv/nixpkgs",
        authorized_key=login.public_openssh,
        progress=lambda *_: None,
    )


def test_it_says_whether_the_processor_helps(machines: VirtualMachines) -> None:
    assert machines.accelerated() in (True, False)


def test_a_machine_runs_until_the_end_of_the_block(machines: VirtualMachines) -> None:
    host_key, login = FakeKeys().new_host_key(), FakeKeys().new_host_key()
    program = build(machines, login)
    assert program.endswith("run-web-1-vm")
    with machines.boot(program, host_key=host_key, login=login) as machine:
        assert machine.ended() is None
        assert 1024 < machine.port < 65_536
        assert machine.user == "root"
        assert machine.private_key.startswith("/")


def test_two_at_a_time_have_ports_of_their_own(machines: VirtualMachines) -> None:
    host_key, login = FakeKeys().new_host_key(), FakeKeys().new_host_key()
    program = build(machines, login)
    with (
        machines.boot(program, host_key=host_key, login=login) as one,
        machines.boot(program, host_key=host_key, login=login) as other,
    ):
        assert one.port != other.port


def test_whatever_ends_the_block_comes_through(machines: VirtualMachines) -> None:
    host_key, login = FakeKeys().new_host_key(), FakeKeys().new_host_key()
    program = build(machines, login)
    with (
        pytest.raises(ZeroDivisionError),
        machines.boot(program, host_key=host_key, login=login),
    ):
        raise ZeroDivisionError
