"""What is shipped works away from the checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.tools import ROOT

LISTING = """
import json, sys
import capsule_adapters, capsule_cli, capsule_domain
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_adapters.presets.catalogue import TomlCatalogue

presets = BuiltinPresets(None)
print(json.dumps({
    "from": [p.__file__ for p in (capsule_adapters, capsule_cli, capsule_domain)],
    "stacks": sorted(presets.stacks()),
    "profiles": sorted(presets.profiles()),
    "providers": sorted(TomlCatalogue().providers()),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built as installing builds it: without a network."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    built = subprocess.run(
        [*command, "--directory", str(out)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages that holds the wheel's and no checkout of ours."""
    packages = tmp_path_factory.mktemp("packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    return packages


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_an_installed_wheel_lists_what_the_checkout_ships(installed: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", LISTING],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    listed = json.loads(told.stdout)
    assert all(Path(file).is_relative_to(installed) for file in listed["from"])
    presets = ROOT / "presets"
    assert listed["stacks"] == sorted(p.parent.name for p in presets.glob("stacks/*/preset.toml"))
    assert listed["profiles"] == sorted(p.stem for p in presets.glob("profiles/*.toml"))
    assert set(listed["providers"]) <= {p.stem for p in presets.glob("catalogue/*.toml")}
    assert "base" in listed["stacks"]
    assert "digitalocean" in listed["providers"]


def test_the_wheel_carries_every_file_of_the_packages_and_the_presets(wheel: Path) -> None:
    names = names_in(wheel)
    sources = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    presets = {
        f"capsule_adapters/presets/data/{path.relative_to(ROOT / 'presets')}"
        for path in (ROOT / "presets").rglob("*")
        if path.is_file()
    }
    assert sources | presets <= names


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    packages = ("capsule_domain/", "capsule_adapters/", "capsule_cli/")
    foreign = {name for name in names_in(wheel) if not name.startswith(packages)}
    assert all(".dist-info/" in name for name in foreign), foreign


def test_every_package_says_that_it_is_typed(wheel: Path) -> None:
    for package in ("capsule_domain", "capsule_adapters", "capsule_cli"):
        assert f"{package}/py.typed" in names_in(wheel)
