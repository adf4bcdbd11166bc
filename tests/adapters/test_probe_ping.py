"""Echoes: by one socket where that is permitted, by a program, by TCP."""

import asyncio
import subprocess
import sys
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from capsule_adapters.probes.icmp import Echo, NotPermitted
from capsule_adapters.probes.ping import Pings, Way
from tests.tools import ROOT, needs_tool

T = TypeVar("T")

MANY = """\
import asyncio, time
from capsule_adapters.probes.icmp import ask_echoes

async def main():
    addresses = [f"127.1.{n // 250}.{n % 250 + 1}" for n in range(1000)]
    echoes = await asyncio.gather(*ask_echoes(addresses, 5.0).values())
    assert all(echo is not None and 0 <= echo < 5000 for echo in echoes), echoes
    others = ask_echoes(["203.0.113.1", "::1", "fd00::1", "web.example", "127.0.0.1"], 0.3)
    begun = time.monotonic()
    found = [await echo for echo in others.values()]
    assert [echo is not None for echo in found] == [False, True, False, False, True], found
    assert time.monotonic() - begun < 5
    # Two at once, who must not take each other's answers.
    pairs = [ask_echoes(addresses[:50], 5.0) for _ in range(2)]
    assert all([await echo is not None for pair in pairs for echo in pair.values()])

asyncio.run(main())
print("done")
"""
PERMITTED = "ip link set lo up && echo '0 0' >/proc/sys/net/ipv4/ping_group_range && exec \"$@\""


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def test_a_thousand_answer_over_one_socket_and_who_does_not_is_none() -> None:
    needs_tool("ip")
    enter = [needs_tool("unshare"), "--user", "--map-root-user", "--net", "sh", "-c"]
    if subprocess.run(
        [*enter, PERMITTED, "sh", "true"], capture_output=True, check=False
    ).returncode:
        pytest.skip("missing tool: a network namespace of its own is not permitted here")
    done = subprocess.run(
        [*enter, PERMITTED, "sh", sys.executable, "-W", "error", "-c", MANY],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


def forbidden(addresses: Sequence[str], seconds: float) -> Mapping[str, Echo]:
    raise NotPermitted("operation not permitted")


def program(folder: Path, body: str) -> str:
    """A `ping` of our own."""
    path = folder / "ping"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return str(path)


async def asked(pings: Pings, *addresses: str) -> dict[str, float | None]:
    return {address: await echo for address, echo in pings.ask(addresses, 0.3).items()}


def test_where_the_socket_is_forbidden_the_program_asks(tmp_path: Path) -> None:
    tool = program(
        tmp_path,
        'case "$*" in *192.0.2.1) echo "64 bytes from 192.0.2.1: icmp_seq=1 time=1.25 ms";; '
        '*) echo "1 packets transmitted, 0 received"; exit 1;; esac',
    )
    pings = Pings(echoes=forbidden, find=lambda _: tool)
    assert run(asked(pings, "192.0.2.1", "192.0.2.2")) == {"192.0.2.1": 1.25, "192.0.2.2": None}
    assert pings.way is Way.PROGRAM


@pytest.mark.parametrize("body", ["exec sleep 60", "echo time=fast ms", "exit 2"])
def test_a_program_that_hangs_or_talks_nonsense_is_no_answer(tmp_path: Path, body: str) -> None:
    tool = program(tmp_path, body)
    pings = Pings(echoes=forbidden, find=lambda _: tool)
    assert run(asked(pings, "192.0.2.1")) == {"192.0.2.1": None}


def test_without_a_program_nobody_is_asked_and_the_way_is_tcp() -> None:
    pings = Pings(echoes=forbidden, find=lambda _: None)
    assert run(asked(pings, "192.0.2.1")) == {}
    assert pings.way is Way.TCP


def test_where_an_echo_says_nothing_none_is_asked_for() -> None:
    pings = Pings(by_echo=False, find=lambda _: "/never/started")
    assert run(asked(pings, "127.0.0.1")) == {}
