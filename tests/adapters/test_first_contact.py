"""The first contact with a real sshd, and with rehearsed machines."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from capsule_adapters.clock import SystemClock
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.errors import HostKeyChanged
from capsule_domain.models.xnode import FirstContact
from capsule_domain.ports.host import Target
from capsule_domain.services.first_contact import MeetMachine
from tests.fakes.inventory import FakeInventory
from tests.rehearsed import KINDS, Room, open_room
from tests.sshd import Sshd
from tests.tools import needs_tool
from tests.xnodes import an_xnode

SYSTEMCTL = """\
#!/bin/sh
# What systemd would do: `reload ssh`.
[ "$1 $2" = "reload ssh" ] && kill -HUP {pid}
"""


def test_a_real_sshd_refuses_who_holds_the_old_key_afterwards(tmp_path: Path) -> None:
    needs_tool("ssh-keygen")
    programs = tmp_path / "bin"
    programs.mkdir()
    with (
        Sshd(
            tmp_path / "sshd",
            host_key_name="ssh_host_ed25519_key",
            environment={"PATH": f"{programs}:{os.environ['PATH']}"},
        ) as sshd,
        closing(SshHosts(tmp_path / "known_hosts")) as hosts,
    ):
        (programs / "systemctl").write_text(SYSTEMCTL.format(pid=sshd.pid))
        (programs / "systemctl").chmod(0o755)
        known_hosts, inventory = KnownHostsFile(tmp_path / "known_hosts"), FakeInventory()
        node = an_xnode(
            "web-1",
            id="id1",
            address="127.0.0.1",
            ssh_port=sshd.port,
            ssh_user=sshd.user,
            ssh_key=sshd.private_key,
        )
        inventory.add(node)
        known_hosts.pin("id1", sshd.host_key)
        meet = MeetMachine(
            hosts, known_hosts, inventory, SystemClock(), ssh_folder=str(sshd.folder)
        )
        if sshd.user != "root":
            pytest.skip("missing tool: sudo without a password")
        known = meet.replace(node, lambda *_: None)
        assert known.first_contact is FirstContact.REPLACED
        (pinned,) = known_hosts.pinned("id1")
        target = Target(
            address="127.0.0.1",
            port=sshd.port,
            user=sshd.user,
            key_alias="id1",
            private_key=sshd.private_key,
        )
        assert pinned not in sshd.host_key
        assert hosts.shown_key(target) == pinned
        with hosts.connect(target) as host:
            assert host.run("echo in").stdout == "in\n"
        known_hosts.pin("id1", sshd.host_key)
        with pytest.raises(HostKeyChanged), hosts.connect(target):
            pass
        assert not list(sshd.folder.glob("capsule_new*"))
        assert (sshd.folder / "ssh_host_ed25519_key").stat().st_mode & 0o777 == 0o600


@pytest.fixture(params=[kind for kind in KINDS if kind != "slow folders"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    yield from open_room(request.param, tmp_path)


def test_a_rehearsed_machine_shows_the_key_that_it_made_over_restarts_too(room: Room) -> None:
    target = room.boot()
    (sent,) = room.known_hosts.pinned(target.key_alias)
    inventory = FakeInventory()
    node = an_xnode(
        "web-1", id=target.key_alias, address=target.address, ssh_key=target.private_key
    )
    inventory.add(node)
    meet = MeetMachine(room.hosts, room.known_hosts, inventory, SystemClock())
    with room.hosts.connect(target) as before:
        meet.replace(node, lambda *_: None)
        assert before.run("echo still in").stdout == "still in\n"
    (made,) = room.known_hosts.pinned(target.key_alias)
    assert made != sent
    assert room.hosts.shown_key(target) == made
    room.machines.switch_off("1")
    room.machines.switch_on("1")
    assert room.run(target, "cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.startswith(made)
    room.known_hosts.pin(target.key_alias, sent)
    with pytest.raises(HostKeyChanged), room.hosts.connect(target):
        pass
