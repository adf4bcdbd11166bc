"""The client's half of the fault matrix: in every case the machine ends in the old or the new
system, reachable, and what was said agrees with that.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import asyncssh
import pytest

from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.models.evaluated_system import SshServer
from tests.nixos_root import Behaviour
from tests.switching.client import Strike
from tests.switching.scene import ALIAS, Came, Scene
from tests.tools import needs_tool

AT_ONCE = 4
CALLS = 11
"""How many calls of the machine an apply takes that nothing happens to."""

Case = Callable[[Path], Came]


def struck(strike: Strike, folder: Path) -> Came:
    with Scene(folder, Behaviour(seconds_after=0.5)) as scene:
        scene.over_the_wire()
        return scene.apply(strike=strike)


def behaving(behaviour: Behaviour, code: int, folder: Path, *words: str) -> Came:
    with Scene(folder, behaviour) as scene:
        return _expected(code, scene.apply(*words))


def moved(folder: Path) -> Came:
    """SSH moves, and is confirmed where it is then; the next command goes there."""
    with Scene(folder) as scene:
        port = scene.root.spare_port()
        scene.facts["ssh"] = SshServer(enabled=True, ports=(port,))
        scene.new = scene.root.add_system("moved", Behaviour(ssh_port=port))
        return _expected(0, scene.apply())


def moved_unsaid(folder: Path) -> Came:
    """SSH moves, and the configuration does not say where to."""
    with Scene(folder) as scene:
        port = scene.root.spare_port()
        scene.new = scene.root.add_system("moved", Behaviour(ssh_port=port))
        return _expected(9, scene.apply())


def moved_away(folder: Path) -> Came:
    """The machine has another address, and is known there by the same key."""
    with Scene(folder) as scene:
        address = "127.0.0.5"
        scene.facts["static_addresses"] = {"lo": (f"{address}/8",)}
        scene.new = scene.root.add_system("moved", Behaviour(address=address))
        return _expected(0, scene.apply())


def by_sudo(folder: Path) -> Came:
    with Scene(folder, user="deploy") as scene:
        return _expected(0, scene.apply())


def asking(folder: Path) -> Came:
    """The new system's sudo asks for a password."""
    with Scene(folder, Behaviour(sudo_free=False), user="deploy") as scene:
        return _expected(9, scene.apply())


def another_host(folder: Path) -> Came:
    with Scene(folder, hostname="quite-another") as scene:
        came = scene.apply()
        return _expected(5, came, () if "begin" not in came.calls else ("it began",))


def another_key(folder: Path) -> Came:
    """Somebody else answers; nothing is begun, and once he is gone all is as it was."""
    with Scene(folder) as scene:
        known = KnownHostsFile(scene.home / "known_hosts")
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        known.pin(ALIAS, other.strip())
        process = scene.start(*scene.words)
        scene.wait_until(lambda: process.poll() is not None)
        known.pin(ALIAS, scene.root.host_key)
        return _expected(8, scene.judge(process))


def greeted(folder: Path) -> Came:
    """A banner in ~/.bashrc, and a clock that is an hour ahead."""
    with Scene(folder) as scene:
        scene.root.path("/root/.bashrc").write_text("echo WELCOME; echo to vm >&2\n")
        date = scene.root.path("/nix/store/system-path/date")
        date.unlink()
        date.write_text(f'#!/bin/sh\nexec {needs_tool("date")} -d "+1 hour" "$@"\n')
        date.chmod(0o755)
        return _expected(0, scene.apply())


def two_at_once(folder: Path) -> Came:
    """Both end; the machine came to what the one said that was let in, whichever that is."""
    with Scene(folder, Behaviour(seconds_after=2)) as scene:
        both = [scene.start(*scene.words), scene.start(*scene.words)]
        scene.wait_until(lambda: all(one.poll() is not None for one in both))
        both.sort(key=lambda one: one.returncode)
        codes = [one.returncode for one in both]
        came = scene.judge(both[0])
        said = both[1].communicate()[1]
        wrong = [] if codes in ([0, 0], [0, 5]) else [f"they ended with {codes}: {said[-300:]}"]
        return Came(codes[0], came.ends_in, [*came.disagreements, *wrong])


def signalled(numbers: Sequence[int], code: int, folder: Path) -> Came:
    """While it is activated."""
    with Scene(folder, Behaviour(seconds_after=4)) as scene:
        process = scene.start(*scene.words)
        scene.wait_for("follow")
        for number in numbers:
            process.send_signal(number)
            time.sleep(1)
        return _expected(code, scene.judge(process))


def without_power(call: str, folder: Path) -> Came:
    with Scene(folder, Behaviour(seconds_after=1)) as scene:
        process = scene.start(*scene.words)
        scene.wait_for(call)
        scene.root.power_cut()
        time.sleep(2)
        scene.root.boot()
        return scene.judge(process)


