"""The collector's unit and module, judged by systemd and by Nix themselves."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.collector.service import SystemdService, this_program
from capsule_adapters.nix.literal import nix_literal
from capsule_domain.errors import CommandFailed, ConfigurationError, Conflict, StoreError
from capsule_domain.models.collector_service import ServicePlan, ServiceScope
from tests.nix.nix import evaluate
from tests.presets.nixos_options import fits, kind_at, leaves
from tests.tools import needs_tool

AWKWARD = 'a "home" of 100 % and $5 \\ here'


def _heard(_seconds: float, _line: str) -> None:
    """Nobody listens."""


class Machine:
    """A machine with systemd, of which only the words are noted."""

    def __init__(self, folder: Path, home: str = "home") -> None:
        self.folder = folder
        self.home = folder / home
        self.log = folder / "log"
        self.tools = folder / "tools"
        self.tools.mkdir()
        (folder / "running").mkdir()
        self.control('echo "$@" >> "$LOG"')
        self.program = self.tools / "capsule"
        self.program.write_text("#!/bin/sh\n")
        self.program.chmod(0o755)
        self.service = SystemdService(
            self.home,
            (str(self.program),),
            {"HOME": str(folder), "PATH": f"{self.tools}:{os.defpath}", "LOG": str(self.log)},
            system_units=folder / "units",
            running=folder / "running",
        )

    def control(self, script: str) -> None:
        (self.tools / "systemctl").write_text(f"#!/bin/sh\n{script}\n")
        (self.tools / "systemctl").chmod(0o755)

    def install(self, scope: ServiceScope, file: str | None = None) -> ServicePlan:
        plan = self.service.plan(scope, file)
        self.service.install(plan, _heard)
        return plan

    @property
    def told(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_service_of_ones_own_is_written_enabled_and_started(machine: Machine) -> None:
    plan = machine.install(ServiceScope.USER)
    unit = machine.folder / ".config/systemd/user/capsule-monitor.service"
    assert plan.path == str(unit)
    assert unit.read_text() == plan.text
    assert machine.told == [
        "--user daemon-reload",
        "--user enable capsule-monitor.service",
        "--user restart capsule-monitor.service",
    ]
    assert oct(machine.home.stat().st_mode)[-3:] == "700"


def test_installing_again_restarts_nothing(machine: Machine) -> None:
    machine.install(ServiceScope.SYSTEM)
    machine.log.unlink()
    machine.install(ServiceScope.SYSTEM)
    assert machine.told == ["enable --now capsule-monitor.service"]


def test_somebody_elses_unit_is_left_alone(machine: Machine) -> None:
    theirs = machine.folder / "units" / "capsule-monitor.service"
    theirs.parent.mkdir()
    theirs.write_text("[Service]\nExecStart=/bin/true\n")
    with pytest.raises(Conflict, match="was not made by this command"):
        machine.service.plan(ServiceScope.SYSTEM)
    assert "true" in theirs.read_text()


def test_what_systemd_refuses_is_told_in_its_words(machine: Machine) -> None:
    machine.control('echo "Failed to connect to bus" >&2; exit 1')
    with pytest.raises(CommandFailed, match="Failed to connect to bus"):
        machine.install(ServiceScope.USER)


def test_a_folder_that_cannot_be_made_is_told(machine: Machine) -> None:
    (machine.folder / ".config").write_text("a file")
    with pytest.raises(StoreError, match="a file is where a folder should be"):
        machine.install(ServiceScope.USER)


def test_a_home_with_a_line_break_is_refused(tmp_path: Path) -> None:
    service = SystemdService(tmp_path / "a\n[Service]", ("/x",), {"HOME": str(tmp_path)})
    with pytest.raises(ConfigurationError, match="systemd cannot be told of"):
        service.plan(ServiceScope.USER)


@pytest.mark.parametrize("home", ["home", AWKWARD])
@pytest.mark.parametrize("scope", [ServiceScope.USER, ServiceScope.SYSTEM])
def test_systemd_finds_no_fault_with_the_unit(
    tmp_path: Path, scope: ServiceScope, home: str
) -> None:
    program = needs_tool("systemd-analyze")
    machine = Machine(tmp_path, home)
    unit = tmp_path / "verified" / "capsule-monitor.service"
    unit.parent.mkdir()
    unit.write_text(machine.service.plan(scope).text)
    done = subprocess.run(
        [program, "verify", "--man=no", "--recursive-errors=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    ours = [line for line in done.stderr.splitlines() if "capsule-monitor" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_service_says_how_it_lives_and_ends(machine: Machine) -> None:
    lines = machine.service.plan(ServiceScope.SYSTEM).text.splitlines()
    for line in ("Type=notify", "WatchdogSec=300", "Restart=on-failure", "ProtectSystem=strict"):
        assert line in lines
    assert any(line.startswith("ExecReload=") and "HUP" in line for line in lines)


def module(machine: Machine, folder: Path) -> dict[str, Any]:
    """What the NixOS module sets, asked of Nix."""
    plan = machine.install(ServiceScope.NIXOS, str(folder / "module.nix"))
    given = '{ pkgs = { bash = "bash"; iputils = "iputils"; openssh = "openssh"; }; }'
    found: dict[str, Any] = evaluate(f"import (/. + {nix_literal(plan.path)}) {given}", folder)
    return found


def test_the_module_sets_only_options_that_nixos_has(machine: Machine, tmp_path: Path) -> None:
    for path, value in leaves(module(machine, tmp_path)):
        kind = kind_at(path)
        assert kind is not None, path
        assert fits(kind, value), (path, kind)


@pytest.mark.parametrize("home", ["home", AWKWARD])
def test_the_module_and_the_unit_say_the_same(tmp_path: Path, home: str) -> None:
    machine = Machine(tmp_path, home)
    said = module(machine, tmp_path)["systemd"]["services"]["capsule-monitor"]
    unit = machine.service.plan(ServiceScope.SYSTEM).text
    section = unit.partition("[Service]\n")[2].partition("\n\n[Install]")[0]
    assert dict(line.split("=", 1) for line in section.splitlines()) == said["serviceConfig"]
    assert said["path"] == ["bash", "iputils", "openssh"]


def test_the_program_is_the_one_on_the_path_where_that_is_this_one(tmp_path: Path) -> None:
    real = tmp_path / "store" / "capsule"
    real.parent.mkdir()
    real.write_text("#!/bin/sh\n")
    real.chmod(0o755)
    link = tmp_path / "bin" / "capsule"
    link.parent.mkdir()
    link.symlink_to(real)
    assert this_program(str(real), {"PATH": str(link.parent)}) == (str(link),)
    assert this_program(str(real), {"PATH": "/nowhere"}) == (str(real),)
    assert this_program("/x/__main__.py", {"PATH": str(link.parent)})[1:] == ("-m", "capsule_cli")
