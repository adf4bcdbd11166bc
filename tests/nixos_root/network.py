"""A network of a machine's own: two ends of a cable, one of them in its namespace."""

import os
import secrets
import socket
import subprocess
from contextlib import suppress

import pytest

from tests.tools import needs_tool


def spare_port() -> int:
    """One that nobody listens on, and that no program is given by chance."""
    while True:
        port = 15000 + secrets.randbelow(17000)
        with socket.socket() as chosen, suppress(OSError):
            chosen.bind(("127.0.0.1", port))
            return port


class Network:
    """`address` is the machine's, `gateway` ours. Skips the test where it cannot be made."""

    def __init__(self) -> None:
        self._ip = needs_tool("ip")
        needs_tool("nft")
        if os.geteuid() != 0:
            pytest.skip("missing tool: a network of its own can only be made by root")
        mark = secrets.token_hex(3)
        self._name, self._ours, self._theirs = f"capsule-{mark}", f"cap{mark}a", f"cap{mark}b"
        block = secrets.randbelow(2**15)  # 198.18.0.0/15 is for such tries, and for no one
        first = f"198.{18 + block // 2**14}.{block % 2**14 // 64}.{block % 64 * 4}"
        stem, _, last = first.rpartition(".")
        self.gateway, self.address = f"{stem}.{int(last) + 1}", f"{stem}.{int(last) + 2}"
        self._make()

    @property
    def prefix(self) -> tuple[str, ...]:
        """Before a command that is to run in it."""
        return (self._ip, "netns", "exec", self._name)

    def close(self) -> None:
        """Take it away; both ends of the cable go with the namespace."""
        self._try("link", "del", self._ours)
        self._try("netns", "del", self._name)

    def _make(self) -> None:
        made = (
            self._try("netns", "add", self._name)
            and self._try("link", "add", self._ours, "type", "veth", "peer", "name", self._theirs)
            and self._try("link", "set", self._theirs, "netns", self._name)
            and self._try("addr", "add", f"{self.gateway}/30", "dev", self._ours)
            and self._try("link", "set", self._ours, "up")
            and self._inside("addr", "add", f"{self.address}/30", "dev", self._theirs)
            and self._inside("link", "set", self._theirs, "up")
            and self._inside("link", "set", "lo", "up")
        )
        if not made:
            self.close()
            pytest.skip("missing tool: this kernel allows no network namespaces")

    def _inside(self, *arguments: str) -> bool:
        return self._try("-n", self._name, *arguments)

    def _try(self, *arguments: str) -> bool:
        done = subprocess.run([self._ip, *arguments], capture_output=True, check=False)
        return done.returncode == 0
