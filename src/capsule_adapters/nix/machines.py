"""Virtual machines as NixOS itself starts them: QEMU, by a program that Nix builds."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from capsule_adapters.nix.complaint import readable
from capsule_adapters.nix.evaluation import FEATURES
from capsule_adapters.nix.process import PLACES, NixProcess
from capsule_adapters.nix.pulse import Pulse
from capsule_adapters.nix.request import asking
from capsule_adapters.store.files import write_atomically
from capsule_domain.errors import ConfigurationError, HostError, HostUnreachable, NixFailed
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.host import HostKey
from capsule_domain.ports.nix_systems import Progress

_KVM = Path("/dev/kvm")
_NO_BUILDER = re.compile(r"required to build|platform mismatch|lacks? .*features", re.IGNORECASE)
_GENTLE_SECONDS = 15.0
"""For a machine that was told to power off."""
_ENDING_SECONDS = 2.0
_LAST_BYTES = 4000
_LOOPBACK = "127.0.0.1"
_ADVICE = "capsule nixos test on a machine with Linux, Nix and a network"


@dataclass(frozen=True)
class Running:
    """Implements VirtualMachine over a process with a group of its own."""

    port: int
    private_key: str
    process: "subprocess.Popen[bytes]"
    log: Path
    user: str = "root"

    def ended(self) -> str | None:
        """The last line of its console, when it runs no more."""
        code = self.process.poll()
        if code is None:
            return None
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _LAST_BYTES))
            lines = [readable(line) for line in log.read().splitlines()]
        said = [line for line in lines if line.strip()]
        return f"exit code {code}{f', {said[-1].strip()}' if said else ''}"


class QemuMachines:
    """Implements the VirtualMachines port. `environment` is what Nix and QEMU see."""

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        places: Sequence[str] = PLACES,
        kvm: Path = _KVM,
        gentle_seconds: float = _GENTLE_SECONDS,
        user: str = "root",
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._nix = NixProcess(self._environment, places)
        self._kvm = kvm
        self._gentle_seconds = gentle_seconds
        self._user = user

    def accelerated(self) -> bool:
        """Whether QEMU may use KVM."""
        return os.access(self._kvm, os.R_OK | os.W_OK)

    def build(
        self,
        source: SystemsSource,
        host: str | None,
        *,
        nixpkgs: str | None,
        authorized_key: str,
        progress: Progress,
    ) -> str:
        """By `nix-build`; the result is not kept from being collected later."""
        with asking(source, nixpkgs, host=host, authorizedKey=authorized_key) as expression:
            words = ["nix-build", *FEATURES, "--no-out-link", "-A", "vm", *expression]
            try:
                doing = "cannot build the virtual machine"
                said = self._nix.run(words, doing=doing, pulse=Pulse(progress))
            except HostUnreachable as error:
                raise ConfigurationError(error.message, hint=_ADVICE) from error
            except NixFailed as error:
                if any(map(_NO_BUILDER.search, error.lines)):
                    raise ConfigurationError(error.message, hint=_ADVICE) from error
                raise
        found = sorted(Path(said.stdout.strip(), "bin").glob("run-*-vm"))
        if not found:
            raise NixFailed("cannot build the virtual machine: nix built something else")
        return str(found[0])

    @contextmanager
    def boot(self, program: str, *, host_key: HostKey, login: HostKey) -> Iterator[Running]:
        """With a disk, a port and keys of its own, all gone afterwards."""
        with TemporaryDirectory(prefix="capsule-vm-") as scratch:
            folder = Path(scratch)
            # What is in `xchg` the machine sees as /tmp/xchg: the key is in no Nix store.
            (folder / "xchg").mkdir(mode=0o700)
            _write_key(folder / "xchg" / "host_key", host_key)
            _write_key(folder / "login", login)
            port = _free_port()
            process = self._start(program, folder, port)
            patience_seconds = 0.0  # an interrupt does not wait
            try:
                key, log = str(folder / "login"), folder / "console.log"
                yield Running(port, key, process, log, self._user)
                patience_seconds = self._gentle_seconds
            finally:
                _end(process, patience_seconds)

    def _start(self, program: str, folder: Path, port: int) -> "subprocess.Popen[bytes]":
        surroundings = {
            **self._environment,
            "NIX_DISK_IMAGE": str(folder / "disk.qcow2"),  # else it would stay, and be used again
            "QEMU_NET_OPTS": f"hostfwd=tcp:{_LOOPBACK}:{port}-:22",
            "TMPDIR": str(folder),
            "USE_TMPDIR": "1",  # else the program makes a folder that it leaves behind
        }
        try:
            with (folder / "console.log").open("wb") as log:
                return subprocess.Popen(
                    [program],
                    cwd=folder,
                    env=surroundings,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            raise HostError(f"the virtual machine does not start: {error.strerror}") from error


def _write_key(file: Path, key: HostKey) -> None:
    write_atomically(file, key.private_openssh.get_secret_value().encode())


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind((_LOOPBACK, 0))
        port: int = chosen.getsockname()[1]
        return port


def _end(process: "subprocess.Popen[bytes]", gentle_seconds: float) -> None:
    """It may be powering off; whatever of it is left then is ended, and nothing else."""
    try:
        if process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(gentle_seconds)
    finally:
        for which in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, which)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_ENDING_SECONDS)
