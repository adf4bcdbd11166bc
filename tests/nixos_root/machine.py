"""A fake NixOS machine: started, cut, booted; see the package's own words."""

import getpass
import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import asyncssh

from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.ports.host import Destination, Target
from tests.nixos_root.disk import Disk
from tests.nixos_root.network import Network, spare_port
from tests.nixos_root.systems import PROGRAMS, Behaviour
from tests.tools import needs_tool

ALIAS = "machine"
START_SECONDS = 20.0
DOWN_SECONDS = 0.2
PATH = "/run/wrappers/bin:/run/current-system/sw/bin"

SSHD = """\
HostKey /opt/host_key
PidFile none
AuthorizedKeysFile /etc/ssh/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
SetEnv "PATH={path}"
"""


class NixosRoot(Disk):
    """`user` is whom its `id` calls who comes in: another than root needs its sudo.

    `loader` is `systemd-boot` or `grub`. Skips the test where sshd or bubblewrap is missing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        behaviour: Behaviour | None = None,
        loader: str = "systemd-boot",
        user: str = "root",
        network: bool = False,
    ) -> None:
        self._bwrap = needs_tool("bwrap")
        needs_tool("sshd")
        self.folder = folder / "machine"
        self._network = Network() if network else None
        address = self._network.address if self._network else "127.0.0.1"
        super().__init__(self.folder / "root", address, spare_port())
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None
        self._wanted = False
        self._lay_out(user)
        self.path("/opt/sshd_config").write_text(SSHD.format(path=PATH))
        if self._network is not None:
            self.path("/opt/own-network").write_text(self._network.gateway)
        self._make_keys()
        self.old = self.add_system("old", behaviour)
        self._first_generation(loader)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Power on."""
        self.boot()
        return self

    def stop(self) -> None:
        """Off for good."""
        self.power_cut()
        if self._network is not None:
            self._network.close()

    def boot(self, *, wait: bool = True) -> None:
        """Start it as its loader says; `wait` until it is up. On already is a success."""
        if self._process is None:
            self._power_on()
            self._keeper = threading.Thread(target=self._keep, daemon=True)
            self._wanted = True
            self._keeper.start()
        if wait:
            self.wait_until_up()

    def power_cut(self) -> None:
        """Off at once, wherever it was. Off already is a success."""
        self._wanted = False
        while self._keeper is not None and self._keeper.is_alive():
            if self._process is not None:  # another one, when it was just being started again
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._keeper.join(0.1)
        self._process = self._keeper = None

    def wait_until_up(self, seconds: float = START_SECONDS) -> None:
        """Until a start came to its end."""
        deadline = time.monotonic() + seconds
        while not self.path("/run/fake/up").exists():
            if time.monotonic() > deadline:
                raise AssertionError(f"it does not start: {self._log()}")
            time.sleep(0.02)

    # The ways into it.

    def target(self, *, address: str | None = None, port: int | None = None) -> Target:
        """It, or another of its places."""
        return Target(
            address=address or self.address,
            port=port or self.port,
            user=getpass.getuser(),
            key_alias=ALIAS,
            private_key=str(self.folder / "id_ed25519"),
        )

    def hosts(self) -> SshHosts:
        """Ways to it, to be closed; they know its key."""
        return SshHosts(self.folder / "known_hosts")

    def introduce(self) -> Destination:
        """The person knows it as `web`: its address, port, user, key and host key."""
        dot_ssh = Path(os.environ["HOME"]) / ".ssh"
        dot_ssh.mkdir(mode=0o700, exist_ok=True)
        (dot_ssh / "known_hosts").write_text(f"[{self.address}]:{self.port} {self.host_key}\n")
        (dot_ssh / "config").write_text(
            f"Host web\n  HostName {self.address}\n  Port {self.port}\n"
            f"  User {getpass.getuser()}\n  IdentityFile {self.folder / 'id_ed25519'}\n"
        )
        return Destination(host="web")

    def spare_port(self) -> int:
        """One that nobody listens on."""
        return spare_port()

    # How it runs.

    def _make_keys(self) -> None:
        host, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        host.write_private_key(self.path("/opt/host_key"))
        client.write_private_key(self.folder / "id_ed25519")
        client.write_public_key(self.path("/opt/authorized_keys"))
        for secret in (self.path("/opt/host_key"), self.folder / "id_ed25519"):
            secret.chmod(0o600)
        self.host_key = host.export_public_key().decode().strip()
        KnownHostsFile(self.folder / "known_hosts").pin(ALIAS, self.host_key)

    def _power_on(self) -> None:
        for gone in ("run", "tmp"):
            shutil.rmtree(self.path(gone), ignore_errors=True)
            self.path(gone).mkdir()
        (self.folder / "boot_id").write_text(f"{uuid4()}\n")
        self.path("/power/reboot").unlink(missing_ok=True)
        inside = ("--proc", "/proc", "--dev", "/dev", "--chdir", "/")
        privileges = ("--cap-add", "ALL") if os.geteuid() == 0 else ()
        command = [
            *(self._network.prefix if self._network else ()),
            *(self._bwrap, "--unshare-pid", "--die-with-parent", *privileges),
            *("--bind", str(self.root), "/", "--ro-bind", "/usr", "/usr", *inside),
            *_folders_of_the_host(),
            *("--ro-bind", str(PROGRAMS), "/opt/programs"),
            *("--ro-bind", str(self.folder / "boot_id"), "/proc/sys/kernel/random/boot_id"),
            *(needs_tool("bash"), "/opt/programs/init.sh"),
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": PATH},
                start_new_session=True,
            )

    def _keep(self) -> None:
        """Start it again whenever it went down because it was asked to from inside."""
        while True:
            process = self._process
            if process is None:
                return
            process.wait()
            if not self._wanted or not self.path("/power/reboot").exists():
                return
            time.sleep(DOWN_SECONDS)
            if not self._wanted:
                return
            self._power_on()

    def _log(self) -> str:
        return (self.folder / "log").read_text()[-2000:]


def _folders_of_the_host() -> list[str]:
    """Where the host has no merged /usr."""
    arguments = []
    for name in ("bin", "sbin", "lib", "lib64"):
        real = Path("/", name)
        if real.is_dir() and not real.is_symlink():
            arguments += ["--ro-bind", str(real), str(real)]
    return [*arguments, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
