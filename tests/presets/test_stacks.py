"""The built-in stacks: each folder whole, and everything in it known to nixpkgs."""

import re
from pathlib import Path

import pytest

from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_adapters.presets.root import presets_root
from tests.nix.nix import evaluate
from tests.presets.module import module
from tests.presets.nixos_options import fits, kind_at, set_in_nixos
from tests.presets.nixpkgs import is_in_nixpkgs

STACKS = BuiltinPresets().stacks()
MODULES = [*STACKS, *(s.name for s in BuiltinPresets().sprouts().values() if s.module)]


@pytest.mark.parametrize("name", STACKS)
def test_a_stacks_folder_is_whole(name: str) -> None:
    folder = presets_root() / "stacks" / name
    assert {"README.md", "module.nix", "preset.toml"} <= {e.name for e in folder.iterdir()}
    readme = (folder / "README.md").read_text()
    assert readme.startswith(f"# {name}\n")
    for section in ("## What you get", "## Options", "## Example"):
        assert section in readme


def test_the_fifteen_stacks_and_base_are_there() -> None:
    by_category: dict[str, set[str]] = {}
    for stack in STACKS.values():
        by_category.setdefault(stack.category, set()).add(stack.name)
    assert by_category == {
        "ai": {"cuda", "ml", "ollama"},
        "base": {"base"},
        "infrastructure": {"database", "docker", "webserver"},
        "languages": {"golang", "nodejs", "python", "rust"},
        "security": {"monitoring", "security"},
        "tools": {"cli-tools", "devtools", "github"},
    }
    assert {s.name: s.requires for s in STACKS.values() if s.requires} == {
        "cuda": ("ml",),
        "ml": ("python",),
    }


@pytest.mark.parametrize("name", STACKS)
def test_every_package_of_a_stack_is_in_nixpkgs(name: str) -> None:
    for package in STACKS[name].packages:
        assert is_in_nixpkgs(package), package


@pytest.mark.parametrize("name", MODULES)
def test_a_module_declares_its_own_options_only_each_with_type_and_words(
    name: str, tmp_path: Path
) -> None:
    found = module(name, tmp_path)
    assert found["roots"] == ["capsule"]
    assert "enable" in found["options"]
    for option in found["options"].values():
        assert option["isOption"]
        assert fits(option["type"], option["default"])
        assert str(option["description"]).strip().endswith(".")


@pytest.mark.parametrize("name", STACKS)
def test_the_readme_of_a_stack_tells_every_option_and_no_other(name: str, tmp_path: Path) -> None:
    declared = {f"capsule.{name}.{option}" for option in module(name, tmp_path)["options"]}
    readme = (presets_root() / "stacks" / name / "README.md").read_text()
    table = re.findall(r"^\| `(capsule\.[\w.-]+)`", readme, re.MULTILINE)
    assert sorted(table) == sorted(declared)


@pytest.mark.parametrize("name", STACKS)
def test_the_example_of_a_readme_is_sound_nix(name: str, tmp_path: Path) -> None:
    readme = (presets_root() / "stacks" / name / "README.md").read_text()
    example = re.search(r"```nix\n(.*?)```", readme, re.DOTALL)
    assert example
    assert evaluate(f"builtins.typeOf ({example[1]})", tmp_path) in ("set", "lambda")


@pytest.mark.parametrize("name", MODULES)
def test_every_option_that_a_module_sets_is_known_to_nixos_and_its_value_fits(
    name: str, tmp_path: Path
) -> None:
    settings = list(set_in_nixos(module(name, tmp_path)["config"]))
    assert settings
    for path, value in settings:
        kind = kind_at(path)
        assert kind is not None, ".".join(path)
        assert fits(kind, value), f"{'.'.join(path)} is a {kind}"


@pytest.mark.parametrize("name", STACKS)
def test_the_ports_that_a_module_opens_are_those_of_its_preset(name: str, tmp_path: Path) -> None:
    config = module(name, tmp_path)["config"]
    opened = config.get("networking", {}).get("firewall", {}).get("allowedTCPPorts", [])
    assert tuple(opened) == STACKS[name].ports
