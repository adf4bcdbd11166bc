"""Rehearsed machines: real commands, kept apart, and away when the power is cut."""

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from capsule_adapters.probes.proc import cpu_percents, read_proc
from capsule_adapters.ssh.keys import SshKeys
from capsule_domain.errors import HostUnreachable
from capsule_domain.ports.host import Target
from capsule_domain.services.user_data import user_data
from tests.rehearsed import Room, open_room


@pytest.fixture(params=["folders", "bubblewrap"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    yield from open_room(request.param, tmp_path)


def test_a_command_sees_a_home_of_its_own_and_nothing_of_our_environment(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CAPSULE_SECRET", "AWS_SECRET_ACCESS_KEY", "DIGITALOCEAN_API_KEY", "MY_OWN"):
        monkeypatch.setenv(name, "environment sentinel")
    target = room.boot()
    done = room.run(target, "env; echo mine > ~/mine; echo t > $TMPDIR/t; pwd; cat ~/mine")
    assert "sentinel" not in done.stdout
    assert os.environ["HOME"] not in [line.split("=", 1)[-1] for line in done.stdout.splitlines()]
    assert (room.disk() / "root/mine").read_text() == "mine\n"
    assert (room.disk() / "tmp/t").read_text() == "t\n"
    assert done.stdout.endswith("mine\n")


def test_machines_have_homes_of_their_own(room: Room) -> None:
    first, second = room.boot("1", "web-1"), room.boot("2", "db-1")
    assert first.address != second.address
    room.run(first, "echo secret > ~/secret; echo secret > $TMPDIR/secret")
    assert room.run(second, "ls -A ~ $TMPDIR | grep -c secret").stdout.strip() == "0"
    assert room.run(second, "hostname").stdout == "db-1\n"
    assert "rehearsal" in room.run(second, "cat /etc/os-release").stdout


@pytest.mark.parametrize("room", ["bubblewrap"], indirect=True)
def test_in_bubblewrap_neither_our_files_nor_other_machines_are_to_be_seen(
    room: Room, tmp_path: Path
) -> None:
    (tmp_path / "ours").write_text("secret")
    first, second = room.boot("1"), room.boot("2")
    room.run(first, "echo secret > /root/secret")
    seen = room.run(
        second,
        f"cat {tmp_path}/ours {room.disk('1')}/root/secret; ls {tmp_path} {Path.home()}/.ssh;"
        " ls -A /root /home",
    )
    assert "secret" not in seen.stdout
    refused = room.run(second, "echo x > /usr/new; rm -rf /usr/bin; test -x /usr/bin/env")
    assert (refused.exit_code, Path("/usr/new").exists()) == (0, False)
    assert int(room.run(second, "ps ax | wc -l").stdout) < 10
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        dial = f"exec 3<>/dev/tcp/127.0.0.1/{port}"
        assert room.run(second, f'bash -c "{dial}"').exit_code != 0


def test_what_would_change_a_machine_is_noted_and_not_done(room: Room) -> None:
    target = room.boot()
    done = room.run(
        target,
        "sudo -n apt-get install -y nginx && nixos-rebuild switch && useradd eve && nix --version"
        " && mount /dev/sdz1 /mnt && kexec -l /boot/x",
    )
    assert done.exit_code == 0
    assert done.stdout == "nix (Nix) 2.28.3\n"
    log = (room.disk() / "var/log/rehearsal.log").read_text()
    for asked in ("apt-get install -y nginx", "nixos-rebuild switch", "useradd eve"):
        assert asked in log


def test_every_changing_program_is_the_simulators_own(room: Room) -> None:
    target = room.boot()
    names = (
        "sudo systemctl reboot shutdown poweroff halt nix nix-env nix-channel nixos-rebuild kexec"
        " apt apt-get dpkg mount umount useradd userdel mkfs.ext4 parted sysctl iptables df"
    )
    found = room.run(target, f"for name in {names}; do command -v $name; done").stdout.split()
    assert len(found) == len(names.split())
    ours = ("/opt/rehearsal/", f"{room.folder}/machines/1/programs/")
    assert [path for path in found if not path.startswith(ours)] == []


def test_services_are_remembered(room: Room) -> None:
    target = room.boot()
    assert room.run(target, "systemctl is-active ssh").stdout == "active\n"
    assert room.run(target, "systemctl is-active nginx").exit_code == 3
    room.run(target, "sudo systemctl enable --now nginx.service")
    assert room.run(target, "systemctl is-active --quiet nginx").exit_code == 0
    room.run(target, "systemctl stop nginx")
    assert room.run(target, "systemctl is-active nginx").stdout == "inactive\n"
    assert room.run(target, "systemctl start ../../x").exit_code == 1


def test_the_machines_own_figures_move(room: Room) -> None:
    target = room.boot()
    done = room.run(target, "head -n 1 /proc/stat; sleep 0.5; head -n 1 /proc/stat")
    before, after = done.stdout.splitlines()
    percent, _ = cpu_percents(read_proc(before), read_proc(after))
    assert percent is not None
    assert 0 < percent < 15
    assert float(room.run(target, "cat /proc/uptime").stdout.split()[0]) < 60
    assert "/dev/vda1" in room.run(target, "df -P -k -l").stdout
    assert "6451200" in room.run(target, "df -P -i").stdout


def test_the_figures_move_for_a_command_that_is_slow_to_begin(tmp_path: Path) -> None:
    for room in open_room("slow folders", tmp_path):
        target = room.boot()
        for _ in range(3):
            done = room.run(target, "head -n 1 /proc/stat; sleep 0.4; head -n 1 /proc/stat")
            before, after = done.stdout.splitlines()
            assert before != after


def test_only_root_with_a_key_that_was_given_gets_in(room: Room, tmp_path: Path) -> None:
    target = room.boot()
    stranger = SshKeys(tmp_path / "other").deploy_key()
    for changes in ({"user": "admin"}, {"private_key": stranger.private_path}):
        with pytest.raises(HostUnreachable, match="does not let"):
            room.run(target.model_copy(update=changes), "true")


def test_keys_in_user_data_get_in_too(room: Room, tmp_path: Path) -> None:
    other, theirs = SshKeys(tmp_path / "other").deploy_key(), room.keys.new_host_key()
    text = user_data(theirs).get_secret_value().rstrip().removesuffix("}")
    text += f', "ssh_authorized_keys": ["{other.public_openssh}"]}}\n'
    address = room.machines.boot("1", name="web-1", public_keys=[], user_data=text)
    room.known_hosts.pin("id-1", theirs.public_openssh)
    target = Target(address=address, key_alias="id-1", private_key=other.private_path)
    assert room.run(target, "echo in").stdout == "in\n"


def test_user_data_that_is_junk_is_ignored_and_logged(room: Room) -> None:
    room.machines.boot("1", name="web-1", public_keys=["not a key"], user_data="junk")
    assert "ignored" in (room.disk() / "var/log/cloud-init.log").read_text()


def test_secrets_of_a_machine_are_for_its_owner_alone(room: Room) -> None:
    room.boot()
    folder = room.folder / "machines"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("disk/etc/ssh/ssh_host_ed25519_key", "user-data", "machine.json"):
        assert stat.S_IMODE((folder / "1" / name).stat().st_mode) == 0o600


def test_a_signal_reaches_the_command_and_lets_it_act(room: Room) -> None:
    target = room.boot()

    async def interrupt() -> tuple[str, int | None]:
        async with asyncssh.connect(
            target.address,
            username="root",
            client_keys=[target.private_key],
            known_hosts=None,
            config=[str(room.machines.ssh_config)],
        ) as connection:
            process = await connection.create_process(
                "trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
            )
            assert await process.stdout.readline() == "ready\n"
            process.send_signal("TERM")
            line = await process.stdout.readline()
            await process.wait_closed()
            return line, process.exit_status

    assert asyncio.run(interrupt()) == ("caught\n", 7)


def test_a_shell_without_a_command_reads_its_input(room: Room) -> None:
    target = room.boot()

    async def converse() -> str:
        async with asyncssh.connect(
            target.address,
            username="root",
            client_keys=[target.private_key],
            known_hosts=None,
            config=[str(room.machines.ssh_config)],
        ) as connection:
            done = await connection.run(input="echo one\nhostname\nexit 3\n")
            return f"{done.stdout!s}{done.exit_status}"

    assert asyncio.run(converse()) == "one\nweb-1\n3"
