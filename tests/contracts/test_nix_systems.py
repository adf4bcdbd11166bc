"""What everything that evaluates systems does: the fake, and Nix over a nixpkgs of a few lines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from capsule_adapters.nix.systems import NixosSystems
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.nix_systems import NixSystems
from tests.fakes.nix_systems import FakeNixSystems
from tests.tools import ROOT, needs_tool

NIXPKGS = str(ROOT / "tests" / "nix" / "systems_nixpkgs")
MAKERS: dict[str, Callable[[], NixSystems]] = {
    "fake": lambda: FakeNixSystems(folders=(NIXPKGS,)),
    "nix": NixosSystems,
}


@pytest.fixture(params=MAKERS)
def systems(request: pytest.FixtureRequest) -> NixSystems:
    if request.param == "nix":
        needs_tool("nix-instantiate")
    return MAKERS[request.param]()


def silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


def test_a_folder_is_a_nixpkgs_or_refused(systems: NixSystems, tmp_path: Path) -> None:
    assert systems.nixpkgs(NIXPKGS, silent) == NIXPKGS
    with pytest.raises(ConfigurationError, match="is no nixpkgs"):
        systems.nixpkgs(str(tmp_path), silent)


def test_every_host_is_reported_in_the_order_of_names(systems: NixSystems, tmp_path: Path) -> None:
    files = {}
    for host in ("web-2", "web-1"):
        (tmp_path / host).mkdir()
        (tmp_path / host / "configuration.nix").write_text("{ }")
        files[host] = str(tmp_path / host / "configuration.nix")
    source = SystemsSource(files=files)
    report = systems.evaluate(source, nixpkgs=NIXPKGS, progress=silent)
    assert [system.host for system in report.systems] == ["web-1", "web-2"]
    for system in report.systems:
        assert system.derivation
        assert system.derivation.startswith("/nix/store/")
        assert (system.assertions, system.warnings, system.fault) == ((), (), None)
    assert (report.left_out, report.stubbed) == ((), ())
