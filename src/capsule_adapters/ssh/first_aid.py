"""The `FirstAid` port over SSH."""

import shlex
from collections.abc import Sequence
from importlib.resources import files

from capsule_domain.errors import CommandFailed, HostUnreachable, OutcomeUnknown
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.host import Completed, Hosts
from capsule_domain.services.alert_words import one_line
from capsule_domain.services.ready import target_of

_GRACE_SECONDS = 10.0
"""How much longer than its deadline is waited: the machine ends it, and then kills it."""
_OUT_OF_TIME = (124, 137)
_SAID_CHARS = 200


class SshFirstAid:
    """Helps over a fresh connection, with fixed scripts: what is helped with is their arguments."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def restart_unit(self, xnode: XNode, unit: str, *, deadline_seconds: float) -> None:
        """Restart a unit, and look whether it lasts."""
        command = ("sh", "-c", _script("restart_unit.sh"), "restart_unit", unit)
        self._help(xnode, command, deadline_seconds, f"restarting {unit}")

    def run(self, xnode: XNode, command: Sequence[str], *, deadline_seconds: float) -> None:
        """Run a program with its arguments."""
        self._help(xnode, command, deadline_seconds, one_line(command[0], _SAID_CHARS))

    def _help(
        self, xnode: XNode, command: Sequence[str], deadline_seconds: float, what: str
    ) -> None:
        root = () if xnode.ssh_user == "root" else ("sudo", "-n")
        seconds = f"{deadline_seconds:g}"
        words = (*root, "sh", "-c", _script("deadline.sh"), "deadline", seconds, *command)
        with self._hosts.connect(target_of(xnode)) as host:
            try:
                done = host.run(
                    shlex.join(words), timeout_seconds=deadline_seconds + _GRACE_SECONDS
                )
            except HostUnreachable as error:
                raise OutcomeUnknown(
                    f"{what} was begun, and nobody knows how it ended: {error.message}",
                    hint=error.hint,
                ) from error
        if done.exit_code != 0:
            raise CommandFailed(f"{what} {_ending(done, seconds)}")


def _script(name: str) -> str:
    return (files("capsule_adapters.ssh") / name).read_text("utf-8")


def _ending(done: Completed, seconds: str) -> str:
    if done.exit_code in _OUT_OF_TIME:
        return f"was ended after {seconds} s"
    how = "was ended by a signal" if done.exit_code == -1 else f"failed ({done.exit_code})"
    said = [line for line in done.stderr.splitlines() if line.strip()]
    return f"{how}: {one_line(said[-1], _SAID_CHARS)}" if said else how
