"""Stacks of one's own, and every way in which a preset may be broken."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_adapters.presets.toml import line_of
from capsule_domain.errors import ConfigurationError, StoreError

SOUND = 'name = "mine"\ncategory = "tools"\nsummary = "my own tools"\npackages = ["jq"]\n'


def own_stack(home: Path, text: str, name: str = "mine") -> Path:
    folder = home / "presets" / "stacks" / name
    folder.mkdir(parents=True)
    (folder / "preset.toml").write_text(text)
    return folder


def refusal(home: Path) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        BuiltinPresets(home).stacks()
    assert "\n" not in caught.value.message
    return caught.value


def test_a_stack_of_ones_own_is_read_like_a_built_in_one(tmp_path: Path) -> None:
    folder = own_stack(tmp_path, SOUND)
    (folder / "module.nix").write_text("{ }\n")
    mine = BuiltinPresets(tmp_path).stacks()["mine"]
    assert mine.packages == ("jq",)
    assert mine.module == "{ }\n"


def test_a_stack_of_ones_own_overrides_the_built_in_one_as_a_whole(tmp_path: Path) -> None:
    own_stack(tmp_path, SOUND.replace("mine", "docker"), "docker")
    docker = BuiltinPresets(tmp_path).stacks()["docker"]
    assert docker.packages == ("jq",)
    assert docker.module is None
    assert docker.services == ()


def test_a_home_without_presets_has_the_built_in_ones(tmp_path: Path) -> None:
    assert BuiltinPresets(tmp_path / "absent").stacks() == BuiltinPresets().stacks()


def test_stray_and_hidden_entries_are_not_stacks(tmp_path: Path) -> None:
    own_stack(tmp_path, SOUND)
    (tmp_path / "presets" / "stacks" / "notes.txt").write_text("buy milk")
    (tmp_path / "presets" / "stacks" / ".git").mkdir()
    assert "mine" in BuiltinPresets(tmp_path).stacks()


@pytest.mark.parametrize(
    ("line", "number", "said"),
    [
        ('pakages = ["jq"]', 5, "unknown key pakages; did you mean packages?"),
        ('module = "{ }"', 5, "unknown key module"),
        ('packages = "jq"', 4, "packages: input should be a valid tuple"),
        ('packages = ["jq; rm -rf /"]', 4, "packages.0: not a nixpkgs attribute path"),
        ('platforms = ["x86_64-windows"]', 5, "platforms.0: input should be 'aarch64-darwin'"),
        ('nixpkgs_flags = ["allowUnfree"]', 5, "nixpkgs_flags.0: input should be 'cudaSupport'"),
        ("ports = [70000]", 5, "ports.0: input should be less than or equal to 65535"),
        ("ports = [", 5, "not TOML: invalid"),
        ("== 1", 5, "not TOML: invalid statement"),
        ('name = "other"', 5, "not TOML: cannot overwrite a value"),
    ],
)
def test_a_broken_preset_is_told_with_its_file_and_line(
    tmp_path: Path, line: str, number: int, said: str
) -> None:
    text = SOUND
    if line.startswith("packages"):
        text = text.replace('packages = ["jq"]\n', "")
    folder = own_stack(tmp_path, f"{text}{line}\n")
    error = refusal(tmp_path)
    assert error.message.startswith(f"{folder / 'preset.toml'}:{number}: {said}")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    own_stack(tmp_path, 'name = "mine"\ncategory = "tools"\n')
    error = refusal(tmp_path)
    assert error.field == "summary"
    assert "summary: field required" in error.message


def test_a_stack_that_calls_itself_otherwise_is_refused(tmp_path: Path) -> None:
    own_stack(tmp_path, SOUND, "yours")
    error = refusal(tmp_path)
    assert error.line == 1
    assert "name is 'mine', but its place says 'yours'" in error.message


def test_a_folder_without_a_preset_is_refused(tmp_path: Path) -> None:
    (tmp_path / "presets" / "stacks" / "empty").mkdir(parents=True)
    assert "a stack's folder has a preset.toml" in refusal(tmp_path).message


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    folder = own_stack(tmp_path, SOUND)
    (folder / "preset.toml").write_bytes(SOUND.encode() + b"\xff\xfe\n")
    error = refusal(tmp_path)
    assert "not UTF-8 text" in error.message
    assert error.line == 5


def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    folder = own_stack(tmp_path, SOUND)
    (folder / "module.nix").write_bytes(b" " * (1 << 20) + b"x")
    assert "larger than 1 MiB" in refusal(tmp_path).message


def test_a_deeply_nested_value_is_refused_in_one_line(tmp_path: Path) -> None:
    own_stack(tmp_path, f"{SOUND}ports = {'[' * 5000}\n")
    assert "not TOML" in refusal(tmp_path).message


def test_a_file_in_the_way_of_the_folder_is_a_trouble_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "stacks").write_text("")
    with pytest.raises(StoreError, match="stacks"):
        BuiltinPresets(tmp_path).stacks()


def test_a_key_is_found_below_its_own_table() -> None:
    first = 'name = "a"\n\n[[templates]]\nname = "b"\n'
    text = f'{first}[[templates]]\nslug = "s"\nname = "c"\n[x.y]\nz = 1\n'
    assert line_of(text, ("name",)) == 1
    assert line_of(text, ("templates", 0, "name")) == 4
    assert line_of(text, ("templates", 1, "name")) == 7
    assert line_of(text, ("templates", 1, "price")) == 5
    assert line_of(text, ("x", "y", "z")) == 9
    assert line_of(text, ("absent",)) is None


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(max_size=200)
    | st.text(st.sampled_from("name=\"[]{}=\n#\\ 'a0.,"), max_size=120).map(str.encode)
)
def test_no_content_makes_reading_fail_in_another_way(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "presets" / "stacks" / "mine"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "preset.toml").write_bytes(content)
    refusal(tmp_path)


def test_listing_stacks_loads_no_templates_and_no_network() -> None:
    program = """
import sys
from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.nix.tool import NixCommand
from capsule_adapters.presets.builtin import BuiltinPresets
JinjaNixRenderer(), NixCommand(), BuiltinPresets().stacks()
print([name for name in ("jinja2", "httpx", "yaml", "asyncio") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout == "[]\n"
