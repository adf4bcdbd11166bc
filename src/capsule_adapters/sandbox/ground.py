"""The folder of one rehearsed machine: its disk, its figures, its programs, its record."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError

from capsule_adapters.sandbox.figures import disk_tables, proc_files
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_domain.errors import StoreError
from capsule_domain.models.base import Model
from capsule_domain.models.operating_system import OperatingSystem

LIMIT_BYTES = 1024 * 1024
FOLDERS = ("etc/ssh", "root", "tmp", "home", "opt", "srv", "run/rehearsal", "var/log", "var/tmp")
UNITS = ("ssh", "sshd", "cron", "systemd-journald")
SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64")

PROGRAMS = {
    "sudo.sh": ("sudo", "doas"),
    "systemctl.sh": ("systemctl",),
    "power.sh": ("reboot", "shutdown", "poweroff", "halt", "kexec", "init", "telinit"),
    "df.sh": ("df",),
    "hostname.sh": ("hostname",),
    "nixos-install.sh": ("nixos-install",),
    "lsblk.sh": ("lsblk",),
    "nix.sh": (
        "nix",
        *(f"nix-{n}" for n in ("build", "channel", "collect-garbage", "env", "store")),
    ),
}
READERS = ("awk", "cat", "grep", "head", "mv", "readlink", "rm", "sed", "ssh-keygen", "tail")
"""Programs that must be shown the machine's own files where it has no root of its own."""
HOST_KEY = "etc/ssh/ssh_host_ed25519_key"


class Record(Model):
    """What a machine is, kept beside its disk."""

    server_id: str
    name: str
    address: str
    port: int
    public_keys: tuple[str, ...]
    on: bool


