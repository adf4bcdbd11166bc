"""Systems that the machine builds itself: in its own stead, or as the next of a NixOS."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from capsule_adapters.installers.nixos.wrapping import with_older_start
from capsule_adapters.store.faults import reporting
from capsule_domain.ports.host import Host, Hosts
from capsule_domain.ports.nixos_installer import NixosJob
from capsule_domain.ports.plot import NixInstallers

BUILD_SECONDS = 5400.0
_PLACE = "/etc/nixos"
_FLAKE = "/root/capsule-in-place"
_INSTALLER = "/root/capsule-nix-install"


@dataclass(frozen=True)
class InPlace:
    """Builds NixOS beside the machine's own system, and starts it in that one's stead."""

    hosts: Hosts
    installers: NixInstallers

    def install(self, job: NixosJob, heard: Callable[[str], None]) -> str | None:
        """The machine restarts when this returns; its own files are in /old-root then."""
        installer = self.installers.fetch()
        script = (files("capsule_adapters.installers") / "scripts/lustrate.sh").read_text("utf-8")
        with reporting("read", Path(installer.path)):
            content = Path(installer.path).read_bytes()
        words = ("sh", "-c", script, "lustrate", _FLAKE, job.hostname, _INSTALLER)
        with self.hosts.connect(job.target) as host:
            send(host, Path(job.folder))
            host.put(f"{_FLAKE}/flake.nix", with_older_start(_PLACE, job.hostname).encode())
            host.put(_INSTALLER, content)
            done = host.run(
                shlex.join(words),
                check=True,
                timeout_seconds=BUILD_SECONDS,
                heard=steps_for(heard),
            )
        said = done.stdout.split()
        return said[-1] if said else None


@dataclass(frozen=True)
class OwnImage:
    """Has a machine that started as NixOS become its configuration."""

    hosts: Hosts

    def install(self, job: NixosJob, heard: Callable[[str], None]) -> None:
        """The machine stays up."""
        flake = shlex.quote(f"{_PLACE}#{job.hostname}")
        with self.hosts.connect(job.target) as host:
            send(host, Path(job.folder))
            heard("building the configuration there")
            host.run(
                f"nixos-rebuild switch --flake {flake}"
                " --option extra-experimental-features 'nix-command flakes'",
                check=True,
                timeout_seconds=BUILD_SECONDS,
            )


def send(host: Host, folder: Path) -> None:
    """All of a configuration into /etc/nixos. Raises StoreError, HostError."""
    with reporting("read", folder):
        written = sorted(path for path in folder.rglob("*") if path.is_file())
        contents = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in written]
    for name, content in contents:
        host.put(f"{_PLACE}/{name}", content, mode=0o644)


def steps_for(heard: Callable[[str], None]) -> Callable[[str], None]:
    """Passes on what a script marks as a step."""

    def listen(line: str) -> None:
        if line.startswith("### "):
            heard(line[4:].strip())

    return listen
