"""What goes along to another machine: this Capsule as a wheel, and the person's own files."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from capsule_adapters.installers.seeds import HomeSeeds
from capsule_cli import __version__
from capsule_domain.errors import ConfigurationError, StoreError
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.stack import ResolvedStack, Stack
from tests.tools import ROOT


def environment(name: str = "mine", *stacks: str) -> Environment:
    return Environment(
        profile=Profile(name=name),
        stacks=tuple(
            ResolvedStack(stack=Stack(name=s, category="own", summary="s"), because=("profile",))
            for s in stacks
        ),
        packages=(),
        python_packages=(),
    )


def test_the_wheel_is_this_capsule_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, again = HomeSeeds(tmp_path).wheel(), HomeSeeds(tmp_path / "other").wheel()
    content = Path(first.path).read_bytes()
    assert content == Path(again.path).read_bytes()
    assert first.sha256 == hashlib.sha256(content).hexdigest()
    assert (first.version, first.size_bytes) == (__version__, len(content))
    assert Path(first.path).name == f"capsule_xnode-{__version__}-py3-none-any.whl"


def test_the_wheel_holds_what_building_it_the_usual_way_gives(tmp_path: Path) -> None:
    with zipfile.ZipFile(HomeSeeds(tmp_path).wheel().path) as archive:
        ours = set(archive.namelist())
        assert archive.testzip() is None
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(
        [*command, "--directory", str(tmp_path / "built")],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = (tmp_path / "built").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        usual = {name for name in archive.namelist() if "/licenses/" not in name}
    assert {name for name in ours ^ usual if not name.startswith(".")} == set()


def test_a_profile_goes_along_with_those_it_extends_and_its_own_stacks(tmp_path: Path) -> None:
    configs, stack = tmp_path / "configs", tmp_path / "presets" / "stacks" / "tool"
    configs.mkdir()
    stack.mkdir(parents=True)
    (configs / "mine.yml").write_text("name: mine\nextends: parent\n")
    (configs / "parent.yml").write_text("name: parent\nextends: minimal\n")
    (configs / "another.yml").write_text("name: another\n")
    (stack / "preset.toml").write_text("name = 'tool'\n")
    (stack / "preset.toml~").write_text("an editor's\n")
    files = HomeSeeds(tmp_path).own_files(environment("mine", "base", "tool"))
    assert [file.path for file in files] == [
        "configs/mine.yml",
        "configs/parent.yml",
        "presets/stacks/tool/preset.toml",
    ]
    assert files[0].text == "name: mine\nextends: parent\n"


def test_a_circle_of_profiles_ends(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "mine.yml").write_text("name: mine\nextends: mine\n")
    assert len(HomeSeeds(tmp_path).own_files(environment())) == 1


def test_nothing_of_ones_own_is_nothing(tmp_path: Path) -> None:
    seeds = HomeSeeds(tmp_path)
    assert list(seeds.own_files(environment("minimal", "base"))) == []
    assert seeds.lock("minimal") is None


def test_the_lock_is_the_one_that_setup_keeps(tmp_path: Path) -> None:
    folder = tmp_path / "environment" / "dev"
    folder.mkdir(parents=True)
    (folder / "flake.lock").write_text("{}\n")
    lock = HomeSeeds(tmp_path).lock("dev")
    assert lock is not None
    assert (lock.path, lock.text) == ("environment/dev/flake.lock", "{}\n")


def test_what_is_no_text_or_too_large_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    file = tmp_path / "configs" / "mine.yml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="only text files"):
        HomeSeeds(tmp_path).own_files(environment())
    file.write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(StoreError, match="too large"):
        HomeSeeds(tmp_path).own_files(environment())
