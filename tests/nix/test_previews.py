"""The previews of an environment: what they build, for whom, from which nixpkgs."""

from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.nix.literal import nix_literal
from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.nix.tool import NixCommand
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.models.nixos import PreviewFormat
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.stack import NixpkgsFlag, Platform, Stack
from capsule_domain.services.compose import Compose
from tests.fakes.presets import FakePresets, profile_of, stack
from tests.nix.nix import evaluate, evaluate_aloud
from tests.tools import ROOT, needs_tool

STUB = ROOT / "tests" / "nix"
LINUX = (Platform.AARCH64_LINUX, Platform.X86_64_LINUX)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def resolved(profile: Profile, *stacks: Stack) -> Environment:
    return Compose(FakePresets(stacks)).resolve(profile)


def every_environment() -> dict[str, Environment]:
    """Each profile, each stack alone, each sprout, and everything together."""
    presets = BuiltinPresets()
    stacks = presets.stacks()
    profiles = [
        *presets.profiles().values(),
        *(Profile(name=f"stack-{name}", stacks=(name,)) for name in stacks),
        *(profile_of(s, f"sprout-{s.name}") for s in presets.sprouts().values()),
        Profile(name="everything", stacks=tuple(stacks)),
    ]
    return {profile.name: Compose(presets).resolve(profile) for profile in profiles}


def nixpkgs(environment: Environment, **about: object) -> str:
    """A nixpkgs that has what the environment asks for."""
    arguments = {
        "packages": environment.packages,
        "python": environment.python_packages,
        **about,
    }
    return f"import {nix_literal(STUB / 'nixpkgs.nix')} {nix_literal(arguments)}"


def flake(environment: Environment, folder: Path, **about: object) -> tuple[Any, list[str]]:
    """The flake of an environment: its inputs and outputs, and what it said."""
    sources = folder / "nixpkgs"
    sources.mkdir(exist_ok=True)
    (sources / "default.nix").write_text(nixpkgs(environment, **about))
    text = folder / "flake.nix"
    text.write_text(JinjaNixRenderer().preview(environment, PreviewFormat.FLAKE))
    expression = f"""
      let
        flake = import {nix_literal(text)};
        sources = {{
          outPath = {nix_literal(sources)};
          lib = import {nix_literal(STUB / "lib.nix")};
        }};
      in
      {{
        inherit (flake) description inputs;
        outputs = flake.outputs {{ self = {{ }}; nixpkgs = sources; }};
      }}"""
    return evaluate_aloud(expression, folder)


