"""Rehearsed machines whose power is cut, and what is left of them afterwards."""

import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from capsule_adapters.sandbox.hosts import SandboxMachines
from capsule_domain.errors import ConfigurationError, Conflict, HostUnreachable, NotFound
from tests.rehearsed import Room, open_room


@pytest.fixture(params=["folders", "bubblewrap"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    yield from open_room(request.param, tmp_path)


def test_off_it_refuses_and_on_again_it_is_as_it_was(room: Room) -> None:
    target = room.boot()
    room.run(target, "echo kept > ~/kept")
    room.machines.switch_off("1")
    room.machines.switch_off("1")
    with pytest.raises(HostUnreachable):
        room.run(target, "true")
    room.machines.switch_on("1")
    room.machines.switch_on("1")
    assert room.run(target, "cat ~/kept").stdout == "kept\n"


def beats(room: Room) -> bool:
    """Whether something still writes into ~/beat."""
    time.sleep(0.1)
    last = (room.disk() / "root/beat").read_text()
    time.sleep(0.2)
    return (room.disk() / "root/beat").read_text() != last


BEAT = "while :; do date +%s%N > ~/beat; sleep 0.02; done"


def test_with_the_connection_the_command_ends(room: Room) -> None:
    target = room.boot()
    with room.hosts.connect(target) as host, pytest.raises(HostUnreachable):
        host.run(BEAT, timeout_seconds=0.4)
    assert not beats(room)


def test_what_stays_in_the_background_ends_with_its_command(room: Room) -> None:
    room.run(room.boot(), f"({BEAT}) >/dev/null 2>&1 & sleep 0.3")
    assert not beats(room)


def test_when_the_sandbox_ends_so_does_every_command(room: Room) -> None:
    target = room.boot()
    with room.hosts.connect(target) as host, ThreadPoolExecutor(1) as waiting:
        running = waiting.submit(host.run, BEAT)
        while not (room.disk() / "root/beat").exists():
            time.sleep(0.02)
        room.machines.stop()
        assert isinstance(running.exception(10), HostUnreachable)
    assert not beats(room)


def test_cutting_the_power_ends_what_runs(room: Room) -> None:
    target = room.boot()
    with room.hosts.connect(target) as host:
        with pytest.raises(HostUnreachable):
            host.run(
                f"(setsid sh -c '{BEAT}' &) ; sleep 30",
                timeout_seconds=0.4,
            )
        room.machines.switch_off("1")
        with pytest.raises(HostUnreachable):
            host.run("true")
    assert not beats(room)


def test_a_reboot_goes_away_and_comes_back(room: Room) -> None:
    target = room.boot()
    room.run(target, "sudo reboot; sleep 0.05")
    deadline = time.monotonic() + 10
    away = back = False
    while not back and time.monotonic() < deadline:
        try:
            room.hosts.reach(target, timeout_seconds=1)
            back = away
        except HostUnreachable:
            away = True
        time.sleep(0.05)
    assert away
    assert float(room.run(target, "cat /proc/uptime").stdout.split()[0]) < 30


def test_machines_come_back_as_they_were(room: Room) -> None:
    on, off = room.boot("1"), room.boot("2")
    room.run(on, "echo kept > ~/kept")
    room.machines.switch_off("2")
    room.machines.stop()
    again = SandboxMachines(room.folder / "machines", isolation=room.isolation)
    again.start()
    assert room.run(on, "cat ~/kept").stdout == "kept\n"
    with pytest.raises(HostUnreachable):
        room.run(off, "true")
    again.switch_on("2")
    assert room.run(off, "echo in").stdout == "in\n"
    third = again.boot("3", name="new", public_keys=[], user_data="")
    assert third not in (on.address, off.address)
    again.stop()


def test_a_removed_machine_is_gone_with_its_disk(room: Room, tmp_path: Path) -> None:
    target = room.boot()
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    room.run(target, f"ln -s {outside} ~/link; mkdir ~/locked; echo x > ~/locked/x")
    room.run(target, "chmod 000 ~/locked")
    room.machines.remove("1")
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755
    room.machines.remove("1")
    assert not (room.folder / "machines/1").exists()
    assert target.address not in room.machines.ssh_config.read_text()
    with pytest.raises(NotFound):
        room.machines.switch_on("1")


def test_half_a_machine_can_be_removed_and_made_again(room: Room) -> None:
    (room.folder / "machines/1/disk").mkdir(parents=True)
    room.machines.start()
    room.machines.remove("1")
    assert room.run(room.boot("1"), "echo in").stdout == "in\n"


def test_an_id_is_used_once_and_is_no_path(room: Room) -> None:
    room.boot("1")
    with pytest.raises(Conflict):
        room.boot("1")
    for bad in ("../x", "", "a/b", ".", "x" * 200):
        with pytest.raises(ConfigurationError):
            room.machines.boot(bad, name="x", public_keys=[], user_data="")
