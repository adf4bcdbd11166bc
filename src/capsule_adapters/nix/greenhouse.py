"""The Nix of this machine, as far as it builds for another one."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from capsule_adapters.nix.building import words
from capsule_adapters.nix.building.over_ssh import NixOverSsh
from capsule_adapters.nix.building.ways import MACHINE, SshWays, store_of
from capsule_adapters.nix.evaluation import FEATURES
from capsule_adapters.nix.process import PLACES, NixProcess, find_program
from capsule_adapters.nix.pulse import Pulse
from capsule_adapters.nix.stage import staged
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder, read_limited
from capsule_domain.errors import NixFailed
from capsule_domain.models.planting import Grown, PlantFile
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.plot import Heard

_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_ARCHITECTURES = {"arm64": "aarch64", "amd64": "x86_64"}
_RESULT = "result"
_FLAKE = "flake.nix"
_LOCK = "flake.lock"
_LIMIT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class NixGreenhouse:
    """Implements the `Greenhouse` port. Work in progress is in `folder`, and stays until sent."""

    folder: Path
    ways: SshWays
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    places: Sequence[str] = PLACES

    def system(self) -> str | None:
        """As Python says; whether Nix is there as the search for it says."""
        kernel = _SYSTEMS.get(platform.system())
        if kernel is None or find_program("nix", self.environment, self.places) is None:
            return None
        architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
        return f"{architecture}-{kernel}"

    def build(
        self,
        flake: PlantFile,
        lock: PlantFile | None,
        *,
        heard: Heard,
        timeout_seconds: float | None = None,
    ) -> Grown:
        """`nix build`; the result is kept from the garbage collector by a link."""
        with staged(self.folder) as stage:
            room = stage / "flake"
            make_private_folder(room)
            for name, file in ((_FLAKE, flake), (_LOCK, lock)):
                with reporting("write into", room):
                    if file is not None:
                        (room / name).write_text(file.text, encoding="utf-8")
            link = str(self.folder / _RESULT)
            said = self._nix.run(
                ["nix", *FEATURES, "build", "--json", "--out-link", link, "path:.#default"],
                doing="cannot build the environment",
                pulse=_pulse(heard),
                folder=room,
                timeout_seconds=timeout_seconds,
            )
            made = read_limited(room / _LOCK, _LIMIT_BYTES)
        with suppress(ValueError, LookupError, TypeError):
            store_path = str(json.loads(said.stdout)[0]["outputs"]["out"])
            path = str(PurePosixPath(flake.path).with_name(_LOCK))
            text = (made or b"").decode()
            return Grown(
                store_path=store_path, lock=PlantFile(path=path, text=text) if text else None
            )
        raise NixFailed("nix does not say what it built", lines=said.lines)

    def send(
        self,
        store_path: str,
        machine: Target | Destination,
        *,
        nix: str,
        heard: Heard,
        timeout_seconds: float | None = None,
    ) -> None:
        """`nix copy` by ssh-ng; what that machine can fetch itself is not sent."""
        # Not even root's word counts there for what nobody signed, unless it is said that it does.
        told = words.copy(store_path, source=None, to=store_of(MACHINE, nix), signed=False)
        NixOverSsh(self._nix, self.ways).run(
            told,
            {MACHINE: machine},
            f"cannot copy the environment to {machine.label}",
            _pulse(heard),
            timeout_seconds=timeout_seconds,
        )
        with suppress(OSError):
            (self.folder / _RESULT).unlink(missing_ok=True)

    @property
    def _nix(self) -> NixProcess:
        return NixProcess(self.environment, self.places)


def _pulse(heard: Heard) -> Pulse:
    return Pulse(lambda _seconds, line: heard(line))
