"""nixos-anywhere, driven: its command line, and an ssh that lets it into our machine alone."""

import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from capsule_adapters.installers.child import Child, TooMuchOutput
from capsule_adapters.installers.nixos.wrapping import with_disk
from capsule_adapters.nix.process import INSTALL_HINT, find_program
from capsule_domain.errors import CommandFailed, HostUnreachable, ToolMissing
from capsule_domain.ports.host import Hosts, KnownHosts
from capsule_domain.ports.nixos_installer import NixosJob

if TYPE_CHECKING:
    from collections.abc import Iterator

NIXOS_ANYWHERE = "github:nix-community/nixos-anywhere/1.13.0"
INSTALL_SECONDS = 5400.0
_STEP = "### "
_KEPT_LINES = 5

# The disk below the root; where the root is in memory, as in an installer, the first one.
_ROOT_DISK = """\
root=$(findmnt -nro SOURCE /)
case $root in
  /dev/*) disk=$(lsblk -nro PKNAME "$root" | head -n 1) && echo "/dev/${disk:-${root#/dev/}}" ;;
  *) lsblk -dnro NAME,TYPE | while read -r name kind; do
      [ "$kind" = disk ] && echo "/dev/$name" && break
    done ;;
esac
"""


def anywhere_words(nix: str, flake: Path, job: NixosJob) -> Sequence[str]:
    """The command line. What is built is built here where it can be, else on the machine.

    An installer that is started there listens at port 22, wherever that leads from.
    """
    target = job.target
    key = ("-i", target.private_key) if target.private_key else ()
    port = job.installer_port
    later = ("--post-kexec-ssh-port", str(port)) if port != 22 else ()
    return (
        *(nix, "--extra-experimental-features", "nix-command flakes"),
        *("run", NIXOS_ANYWHERE, "--"),
        *("--flake", f"{flake}#{job.hostname}"),
        *("--target-host", f"{target.user}@{target.address}"),
        *("--ssh-port", str(target.port)),
        *later,
        *key,
        "--copy-host-keys",
        *("--build-on", "auto"),
    )


def system_words(nix: str, flake: Path, hostname: str) -> Sequence[str]:
    """The command line that tells the store path of what is to be built."""
    return (
        *(nix, "--extra-experimental-features", "nix-command flakes"),
        *("eval", "--raw"),
        f'{flake}#nixosConfigurations."{hostname}".config.system.build.toplevel.outPath',
    )


def strict_ssh(ssh: str, known_hosts: Path, alias: str, ssh_config: Path | None) -> str:
    """A program `ssh` that enters one machine, by its pinned key.

    nixos-anywhere tells ssh to take any host key, before whatever it is told itself. ssh
    holds to what it was told first, and nixos-anywhere prefers the ssh on PATH to its own.
    """
    words = (
        ssh,
        *(("-F", str(ssh_config)) if ssh_config else ()),
        *("-o", "StrictHostKeyChecking=yes"),
        *("-o", f"UserKnownHostsFile={known_hosts}"),
        *("-o", "GlobalKnownHostsFile=/dev/null"),
        *("-o", f"HostKeyAlias={alias}"),
        *("-o", "BatchMode=yes"),
    )
    return f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'


@dataclass(frozen=True)
class Anywhere:
    """Installs by nixos-anywhere. `environment` is what it runs with."""

    hosts: Hosts
    known_hosts: KnownHosts
    environment: Mapping[str, str]
    ssh_config: Path | None = None
    timeout_seconds: float = INSTALL_SECONDS

    def refuse_unable(self) -> None:
        """Raises ToolMissing."""
        self._nix()
        self._ssh()

    def install(self, job: NixosJob, heard: Callable[[str], None]) -> str:
        """Lay the machine's disk out anew, and NixOS onto it. What cannot be evaluated is
        found out before the machine is touched.
        """
        device = job.disk or self._root_disk(job)
        flake = with_disk(job.folder, job.hostname, device, whole=job.whole_disk)
        with self._room(job, flake) as room:
            nix, folder = self._nix(), room / "flake"
            path = f"{room}{os.pathsep}{self.environment.get('PATH', os.defpath)}"
            environment = {**self.environment, "PATH": path}
            words = system_words(nix, folder, job.hostname)
            system = self._run("nix", shlex.join(words), environment, _unheard).strip()
            # Its steps are on stdout, and what it complains of on stderr: here both are heard.
            command = f"{shlex.join(anywhere_words(nix, folder, job))} 1>&2"
            self._run("nixos-anywhere", command, environment, heard)
        return system

    def _run(
        self,
        name: str,
        command: str,
        environment: Mapping[str, str],
        heard: Callable[[str], None],
    ) -> str:
        """Its stdout. Steps are told; what it says last is what a failure is told with."""
        last: list[str] = []

        def listen(line: str) -> None:
            text = "".join(letter for letter in line if letter.isprintable()).strip()
            if text.startswith(_STEP):
                heard(text.strip("# "))
            elif text:
                last.append(text[:200])
                del last[:-_KEPT_LINES]

        child = Child(command, environment, b"", at_terminal=False, heard=listen)
        try:
            done = child.run(self.timeout_seconds)
        except TimeoutError as error:
            raise HostUnreachable(
                f"{name} did not end within {self.timeout_seconds / 60:.0f} minutes"
            ) from error
        except TooMuchOutput as error:
            raise CommandFailed(f"{name} said too much, and was ended") from error
        if done.exit_code != 0:
            raise CommandFailed(
                f"{name} failed ({done.exit_code}): {'; '.join(last[-2:])[:300]}",
                hint="capsule nixos validate",
            )
        return done.stdout

    def _root_disk(self, job: NixosJob) -> str:
        with self.hosts.connect(job.target) as host:
            device = host.run(_ROOT_DISK, check=True).stdout.strip()
        if not device:
            raise CommandFailed(f"nobody knows which disk of {job.hostname} to install to")
        return device

    @contextmanager
    def _room(self, job: NixosJob, flake: str) -> "Iterator[Path]":
        """A folder with `ssh`, the one machine's pinned keys, and the flake; gone afterwards."""
        alias = job.target.key_alias
        with TemporaryDirectory(prefix="capsule-nixos-") as folder:
            room = Path(folder)
            known_hosts = room / "known_hosts"
            keys = self.known_hosts.pinned(alias)
            known_hosts.write_text("".join(f"{alias} {key}\n" for key in keys))
            ssh = room / "ssh"
            ssh.write_text(strict_ssh(self._ssh(), known_hosts, alias, self.ssh_config))
            ssh.chmod(0o700)
            (room / "flake").mkdir()
            (room / "flake" / "flake.nix").write_text(flake)
            yield room

    def _nix(self) -> str:
        program = find_program("nix", self.environment)
        if program is None:
            raise ToolMissing("Nix", hint=INSTALL_HINT)
        return program

    def _ssh(self) -> str:
        program = shutil.which("ssh", path=self.environment.get("PATH"))
        if program is None:
            raise ToolMissing("ssh", hint="install OpenSSH's client")
        return program


def _unheard(_line: str) -> None:
    """What Nix says while it evaluates is of use only when it fails."""