def restarted(behaviour: Behaviour, code: int, folder: Path) -> Came:
    with Scene(folder, behaviour) as scene:
        return _expected(code, scene.apply("--via-reboot"))


def going_back(folder: Path) -> Came:
    """To the second generation, which becomes the profile's; none is made."""
    with Scene(folder) as scene:
        scene.root.add_generation(scene.new)
        scene.root.point_profile(1)
        words = ("--generation", "2", "--xnode", "vm", "--yes")
        came = _expected(0, scene.judge(scene.start("nixos", "rollback", *words)))
        more = [] if sorted(scene.root.generations()) == [1, 2] else ["it made a generation"]
        return Came(came.code, came.ends_in, [*came.disagreements, *more])


def walled(folder: Path) -> Came:
    """A firewall that keeps the connections that there are, and refuses new ones."""
    with Scene(folder, Behaviour(firewall_closed=True), network=True) as scene:
        return _expected(9, scene.apply())


def _expected(code: int, came: Came, more: Sequence[str] = ()) -> Came:
    wrong = [] if came.code == code else [f"ended with {came.code}, not {code}"]
    return Came(came.code, came.ends_in, [*came.disagreements, *more, *wrong], came.calls)


def strikes() -> dict[str, Case]:
    """At each call, before and after: the client killed, the connection cut."""
    found: dict[str, Case] = {}
    for nth in range(1, CALLS + 1):
        for after in (False, True):
            when = f"{'after' if after else 'before'} call {nth}"
            found[f"killed {when}"] = partial(struck, Strike(nth=nth, after=after))
            for seconds in (0, 4, 25):
                cut = Strike(nth=nth, after=after, how="cut", outage_seconds=seconds)
                found[f"cut off for {seconds} s {when}"] = partial(struck, cut)
    return found


SCENES: dict[str, Case] = {
    "SSH moves to another port": moved,
    "the machine moves to another address": moved_away,
    "a user with sudo": by_sudo,
    "SSH moves, and nobody declared it": moved_unsaid,
    "sshd is broken": partial(behaving, Behaviour(sshd="broken"), 9),
    "sshd is off": partial(behaving, Behaviour(sshd="off"), 9),
    "our key is lost": partial(behaving, Behaviour(keys_kept=False), 9),
    "sudo asks": asking,
    "activation fails": partial(behaving, Behaviour(activation_exit=2), 9),
    "units fail": partial(behaving, Behaviour(failed_units=("web.service",)), 9),
    "another host": another_host,
    "another host key": another_key,
    "a banner and a wrong clock": greeted,
    "two at once": two_at_once,
    "interrupted": partial(signalled, [signal.SIGINT], 130),
    "interrupted twice": partial(signalled, [signal.SIGINT, signal.SIGINT], 12),
    "terminated": partial(signalled, [signal.SIGTERM], 143),
    "a restart into it": partial(restarted, Behaviour(), 0),
    "a restart into one without our key": partial(
        restarted, Behaviour(keys_kept=False, guarded=True), 9
    ),
    "back to a generation": going_back,
    "power lost while it is begun": partial(without_power, "begin"),
    "power lost while it is activated": partial(without_power, "follow"),
    "power lost while it is confirmed": partial(without_power, "confirm"),
}


def carried_out(cases: dict[str, Case], folder: Path) -> list[str]:
    """The disagreements of all; the cases and what came of them are printed."""

    def one(number: int, name: str) -> tuple[str, Came]:
        place = folder / str(number)
        place.mkdir()
        return name, cases[name](place)

    wrong = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, came in pool.map(one, range(len(cases)), cases):
            sys.stdout.write(f"{name}: exit {came.code}, {came.ends_in}\n")
            found = [f"{name}: {what}" for what in came.disagreements]
            sys.stdout.writelines(f"  {what}\n" for what in found)
            wrong += found
    sys.stdout.write(f"{len(cases)} cases, {len(wrong)} disagreements\n")
    return wrong


def test_a_client_that_is_killed_or_cut_off_leaves_a_machine_that_agrees_with_the_word(
    tmp_path: Path,
) -> None:
    cases: dict[str, Case] = {
        "killed after it has begun": partial(struck, Strike(nth=4, after=True)),
        "cut off before the confirmation": partial(struck, Strike(nth=9, how="cut")),
        "SSH moves to another port": moved,
    }
    assert carried_out(cases, tmp_path) == []


@pytest.mark.full
def test_whatever_happens_to_the_client_the_word_agrees_with_the_machine(tmp_path: Path) -> None:
    assert carried_out({**strikes(), **SCENES}, tmp_path) == []


@pytest.mark.full
@pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own takes root")
def test_a_firewall_that_refuses_new_connections_is_gone_back_from(tmp_path: Path) -> None:
    needs_tool("nft")
    assert carried_out({"a firewall": walled}, tmp_path) == []
