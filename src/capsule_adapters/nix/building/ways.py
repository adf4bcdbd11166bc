"""The ways that Nix takes to other machines: the ssh that it starts, and their stores' names."""

import os
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import quote

from capsule_adapters.ssh.program import strict_options
from capsule_domain.errors import ToolMissing
from capsule_domain.ports.host import Destination, Target

MACHINE, BUILDER = "capsule-machine", "capsule-builder"
"""How machines are called for Nix. It never sees an address, a user, a port or a key."""

_ASK_NOTHING = ("-o", "BatchMode=yes")


@dataclass(frozen=True)
class SshWays:
    """Makes an `ssh` that knows machines by the names above.

    What Nix can be told of a way has no place for a port, for a path with blanks, or for two
    machines at once; and Nix prefers the ssh on PATH. `ssh_config` stands for the person's own
    file in the rehearsal, where `known_hosts` holds for a Destination too.
    """

    known_hosts: Path
    ssh_config: Path | None = None

    @contextmanager
    def open(
        self, environment: Mapping[str, str], machines: Mapping[str, Target | Destination]
    ) -> Iterator[Mapping[str, str]]:
        """The environment for Nix, while it is used. Raises ToolMissing."""
        path = environment.get("PATH", os.defpath)
        ssh = shutil.which("ssh", path=path)
        if ssh is None:
            raise ToolMissing("ssh", hint="install OpenSSH, such as: apt install openssh-client")
        with TemporaryDirectory(prefix="capsule-ways-") as folder:
            program = Path(folder, "ssh")
            program.write_text(self._script(ssh, machines))
            program.chmod(0o700)
            yield {**environment, "PATH": f"{folder}{os.pathsep}{path}"}

    def _script(self, ssh: str, machines: Mapping[str, Target | Destination]) -> str:
        names = "".join(
            f"    {name}) way={name} word={shlex.quote(_place(machine))} ;;\n"
            for name, machine in machines.items()
        )
        ways = "".join(
            f'  {name}) exec {shlex.join([ssh, *self._options(machine)])} "$@" ;;\n'
            for name, machine in machines.items()
        )
        return _SCRIPT.format(names=names, ways=ways)

    def _options(self, machine: Target | Destination) -> Sequence[str]:
        if isinstance(machine, Target):
            return [*_ASK_NOTHING, *strict_options(machine, self.known_hosts, self.ssh_config)]
        return [
            *_ASK_NOTHING,
            *("-o", "StrictHostKeyChecking=yes"),
            *self._rehearsed(),
            *(("-p", str(machine.port)) if machine.port is not None else ()),
        ]

    def _rehearsed(self) -> Sequence[str]:
        if self.ssh_config is None:
            return ()
        return ("-F", str(self.ssh_config), "-o", f"UserKnownHostsFile={self.known_hosts}")


_SCRIPT = """\
#!/bin/sh
# The ssh that Nix starts.
way=
for word; do
  shift
  case $word in
{names}  esac
  set -- "$@" "$word"
done
case $way in
{ways}esac
echo "ssh: this is no machine that Nix was sent to" >&2
exit 255
"""


def _place(machine: Target | Destination) -> str:
    if isinstance(machine, Target):
        return f"{machine.user}@{machine.address}"
    return f"{machine.user}@{machine.host}" if machine.user else machine.host


def store_of(name: str, nix: str) -> str:
    """The address of that machine's store. `nix` is its program's path there: where people do
    not log in to a shell, PATH may not have it; and the daemon stands beside it.
    """
    daemon = PurePosixPath(nix).with_name("nix-daemon")
    return f"ssh-ng://{name}?remote-program={quote(str(daemon))}"
