"""`nixos validate` and `nixos test` as commands: what is printed, and the exit code."""

from pathlib import Path

import pytest

from capsule_cli.wiring import Wiring
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.models.systems import Fault, SystemReport
from capsule_domain.ports.settings import Settings
from tests.cli.running import capsule, wired
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.configurations import FakeConfigurations
from tests.fakes.hosts import FakeHosts
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.fakes.module_reader import FakeModuleReader
from tests.fakes.nix_systems import FakeNixSystems
from tests.fakes.nix_tool import FakeNixTool
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.presets import FakePresets
from tests.fakes.virtual_machines import FakeVirtualMachines


def wiring(
    *hosts: str, systems: FakeNixSystems | None = None, kvm: bool = True, boots: bool = True
) -> Wiring:
    configurations = FakeConfigurations()
    for host in hosts:
        files = [RenderedFile(path="configuration.nix", text="{ }\n")]
        folder = configurations.folder(host)
        configurations.write(folder, files, state_versions={"": "26.05"}, force=False)
    known_hosts = FakeKnownHosts()
    reached = FakeHosts(known_hosts)
    answers = {"systemctl is-active": "LISTEN 0 1 [::]:22 [::]:*", "poweroff": ""}
    return wired(
        nix=FakeNixTool(),
        configurations=configurations,
        choices=FakeChoices(
            Settings(last_configuration=str(configurations.folder(hosts[-1])) if hosts else None)
        ),
        module_reader=FakeModuleReader(),
        index=FakePackageIndex(),
        nix_systems=systems or FakeNixSystems(),
        machines=FakeVirtualMachines(reached, answers, kvm=kvm, boots_after=0 if boots else None),
        hosts=reached,
        known_hosts=known_hosts,
        keys=FakeKeys(),
        clock=FakeClock(),
        presets=FakePresets(),
    )


def test_the_level_is_said_with_the_gap_and_in_json_with_every_step() -> None:
    ran = capsule("nixos", "validate", wiring=wiring("web-1"))
    assert ran.code == 0
    assert "1 files hold at level build" in ran.stdout
    assert "options was left out: there is no index of NixOS options" in ran.stdout
    data = capsule("nixos", "validate", "--json", wiring=wiring("web-1")).data
    assert data["level"] == "build"
    assert [(step["level"], step["done"]) for step in data["steps"]] == [
        ("syntax", True),
        ("options", False),
        ("eval", True),
        ("build", True),
    ]


def test_findings_are_printed_with_place_and_remedy_and_end_with_10() -> None:
    fault = Fault(message="infinite recursion encountered", file="/c/a.nix", line=3)
    systems = FakeNixSystems(reports={"web-1": SystemReport(host="web-1", fault=fault)})
    ran = capsule("nixos", "validate", wiring=wiring("web-1", systems=systems))
    assert ran.code == 10
    assert "/c/a.nix:3: infinite recursion encountered" in ran.stdout
    assert "mkIf" in ran.stdout
    [finding] = capsule(
        "nixos", "validate", "--json", wiring=wiring("web-1", systems=systems)
    ).data["findings"]
    assert finding.keys() == {"rule", "severity", "message", "file", "line", "hint"}


@pytest.mark.parametrize("command", ["validate", "test"])
def test_several_configurations_and_nobody_at_the_terminal_is_refused(command: str) -> None:
    ran = capsule("nixos", command, wiring=wiring("web-1", "web-2"))
    assert ran.code == 2
    assert "there are 2 configurations: web-1, web-2" in ran.stderr
    assert capsule("nixos", command, "--yes", wiring=wiring("web-1", "web-2")).code == 0
    someone = wiring("web-1", "web-2")
    assert capsule("nixos", command, wiring=someone, answer=lambda _: "").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--level", "options"), 3, "capsule pkg index"),
        (("--level", "nonsense"), 2, "nonsense"),
        (("--nixpkgs", "/etc"), 3, "no nixpkgs"),
        (("-c", "/nowhere"), 4, "/nowhere"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_code(
    arguments: tuple[str, ...], code: int, said: str
) -> None:
    ran = capsule("nixos", "validate", *arguments, wiring=wiring("web-1"))
    assert ran.code == code
    assert said in ran.stderr


def test_a_test_prints_its_table_and_what_is_seen_in_json() -> None:
    ran = capsule("nixos", "test", wiring=wiring("web-1"))
    assert ran.code == 0
    assert "SSH after 0 s" in ran.stdout
    data = capsule("nixos", "test", "--json", wiring=wiring("web-1")).data
    assert (data["host"], data["accelerated"], data["checks"][0]["ok"]) == ("web-1", True, True)


def test_a_machine_that_does_not_boot_ends_with_10_and_no_kvm_is_said_before() -> None:
    ran = capsule("nixos", "test", "--timeout", "5", wiring=wiring("web-1", kvm=False, boots=False))
    assert ran.code == 10
    assert "no KVM here" in ran.stderr
    assert "no SSH within 5 s" in ran.stdout


def test_a_dry_run_boots_nothing() -> None:
    machines = wiring("web-1", boots=False)
    assert capsule("nixos", "test", "--dry-run", wiring=machines).code == 0


def test_nasty_files_are_findings_or_errors_and_never_a_trace(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    (folder / "a.nix").write_bytes(b"{ a = \xff; }")
    (folder / "b.nix").write_text("\ufeff{ a = 1; }")
    (folder / "c.nix").write_text("{\r\n\ta = 1;\r\n}")
    (folder / "d.nix").write_text("{ a = ")
    (folder / "e.nix").write_text(f'{{ a = "{"x" * 2**20}"; }}')
    (folder / "loop").symlink_to(folder)
    ran = capsule("nixos", "validate", "-c", str(folder), "--json", home=tmp_path / "home")
    assert ran.code in (0, 10)
    if ran.data["level"]:
        assert {Path(f["file"]).name for f in ran.data["findings"]} >= {"a.nix", "d.nix"}
