"""What is on the disk of a fake NixOS machine: systems, generations, the loader's choice."""

import getpass
import os
import shutil
from pathlib import Path

from tests.nixos_root.systems import Behaviour, words, write_system
from tests.tools import needs_tool

PROFILES = "/nix/var/nix/profiles"


class Disk:
    """`root` is its file system; `address` and `port` are where a system's sshd usually is."""

    old: str
    """The system that it has from the beginning, its generation 1."""

    def __init__(self, root: Path, address: str, port: int) -> None:
        self.root = root
        self.address = address
        self.port = port

    def path(self, place: str) -> Path:
        """A file of the machine, by its path there."""
        return self.root / place.lstrip("/")

    def add_system(self, name: str, behaviour: Behaviour | None = None) -> str:
        """A closure comes into its store; its path."""
        return write_system(self.root, name, behaviour or Behaviour(), self.address, self.port)

    def change_system(self, path: str, behaviour: Behaviour) -> None:
        """From now on it behaves like that."""
        self.path(path).joinpath("behaviour").write_text(words(behaviour, self.address, self.port))

    def collect(self, path: str) -> None:
        """The garbage collector takes a system; its links dangle."""
        shutil.rmtree(self.path(path))

    def add_generation(self, path: str) -> int:
        """One more generation, which becomes that of the profile."""
        number = max(self.generations(), default=0) + 1
        profiles = self.path(PROFILES)
        (profiles / f"system-{number}-link").symlink_to(path)
        self.point_profile(number)
        return number

    def point_profile(self, number: int) -> None:
        """The profile becomes that generation; the loader knows nothing of it."""
        link = self.path(PROFILES) / "system"
        link.unlink(missing_ok=True)
        link.symlink_to(f"system-{number}-link")

    def generations(self) -> dict[int, str]:
        """Store paths by number."""
        links = self.path(PROFILES).glob("system-*-link")
        return {int(link.name.split("-")[1]): str(link.readlink()) for link in links}

    def runs(self) -> str:
        """What /run/current-system leads to."""
        return str(self.path("/run/current-system").readlink())

    def profile(self) -> str:
        """What the profile leads to."""
        return str(
            (self.path(PROFILES) / self.path(PROFILES).joinpath("system").readlink()).readlink()
        )

    def boots_into(self) -> str:
        """The loader's default; the one of one start only is not looked at."""
        grub = self.path("/boot/grub/grub.cfg")
        if grub.exists():
            return grub.read_text().split()[1]
        default = self.path("/boot/loader/loader.conf").read_text().split()[1]
        entry = self.path(f"/boot/loader/entries/{default}").read_text()
        return entry.split("options init=")[1].split("/init ")[0]

    def calls(self) -> list[str]:
        """What it was asked to do, over all its starts, by system name instead of path."""
        lines = self.path("/var/log/calls").read_text().splitlines()
        return [_named(line) for line in lines]

    def _lay_out(self, user: str) -> None:
        for part in ("etc/ssh", "boot", "var/log", "root", "opt", "power", "usr", "nix/store"):
            (self.root / part).mkdir(parents=True)
        self.path(PROFILES).mkdir(parents=True)
        for name in ("bin", "sbin", "lib", "lib64"):
            if Path("/", name).is_symlink():
                self.path(name).symlink_to(Path("/", name).readlink())
        me, uid, gid = getpass.getuser(), os.getuid(), os.getgid()
        self.path("/etc/passwd").write_text(
            f"{me}:*:{uid}:{gid}::/root:{needs_tool('bash')}\nsshd:*:22:22::/var/empty:/bin/false\n"
        )
        self.path("/etc/group").write_text(f"{me}:*:{gid}:\nsshd:*:22:\n")
        self.path("/etc/NIXOS").touch()
        self.path("/var/log/calls").touch()
        self.path("/opt/user").write_text(user)

    def _first_generation(self, loader: str) -> None:
        self.add_generation(self.old)
        if loader == "grub":
            self.path("/boot/grub").mkdir()
            self.path("/boot/grub/grub.cfg").write_text(f"default {self.old}\n")
            return
        self.path("/boot/loader/entries").mkdir(parents=True)
        self.path("/boot/loader/loader.conf").write_text("default nixos-first.conf\n")
        self.path("/boot/loader/entries/nixos-first.conf").write_text(
            f"title NixOS\noptions init={self.old}/init quiet\n"
        )


def _named(line: str) -> str:
    """`/nix/store/…-nixos-system-new-26.05 test` as `new test`."""
    words = [
        word.split("-nixos-system-")[1].removesuffix("-26.05") if word.startswith("/nix/") else word
        for word in line.split()
    ]
    return " ".join(words)
