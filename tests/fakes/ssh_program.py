"""An `ssh` that is never run."""

from collections.abc import Sequence
from typing import NoReturn

from capsule_domain.errors import HostKeyChanged
from capsule_domain.ports.host import KnownHosts, Target


class Became(BaseException):
    """This process would be another program now."""


class FakeSshProgram:
    """Keeps what it was asked to run; `exit_code` is how every run ends."""

    def __init__(self, known_hosts: KnownHosts, exit_code: int = 0) -> None:
        self._known_hosts = known_hosts
        self.exit_code = exit_code
        self.ran: list[Sequence[str]] = []

    def command(self, target: Target, words: Sequence[str] = ()) -> Sequence[str]:
        if not self._known_hosts.pinned(target.key_alias):
            raise HostKeyChanged(f"no host key is known for {target.key_alias}")
        return ["ssh", f"{target.user}@{target.address}", *words]

    def become(self, command: Sequence[str]) -> NoReturn:
        self.ran.append(command)
        raise Became

    def run(self, command: Sequence[str]) -> int:
        self.ran.append(command)
        return self.exit_code
