"""The `SshProgram` port: OpenSSH's `ssh`, which trusts what we have pinned and nothing else."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from capsule_adapters.processes import interrupts_left_to_a_child
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.errors import ToolMissing
from capsule_domain.ports.host import Target

SIGNALLED = 128
"""A shell's exit code for what a signal ended is this and the signal's number."""


def ssh_command(
    program: str,
    target: Target,
    words: Sequence[str],
    *,
    known_hosts: Path,
    ssh_config: Path | None = None,
) -> list[str]:
    """The command line. `ssh_config` stands for the person's own file where it is given."""
    options = strict_options(target, known_hosts, ssh_config)
    return [program, *options, "-l", target.user, "--", target.address, *words]


def strict_options(
    target: Target, known_hosts: Path, ssh_config: Path | None = None
) -> Sequence[str]:
    """What ssh is told before the name of a machine of ours: its pinned key and no other.

    A port other than 22 was chosen by someone; 22 leaves it to the file, as in every login.
    """
    options = {
        "HostKeyAlias": target.key_alias,
        "UserKnownHostsFile": _quoted(str(known_hosts)),
        "GlobalKnownHostsFile": "none",
        "KnownHostsCommand": "none",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "VerifyHostKeyDNS": "no",
        "CheckHostIP": "no",
        "ControlPath": "none",  # a connection that is open was verified by somebody else
        "ServerAliveInterval": "15",
    }
    if target.private_key is not None:
        key = str(Path(target.private_key).expanduser())
        options |= {"IdentityFile": _quoted(key), "IdentitiesOnly": "yes"}
    told = ["-F", str(ssh_config)] if ssh_config else []
    for name, value in options.items():
        told += ["-o", f"{name}={value}"]
    return [*told, "-p", str(target.port)] if target.port != 22 else told


def _quoted(path: str) -> str:
    """A path as ssh reads it in an option: a blank would end it, `%` begins a token."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


class SystemSsh:
    """Implements the `SshProgram` port. `ssh_config` None: the person's own, as ever."""

    def __init__(self, known_hosts: Path, ssh_config: Path | None = None) -> None:
        self._known_hosts = known_hosts
        self._ssh_config = ssh_config

    def command(self, target: Target, words: Sequence[str] = ()) -> Sequence[str]:
        """The command line that logs in, or runs `words`."""
        program = shutil.which("ssh")
        if program is None:
            raise ToolMissing("ssh", hint="install OpenSSH, such as: apt install openssh-client")
        if not KnownHostsFile(self._known_hosts).pinned(target.key_alias):
            from capsule_adapters.ssh.refusals import no_key_known

            raise no_key_known(target, self._known_hosts)
        return ssh_command(
            program, target, words, known_hosts=self._known_hosts, ssh_config=self._ssh_config
        )

    def become(self, command: Sequence[str]) -> NoReturn:
        """Replace this process."""
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and so would ssh
        os.execv(command[0], list(command))  # noqa: S606  (no shell: the words are a list)

    def run(self, command: Sequence[str]) -> int:
        """As a child; Ctrl-C is meant for it alone."""
        with interrupts_left_to_a_child():
            code = subprocess.run(list(command), check=False).returncode
        return SIGNALLED - code if code < 0 else code
