"""Systems evaluated by real Nix, with a nixpkgs that is a few lines."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from capsule_adapters.nix.faults import read_fault
from capsule_adapters.nix.systems import NixosSystems, systems_at_a_time
from capsule_domain.errors import HostUnreachable, NixFailed, ToolMissing
from capsule_domain.models.systems import SystemsReport, SystemsSource
from tests.nix.offline import offline_nix
from tests.tools import ROOT, needs_tool

NIXPKGS = str(ROOT / "tests" / "nix" / "systems_nixpkgs")


GIB = 2**30


def silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


class CountingNix:
    """A nix-instantiate in `folder` that notes each of its starts, and is the real one."""

    def __init__(self, folder: Path) -> None:
        real = needs_tool("nix-instantiate")
        self._log = folder / "starts"
        (folder / "bin").mkdir()
        program = folder / "bin" / "nix-instantiate"
        program.write_text(f'#!/bin/sh\necho >> "{self._log}"\nexec {real} "$@"\n')
        program.chmod(0o755)
        self.path = f"{folder / 'bin'}:{os.environ['PATH']}"

    @property
    def starts(self) -> int:
        return len(self._log.read_text().splitlines())


def fleet(folder: Path, texts: Sequence[str]) -> SystemsSource:
    """A folder for each host, called h00, h01 and so on."""
    files = {}
    for number, text in enumerate(texts):
        host = folder / "hosts" / f"h{number:02}"
        host.mkdir(parents=True)
        (host / "configuration.nix").write_text(text)
        files[host.name] = str(host / "configuration.nix")
    return SystemsSource(files=files)


def evaluate(folder: Path, *texts: str) -> tuple[SystemsReport, int]:
    nix = CountingNix(folder)
    systems = NixosSystems(
        environment={**os.environ, "PATH": nix.path}, memory_bytes=lambda: 64 * GIB
    )
    source = fleet(folder, texts)
    return systems.evaluate(source, nixpkgs=NIXPKGS, progress=silent), nix.starts


def test_fifty_hosts_take_two_starts_of_nix(tmp_path: Path) -> None:
    report, starts = evaluate(tmp_path, *['{ ... }: { host = "h"; }'] * 50)
    assert starts == 2
    assert len(report.systems) == 50
    assert all(system.derivation for system in report.systems)
    assert report.left_out == ()


@pytest.mark.parametrize(
    ("memory_bytes", "systems"), [(0, 5), (4 * GIB, 5), (8 * GIB, 12), (64 * GIB, 25)]
)
def test_how_many_at_a_time_is_for_the_memory_to_say(memory_bytes: int, systems: int) -> None:
    assert systems_at_a_time(memory_bytes) == systems


def test_those_that_fail_take_one_start_more_each_and_not_without_end(tmp_path: Path) -> None:
    good, bad = "{ }", '{ warnings = throw "unfinished"; }'
    report, starts = evaluate(tmp_path, good, bad, *[good] * 20, bad, good)
    assert starts == 3
    faults = {system.host: system.fault for system in report.systems if system.fault}
    assert sorted(faults) == ["h01", "h22"]
    assert len(report.systems) == 24


def test_a_fleet_that_fails_whole_is_given_up_after_five(tmp_path: Path) -> None:
    report, starts = evaluate(tmp_path, *['{ warnings = throw "no"; }'] * 50)
    assert starts == 5
    assert (len(report.systems), len(report.left_out)) == (5, 45)


def test_assertions_and_warnings_are_reported_as_they_are(tmp_path: Path) -> None:
    text = """{
      assertions = [
        { assertion = true; message = "holds"; }
        { assertion = false; message = "a \\"quoted\\"\\nmessage with ${"$"}{x}"; }
      ];
      warnings = [ "old and grey" ];
    }"""
    [system] = evaluate(tmp_path, text)[0].systems
    assert system.assertions == ('a "quoted" message with ${x}',)
    assert system.warnings == ("old and grey",)
    assert (system.derivation, system.fault) == (None, None)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('{ ... }:\n{\n  warnings = throw "a reason";\n}', "a reason", None),
        ("{ config, ... }:\n{\n  warnings = config.warnings;\n}", "infinite recursion", 3),
        ("{\n  imports = [ ./gone.nix ];\n}", "gone.nix", None),
        ("{ config, ... }:\n{\n  warnings = config.absent.x;\n}", "attribute 'absent' missing", 3),
        ("{\n  warnings = [ (1 + true) ];\n}", "Boolean", 2),
    ],
)
def test_a_fault_has_nixs_own_words_and_the_place_in_the_persons_file(
    tmp_path: Path, text: str, message: str, line: int | None
) -> None:
    [system] = evaluate(tmp_path, text)[0].systems
    assert system.fault is not None
    assert message in system.fault.message
    if line is not None:
        assert system.fault.file == str(tmp_path / "hosts" / "h00" / "configuration.nix")
        assert system.fault.line == line


def flake(folder: Path, inputs: str, outputs: str) -> SystemsSource:
    (folder / "flake.nix").write_text(f"{{ inputs = {inputs}; outputs = {outputs}; }}")
    return SystemsSource(flake=str(folder))


def test_a_flake_without_a_lock_is_evaluated_with_the_nixpkgs_that_is_here(tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    source = flake(
        tmp_path,
        '{ nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05"; home-manager.url = "github:a/b"; }',
        """{ self, nixpkgs, home-manager, ... }@inputs: {
          nixosConfigurations.web-1 = nixpkgs.lib.nixosSystem {
            specialArgs = { inherit inputs; };
            modules = [
              home-manager.nixosModules.home-manager
              { host = "web-1"; warnings = [ (self.rev or "no revision") ]; }
            ];
          };
        }""",
    )
    report = NixosSystems().evaluate(source, nixpkgs=NIXPKGS, progress=silent)
    [system] = report.systems
    assert system.derivation is not None
    assert (system.host, system.warnings) == ("web-1", ("no revision",))
    assert report.stubbed == ("home-manager",)
    assert not (tmp_path / "flake.lock").exists()


def test_an_input_that_nobody_locked_is_a_fault_that_names_it(tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    source = flake(
        tmp_path,
        '{ nixpkgs.url = "github:NixOS/nixpkgs"; mine.url = "github:me/mine"; }',
        "{ nixpkgs, mine, ... }: { nixosConfigurations = mine.systems; }",
    )
    [system] = NixosSystems().evaluate(source, nixpkgs=NIXPKGS, progress=silent).systems
    assert system.fault is not None
    assert "nobody locked its input mine" in system.fault.message


def test_a_locked_flake_needs_no_nixpkgs_of_this_machine(tmp_path: Path) -> None:
    environment = {**os.environ, **offline_nix(tmp_path)}
    folder = tmp_path / "with a space"
    folder.mkdir()
    source = flake(
        folder,
        "{ }",
        """{ self }: {
          nixosConfigurations.web-1.config = {
            assertions = [ ];
            warnings = [ "locked" ];
            system.build.toplevel = derivation { name = "x"; system = "s"; builder = "b"; };
          };
        }""",
    )
    (folder / "flake.lock").write_text('{"nodes":{"root":{}},"root":"root","version":7}')
    locked = source.model_copy(update={"locked": True})
    systems = NixosSystems(environment=environment)
    [system] = systems.evaluate(locked, nixpkgs=None, progress=silent).systems
    assert (system.host, system.warnings) == ("web-1", ("locked",))
    assert system.derivation is not None


def test_a_plan_says_what_would_be_built_and_builds_nothing(tmp_path: Path) -> None:
    needs_tool("nix-build")
    systems = NixosSystems(environment={**os.environ, **offline_nix(tmp_path)})
    source = fleet(tmp_path, ['{ host = "a"; }', '{ host = "b"; }'])
    plan = systems.plan(source, nixpkgs=NIXPKGS, progress=silent)
    assert sorted(plan.build) == ["nixos-system-a", "nixos-system-b"]
    assert plan.fetch == 0
    assert not list((tmp_path / "nix" / "store").glob("*-nixos-system-a"))


def test_caches_that_do_not_answer_make_no_plan(tmp_path: Path) -> None:
    (tmp_path / "nix-build").write_text(
        "#!/bin/sh\necho \"warning: unable to download 'x': Couldn't resolve host\" >&2\n"
    )
    (tmp_path / "nix-build").chmod(0o755)
    systems = NixosSystems(environment={"PATH": f"{tmp_path}:/usr/bin:/bin"}, places=())
    with pytest.raises(HostUnreachable, match="caches do not answer"):
        systems.plan(SystemsSource(), nixpkgs=None, progress=silent)


def test_without_nix_it_is_missing(tmp_path: Path) -> None:
    systems = NixosSystems(environment={"PATH": ""}, places=())
    with pytest.raises(ToolMissing):
        systems.evaluate(fleet(tmp_path, ["{ }"]), nixpkgs=NIXPKGS, progress=silent)


def test_nixpkgs_is_the_folder_that_is_named_or_the_one_on_nixs_path() -> None:
    needs_tool("nix-instantiate")
    # Where Nix is a daemon's, it may not run: looking up a path needs no store.
    offline = {**os.environ, "NIX_REMOTE": "dummy://"}
    there = NixosSystems(environment={**offline, "NIX_PATH": f"nixpkgs={NIXPKGS}"})
    assert there.nixpkgs(None, silent) == NIXPKGS
    assert NixosSystems(environment={**offline, "NIX_PATH": ""}).nixpkgs(None, silent) is None
    assert there.nixpkgs(NIXPKGS, silent) == NIXPKGS


def test_a_nix_that_breaks_before_any_system_is_an_error_of_nix(tmp_path: Path) -> None:
    (tmp_path / "nix-instantiate").write_text(
        '#!/bin/sh\necho "error: cannot connect to socket at x" >&2\nexit 1\n'
    )
    (tmp_path / "nix-instantiate").chmod(0o755)
    systems = NixosSystems(environment={"PATH": f"{tmp_path}:/usr/bin:/bin"}, places=())
    with pytest.raises(NixFailed, match="cannot connect"):
        systems.evaluate(fleet(tmp_path, ["{ }"]), nixpkgs=NIXPKGS, progress=silent)


def test_the_words_of_a_newer_nix_are_understood_too() -> None:
    lines = [
        "error:",
        "       … while evaluating the attribute 'config'",
        "         at /nixpkgs/lib/modules.nix:1:2:",
        "            1|   x",
        "       … while evaluating the option `services.nginx.enabel'",
        "         at /c/web/configuration.nix:7:3:",
        "       error: The option `services.nginx.enabel' does not exist. Definition values:",
        "       - In `/c/web/configuration.nix': true",
    ]
    fault = read_fault(lines, ["/c/web"])
    assert fault.message.startswith("The option `services.nginx.enabel' does not exist.")
    assert (fault.file, fault.line) == ("/c/web/configuration.nix", None)
    assert fault.option == "services.nginx.enabel"
    assert read_fault(lines[:6], ["/c"]).message == "at /c/web/configuration.nix:7:3:"
    assert read_fault([], ["/c"]).message == "nix says nothing of the reason"