@dataclass(frozen=True)
class Ground:
    """Where a machine lives. Raises StoreError."""

    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "disk"

    @property
    def proc(self) -> Path:
        return self.folder / "proc"

    @property
    def programs(self) -> Path:
        return self.folder / "programs"

    @property
    def readers(self) -> Path:
        return self.folder / "readers"

    def prepare(self, server_id: str, name: str, user_data: str) -> None:
        """Make all of it for a new machine."""
        with reporting("make the machine", self.folder):
            for place in (self.disk, self.proc, self.programs, self.readers):
                make_private_folder(place)
            for inside in (*FOLDERS, "var/lib/rehearsal/units", "var/lib/cloud/instance"):
                (self.disk / inside).mkdir(mode=0o755, parents=True, exist_ok=True)
            (self.disk / "root").chmod(0o700)
            self._fill_disk(server_id, name, user_data)
            self._link_system()
            self._install()
        self.show_figures(server_id, 0.0)
        self.start_anew()

    def start_anew(self) -> None:
        """A start of the machine is told from every other."""
        self._show("boot_id", f"{uuid4()}\n")

    def show_figures(self, server_id: str, running_seconds: float) -> None:
        """Move /proc on. Written in place: a mounted file must stay the same file."""
        for name, text in proc_files(server_id, running_seconds).items():
            self._show(name, text)

    def _show(self, name: str, text: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        with os.fdopen(os.open(self.proc / name, flags, 0o644), "wb", buffering=0) as file:
            file.write(text.encode())
            file.truncate()

    def note(self, log: str, lines: Iterable[str]) -> None:
        """Add lines to a log of the machine."""
        with reporting("write", self.disk), (self.disk / "var/log" / log).open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def power_wish(self) -> str | None:
        """What a command on the machine asked of its power, told once: `reboot` or `off`."""
        wish = self.disk / "run/rehearsal/power"
        try:
            word = wish.read_text(errors="replace").strip()
            wish.unlink()
        except OSError:
            return None
        return word

    def host_key(self) -> Path:
        """The file of its private host key; older machines have it beside their disk."""
        own, beside = self.disk / HOST_KEY, self.folder / "host_key"
        return own if own.is_file() or not beside.is_file() else beside

    def was_told_to_read_keys(self) -> bool:
        """Whether sshd was to read its keys anew; told once."""
        wish = self.disk / "run/rehearsal/sshd"
        try:
            wish.unlink()
        except OSError:
            return False
        return True

    def settle_system(self, system: OperatingSystem) -> None:
        """What tells which system it is: Ubuntu's unless it is another; an Xnode's manager."""
        if system is OperatingSystem.STOCK:
            return
        with reporting("write", self.disk):
            (self.disk / "etc/os-release").write_text(
                'NAME=NixOS\nID=nixos\nVERSION_ID="26.05"\n'
                f'PRETTY_NAME="NixOS 26.05 (rehearsal of {system})"\n'
            )
            if system is OperatingSystem.XNODEOS:
                (self.disk / "var/lib/rehearsal/units/xnode-manager").write_text("active\n")

    def user_data(self) -> str:
        """What was given at creation."""
        content = read_limited(self.folder / "user-data", LIMIT_BYTES) or b""
        return content.decode("utf-8", "replace")

    def record(self) -> Record | None:
        """What was kept; None for a folder that is no machine."""
        path = self.folder / "machine.json"
        content = read_limited(path, LIMIT_BYTES)
        if content is None:
            return None
        try:
            return Record.model_validate_json(content)
        except ValidationError as error:
            raise StoreError(
                f"cannot read {path}: not a machine's record", hint=f"rm -r {self.folder}"
            ) from error

    def keep(self, record: Record) -> None:
        """Keep what the machine is."""
        write_atomically(self.folder / "machine.json", record.model_dump_json().encode())

    def destroy(self) -> None:
        """Remove it all, whatever modes the machine gave its folders."""
        with reporting("remove", self.folder):
            for place, names, _ in os.walk(self.folder):
                for inside in (Path(place, name) for name in names):
                    if not inside.is_symlink():  # where it leads is not ours to change
                        inside.chmod(0o700)
            if self.folder.exists():
                shutil.rmtree(self.folder)

    def _fill_disk(self, server_id: str, name: str, user_data: str) -> None:
        etc = self.disk / "etc"
        (etc / "hostname").write_text(f"{name}\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n")
        (etc / "passwd").write_text(
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
        )
        (etc / "group").write_text("root:x:0:\nnogroup:x:65534:\n")
        (etc / "os-release").write_text(
            'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n'
            'PRETTY_NAME="Ubuntu 24.04 LTS (rehearsal)"\n'
        )
        for unit in UNITS:
            (self.disk / "var/lib/rehearsal/units" / unit).write_text("active\n")
        for table, text in disk_tables(server_id).items():
            (self.disk / "var/lib/rehearsal" / f"df-{table}").write_text(text)
        # Not on its disk: the private host key in it is nobody's to read there.
        write_atomically(self.folder / "user-data", user_data.encode(), mode=0o600)

    def _link_system(self) -> None:
        """Where this machine's /bin is a link into /usr, so is the rehearsed one's."""
        for name in SYSTEM_FOLDERS:
            real = Path("/") / name
            if real.is_symlink() and not (self.disk / name).is_symlink():
                (self.disk / name).symlink_to(real.readlink())

    def _install(self) -> None:
        source = files("capsule_adapters.sandbox") / "programs"
        noted = source.joinpath("noted.txt").read_text().split()
        _install(source.joinpath("change.sh").read_text(), self.programs, noted)
        for script, names in PROGRAMS.items():
            _install(source.joinpath(script).read_text(), self.programs, names)
        _install(source.joinpath("read.sh").read_text(), self.readers, READERS)


def _install(script: str, folder: Path, names: Iterable[str]) -> None:
    """The script once, under its first name, and links to it: it asks for the name it has."""
    first, *others = names
    (folder / first).write_text(script)
    (folder / first).chmod(0o755)
    for name in others:
        (folder / name).symlink_to(first)
