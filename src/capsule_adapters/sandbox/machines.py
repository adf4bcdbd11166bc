"""What stands behind a rehearsal cloud's servers."""

from collections.abc import Sequence
from typing import Protocol
from zlib import crc32


class Machines(Protocol):
    """Runs the machines that a simulated cloud rents out. Methods may be called from any thread."""

    def boot(self, server_id: str, *, name: str, public_keys: Sequence[str], user_data: str) -> str:
        """Make and start a machine; returns its IPv4 address, always a loopback one."""

    def switch_on(self, server_id: str) -> None:
        """Start it again; its disk and its host key are as they were."""

    def switch_off(self, server_id: str) -> None:
        """Cut the power: connections break, the disk stays."""

    def remove(self, server_id: str) -> None:
        """Destroy it with its disk. Unknown is a success."""


class NoMachines:
    """Addresses without machines, for tests of the API alone."""

    def boot(
        self,
        server_id: str,
        *,
        name: str,  # noqa: ARG002
        public_keys: Sequence[str],  # noqa: ARG002
        user_data: str,  # noqa: ARG002
    ) -> str:
        number = (int(server_id) if server_id.isdecimal() else crc32(server_id.encode())) % 64_000
        return f"127.77.{number // 250}.{number % 250 + 1}"

    def switch_on(self, server_id: str) -> None: ...

    def switch_off(self, server_id: str) -> None: ...

    def remove(self, server_id: str) -> None: ...
