"""The built-in sprouts and profiles: whole, known to nixpkgs, and true in what they say."""

import re
from pathlib import Path

import pytest

from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.sprout import CATEGORY
from capsule_domain.models.stack import Platform
from capsule_domain.services.compose import Compose
from tests.fakes.presets import profile_of
from tests.presets.module import module
from tests.presets.nixpkgs import is_in_nixpkgs
from tests.tools import ROOT

PRESETS = BuiltinPresets()
SPROUTS = PRESETS.sprouts()
PROFILES = PRESETS.profiles()
SOUND = 'name = "mine"\nsummary = "my own tool"\npackages = ["jq"]\nnext = "jq ."\n'


def planted(name: str) -> Environment:
    return Compose(PRESETS).resolve(profile_of(SPROUTS[name]))


def own(home: Path, text: str, name: str = "mine.toml") -> Path:
    folder = home / "presets" / "sprouts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def test_the_nine_sprouts_are_there() -> None:
    assert set(SPROUTS) == {
        "claude-code",
        "code-server",
        "jupyter",
        "k3s",
        "nginx",
        "ollama",
        "postgres",
        "redis",
        "tailscale",
    }


def test_the_six_profiles_bring_what_they_are_for() -> None:
    brought = {
        name: {entry.stack.name for entry in Compose(PRESETS).resolve(profile).stacks} - {"base"}
        for name, profile in PROFILES.items()
    }
    assert brought == {
        "dev": {"python", "nodejs", "docker", "github", "cli-tools"},
        "minimal": set(),
        "ml": {"python", "ml", "ollama"},
        "ml-gpu": {"python", "ml", "ollama", "cuda"},
        "prod": {"webserver", "security", "monitoring"},
        "web": {"nodejs", "docker", "github"},
    }
    assert PROFILES["minimal"].packages == ("htop", "tmux")
    assert all(profile.summary for profile in PROFILES.values())


@pytest.mark.parametrize("name", PROFILES)
def test_every_package_of_a_profile_is_in_nixpkgs(name: str) -> None:
    for package in Compose(PRESETS).resolve(PROFILES[name]).packages:
        assert is_in_nixpkgs(package), package


@pytest.mark.parametrize("name", SPROUTS)
def test_every_package_of_a_sprout_is_in_nixpkgs(name: str) -> None:
    for package in (*SPROUTS[name].packages, *planted(name).packages):
        assert is_in_nixpkgs(package), package


@pytest.mark.parametrize("name", SPROUTS)
def test_a_sprout_runs_and_opens_what_it_says_and_tells_what_to_do_then(name: str) -> None:
    sprout, environment = SPROUTS[name], planted(name)
    assert environment.services == sprout.services
    assert environment.ports == sprout.ports
    assert sprout.summary
    assert sprout.next
    assert "\n" not in sprout.summary + sprout.next


@pytest.mark.parametrize("name", SPROUTS)
def test_every_sprout_is_told_in_the_guide(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "docs" / "stacks.md").read_text()


@pytest.mark.parametrize("name", [s.name for s in SPROUTS.values() if s.module])
def test_the_guide_tells_every_option_of_a_sprout_and_no_other(name: str, tmp_path: Path) -> None:
    declared = {f"capsule.{name}.{option}" for option in module(name, tmp_path)["options"]}
    guide = (ROOT / "docs" / "stacks.md").read_text()
    told = re.findall(rf"^\| `(capsule\.{re.escape(name)}\.\w+)`", guide, re.MULTILINE)
    assert sorted(told) == sorted(declared - {f"capsule.{name}.enable"})


def test_a_sprout_that_is_not_free_allows_itself_and_nothing_else() -> None:
    assert planted("claude-code").unfree == ("claude-code",)
    assert [name for name in SPROUTS if planted(name).unfree] == ["claude-code"]


def test_a_sprout_with_a_module_is_a_stack_that_a_profile_can_name() -> None:
    [base, k3s] = Compose(PRESETS).resolve(Profile(name="p", stacks=("k3s",))).stacks
    assert base.stack.name == "base"
    assert k3s.stack.category == CATEGORY
    assert k3s.stack.module == SPROUTS["k3s"].module
    assert "k3s" not in PRESETS.stacks()
    assert Compose(PRESETS).stacks()["k3s"] == k3s.stack


def test_what_is_for_linux_only_is_said_when_a_profile_is_resolved() -> None:
    macs = (Platform.AARCH64_DARWIN, Platform.X86_64_DARWIN)
    assert planted("k3s").unsupported == dict.fromkeys(macs, ("k3s",))
    gpu = Compose(PRESETS).resolve(PROFILES["ml-gpu"])
    assert gpu.unsupported == dict.fromkeys(macs, ("cuda",))
    assert list(gpu.limited) == ["cudaPackages.cudatoolkit"]


def test_a_sprout_of_ones_own_is_read_and_overrides_a_built_in_one(tmp_path: Path) -> None:
    own(tmp_path, SOUND)
    own(tmp_path, SOUND.replace("mine", "k3s"), "k3s.toml")
    sprouts = BuiltinPresets(tmp_path).sprouts()
    assert sprouts["mine"].packages == ("jq",)
    assert sprouts["k3s"].module is None
    assert set(sprouts) == {*SPROUTS, "mine"}


def test_a_sprout_of_ones_own_may_have_a_module(tmp_path: Path) -> None:
    own(tmp_path, "{ }\n", "mine.nix")
    own(tmp_path, SOUND)
    assert BuiltinPresets(tmp_path).sprouts()["mine"].module == "{ }\n"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("packages", "pakages", 3, "unknown key pakages; did you mean packages?"),
        ('"jq"', '"${x}"', 3, "packages.0: not a nixpkgs attribute path"),
        ('"mine"', '"other"', 1, "name is 'other', but its place says 'mine'"),
        ("next", "module", 4, "unknown key module"),
        ('next = "jq ."', 'unfree = ["a*"]', 4, "unfree.0: not the name of one package"),
        ('next = "jq ."', "", None, "next: field required"),
    ],
)
def test_a_broken_sprout_is_told_with_its_file_and_line(
    tmp_path: Path, old: str, new: str, line: int | None, said: str
) -> None:
    file = own(tmp_path, SOUND.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        BuiltinPresets(tmp_path).sprouts()
    assert said in caught.value.message
    assert caught.value.file == str(file)
    assert caught.value.line == line
