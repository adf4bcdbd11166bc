"""The collector as a service of systemd."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from pwd import getpwuid

from capsule_adapters.collector.unit import MARK, NAME, UNIT, module_text, sections, unit_text
from capsule_adapters.installers.program import run_program
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_domain.errors import Conflict, UsageError
from capsule_domain.models.collector_service import Command, ServicePlan, ServiceScope
from capsule_domain.ports.installation import Progress

SYSTEM_UNITS = Path("/etc/systemd/system")
_RUNNING = Path("/run/systemd/system")
_MOST_BYTES = 64 * 1024
_READABLE = 0o644


def this_program(called: str, environment: Mapping[str, str]) -> Command:
    """The words that run this Capsule, also after it is updated.

    `called`: what this process was called by. The link on the PATH outlives a folder of
    the Nix store, and is the same program.
    """
    on_path = shutil.which("capsule", path=environment.get("PATH", os.defpath))
    for found in (on_path, called):
        if found and Path(found).name == "capsule" and _same(found, called):
            return (str(Path(found).absolute()),)
    return (sys.executable, "-m", "capsule_cli")


def _same(one: str, other: str) -> bool:
    return Path(one).resolve() == Path(other).resolve() and os.access(one, os.X_OK)


class SystemdService:
    """Implements `CollectorService` for the collector over `home`.

    `program` are the words that run Capsule; `system_units` and `running` are systemd's
    own places.
    """

    def __init__(
        self,
        home: Path,
        program: Command,
        environment: Mapping[str, str],
        *,
        system_units: Path = SYSTEM_UNITS,
        running: Path = _RUNNING,
    ) -> None:
        self._home = home.absolute()
        self._program = program
        self._environment = environment
        self._system_units = system_units
        self._running = running

    def plan(self, scope: ServiceScope, file: str | None = None) -> ServicePlan:
        """What is there is compared, and nothing is written."""
        said = sections(scope, self._program, self._home, self._owner())
        path = self._path(scope, file)
        text = module_text(said) if scope is ServiceScope.NIXOS else unit_text(said)
        before = read_limited(path, _MOST_BYTES)
        if before is not None and not before.decode(errors="replace").startswith(MARK):
            raise Conflict(
                f"{path} is there, and was not made by this command",
                hint="move it away, then again",
            )
        changed = before != text.encode()
        begin, remove = _commands(scope, path, changed=changed)
        return ServicePlan(
            scope=scope,
            path=str(path),
            text=text,
            changed=changed,
            runs_here=scope is not ServiceScope.NIXOS and self._running.is_dir(),
            begin=begin,
            remove=remove,
        )

    def install(self, plan: ServicePlan, progress: Progress) -> None:
        """The home is made where it is missing: the service may write nowhere else."""
        path = Path(plan.path)
        if plan.scope is ServiceScope.SYSTEM and self._system_units == SYSTEM_UNITS:
            _refuse_all_but_root()
        if not self._home.is_dir():
            make_private_folder(self._home)
        if plan.changed:
            with reporting("make the folder", path.parent):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, plan.text.encode(), mode=_READABLE)
        if plan.runs_here:
            for command in plan.begin:
                run_program(command, self._environment, progress)

    def _path(self, scope: ServiceScope, file: str | None) -> Path:
        if scope is ServiceScope.NIXOS:
            return Path(file or f"{NAME}.nix").absolute()
        if scope is ServiceScope.SYSTEM:
            return self._system_units / UNIT
        configured = self._environment.get("XDG_CONFIG_HOME", "")
        folder = Path(configured) if configured.startswith("/") else self._own_home() / ".config"
        return folder / "systemd" / "user" / UNIT

    def _own_home(self) -> Path:
        return Path(self._environment.get("HOME") or Path.home())

    def _owner(self) -> str:
        """Whose the home is, for a service that root starts: it runs as that person."""
        number = self._home.stat().st_uid if self._home.is_dir() else os.geteuid()
        try:
            return getpwuid(number).pw_name
        except KeyError:
            return str(number)


def _refuse_all_but_root() -> None:
    if os.geteuid() != 0:
        raise UsageError(
            "a service of the system is for root to install",
            hint="with sudo, or without --system for a service of your own",
        )


def _commands(
    scope: ServiceScope, path: Path, *, changed: bool
) -> tuple[tuple[Command, ...], tuple[Command, ...]]:
    """What takes the service on, and what takes it away."""
    if scope is ServiceScope.NIXOS:
        return (), (("rm", str(path)),)
    control = ("systemctl", "--user") if scope is ServiceScope.USER else ("systemctl",)
    reload = (*control, "daemon-reload")
    begin: tuple[Command, ...] = ((*control, "enable", "--now", UNIT),)
    if changed:
        begin = (reload, (*control, "enable", UNIT), (*control, "restart", UNIT))
    remove: tuple[Command, ...] = (
        (*control, "disable", "--now", UNIT),
        ("rm", str(path)),
        reload,
    )
    return begin, remove
