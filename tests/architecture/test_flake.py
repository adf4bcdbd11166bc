"""flake.nix, as far as it can be read without a store or a network."""

import subprocess
import tomllib

from tests.tools import ROOT, needs_tool


def test_nix_reads_the_flake() -> None:
    parsed = subprocess.run(
        [needs_tool("nix-instantiate"), "--parse", ROOT / "flake.nix"],
        env={"HOME": "/nonexistent", "NIX_REMOTE": "dummy://", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert parsed.returncode == 0, parsed.stderr


def test_the_flake_carries_every_dependency_of_the_project() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    flake = (ROOT / "flake.nix").read_text(encoding="utf-8")
    for line in document["project"]["dependencies"]:
        name = line.split(">=")[0].lower()
        assert f" {name}\n" in flake, f"{name} is not in flake.nix"