def test_every_preview_of_everything_built_in_is_sound_nix(tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    renderer = JinjaNixRenderer()
    files = []
    for name, environment in every_environment().items():
        for form in PreviewFormat:
            files.append(tmp_path / f"{name}-{form}.nix")
            files[-1].write_text(renderer.preview(environment, form))
    assert len(files) == (6 + 16 + 9 + 1) * len(PreviewFormat)
    assert NixCommand().parse(files) == []


@pytest.mark.parametrize("form", PreviewFormat)
def test_the_same_profile_gives_the_same_bytes(form: PreviewFormat) -> None:
    first, second = every_environment(), every_environment()
    for name, environment in first.items():
        text = JinjaNixRenderer().preview(environment, form)
        assert text == JinjaNixRenderer().preview(second[name], form)
        assert text.endswith("}\n")
        assert "\n\n\n" not in text
        assert " \n" not in text


def test_the_flake_builds_one_environment_with_one_python(tmp_path: Path) -> None:
    environment = Compose(BuiltinPresets()).resolve(BuiltinPresets().profiles()["ml"])
    found, said = flake(environment, tmp_path)
    systems = {"aarch64-darwin", "aarch64-linux", "x86_64-darwin", "x86_64-linux"}
    assert set(found["outputs"]["packages"]) == set(found["outputs"]["devShells"]) == systems
    for system in systems:
        built = found["outputs"]["packages"][system]["default"]
        python = [path for path in built["paths"] if path.startswith("python3 with ")]
        assert python == [f"python3 with {' '.join(environment.python_packages)}"]
        assert {"numpy", "black"} <= set(environment.python_packages)
        assert built["paths"] == [*environment.packages, *python]
        assert found["outputs"]["devShells"][system]["default"]["packages"] == built["paths"]
    assert said == []


def test_the_environment_links_what_people_use_and_manuals(tmp_path: Path) -> None:
    environment = resolved(Profile(name="p", packages=("jq",)))
    built = flake(environment, tmp_path)[0]["outputs"]["packages"]["x86_64-linux"]["default"]
    assert built == {
        "name": "capsule-p",
        "paths": ["git", "jq"],
        "pathsToLink": ["/bin", "/etc", "/lib", "/share"],
        "extraOutputsToInstall": ["man"],
    }


@pytest.mark.parametrize("form", [PreviewFormat.ENV, PreviewFormat.SHELL, PreviewFormat.HOME])
def test_what_does_not_work_on_a_platform_is_left_out_and_that_is_said(
    form: PreviewFormat, tmp_path: Path
) -> None:
    environment = resolved(
        Profile(name="p", packages=("gdb", "strace", "valgrind")),
        stack("a", python_packages=("numpy",)),
    )
    text = tmp_path / "preview.nix"
    text.write_text(JinjaNixRenderer().preview(environment, form))
    pkgs = nixpkgs(environment, platforms={"strace": ["x86_64-linux"]}, broken=["valgrind"])
    call = f'import {nix_literal(text)} {{ pkgs = {pkgs} {{ system = "aarch64-darwin"; }}; }}'
    found, said = evaluate_aloud(call, tmp_path)
    where = {"env": "paths", "shell": "packages"}.get(form)
    assert (found[where] if where else [p["pname"] for p in found["home"]["packages"]]) == [
        "gdb",
        "git",
    ]
    assert said == [
        f"warning: capsule: {name} does not work on aarch64-darwin and is left out"
        for name in ("strace", "valgrind")
    ]


def test_what_a_stack_for_linux_brings_is_not_even_looked_at_elsewhere(tmp_path: Path) -> None:
    environment = resolved(
        Profile(name="p", stacks=("gpu", "every")),
        stack("every", packages=("jq",), python_packages=("numpy",)),
        stack(
            "gpu",
            packages=("cudaPackages.toolkit", "jq"),
            python_packages=("cupy", "numpy"),
            platforms=LINUX,
        ),
    )
    # A toolkit that says nothing of platforms, as merged ones in nixpkgs do.
    everywhere = [str(platform) for platform in Platform]
    found, said = flake(environment, tmp_path, platforms={"cudaPackages.toolkit": everywhere})
    paths = {s: built["default"]["paths"] for s, built in found["outputs"]["packages"].items()}
    assert paths["x86_64-linux"] == ["cudaPackages.toolkit", "git", "jq", "python3 with cupy numpy"]
    assert paths["aarch64-linux"] == paths["x86_64-linux"]
    assert paths["aarch64-darwin"] == ["git", "jq", "python3 with numpy"]
    assert {line for line in said if "aarch64-darwin" in line} == {
        f"warning: capsule: {name} does not work on aarch64-darwin and is left out"
        for name in ("cudaPackages.toolkit", "python3Packages.cupy")
    }
    assert not [line for line in said if "linux" in line]


def test_licences_are_allowed_by_name_and_flags_set_where_they_work(tmp_path: Path) -> None:
    flags = (NixpkgsFlag.CUDA_SUPPORT,)
    gpu = stack("gpu", packages=("toolkit",), platforms=LINUX, nixpkgs_flags=flags)
    environment = resolved(Profile(name="p", stacks=("gpu",), unfree=("toolkit",)), gpu)
    text = JinjaNixRenderer().preview(environment, PreviewFormat.FLAKE)
    (tmp_path / "flake.nix").write_text(text)
    expression = f"""
      let
        sources = {{
          outPath = {nix_literal(tmp_path / "nixpkgs")};
          lib = import {nix_literal(STUB / "lib.nix")};
        }};
        outputs = (import {nix_literal(tmp_path / "flake.nix")}).outputs {{ nixpkgs = sources; }};
        ask = system: let inherit (outputs.packages.${{system}}.default) config; in {{
          inherit (config) cudaSupport;
          allowed = map config.allowUnfreePredicate [ {{ pname = "toolkit"; }} {{ pname = "x"; }} ];
        }};
      in
      map ask [ "x86_64-linux" "aarch64-darwin" ]"""
    (tmp_path / "nixpkgs").mkdir()
    bare = f"arguments: ({nixpkgs(environment)} arguments) // {{ buildEnv = _: arguments; }}"
    (tmp_path / "nixpkgs" / "default.nix").write_text(bare)
    assert evaluate(expression, tmp_path) == [
        {"cudaSupport": True, "allowed": [True, False]},
        {"cudaSupport": False, "allowed": [True, False]},
    ]


@pytest.mark.parametrize(
    ("pin", "has_intel_macs"),
    [
        ("nixos-25.11", True),
        ("nixos-26.05", True),
        ("nixpkgs-26.05-darwin", True),
        ("nixos-26.11", False),
        ("nixos-unstable", False),
        (COMMIT, False),
    ],
)
def test_a_pin_says_which_nixpkgs_and_so_for_which_systems(
    pin: str, tmp_path: Path, *, has_intel_macs: bool
) -> None:
    environment = resolved(Profile(name="p", pins={"nixpkgs": pin}))
    found, _ = flake(environment, tmp_path)
    assert found["inputs"] == {"nixpkgs": {"url": f"github:NixOS/nixpkgs/{pin}"}}
    assert ("x86_64-darwin" in found["outputs"]["packages"]) is has_intel_macs
    for form in (PreviewFormat.ENV, PreviewFormat.SHELL):
        text = JinjaNixRenderer().preview(environment, form)
        archive = f"https://github.com/NixOS/nixpkgs/archive/{pin}.tar.gz"
        assert f'import (builtins.fetchTarball "{archive}") {{' in text


def test_without_a_pin_the_flake_takes_the_release_and_the_others_nix_path(tmp_path: Path) -> None:
    environment = resolved(Profile(name="p"))
    found, _ = flake(environment, tmp_path)
    assert found["inputs"] == {"nixpkgs": {"url": "github:NixOS/nixpkgs/nixos-26.05"}}
    for form in (PreviewFormat.ENV, PreviewFormat.SHELL):
        assert "import <nixpkgs> {" in JinjaNixRenderer().preview(environment, form)
