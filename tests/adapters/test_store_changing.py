"""Two Capsules at once: one waits, none loses. And the one broken file among many."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from capsule_adapters.store.choices import YamlChoices
from capsule_adapters.store.lock import FileLock
from capsule_adapters.store.profile_texts import YamlProfileTexts
from capsule_domain.errors import ConfigurationError, NotFound, StoreError
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import Settings
from capsule_domain.services.environment import ManageProfile
from tests.fakes.presets import FakePresets, stack

ROOT = Path(__file__).resolve().parents[2]

ADD = """
import sys
from pathlib import Path
from capsule_adapters.store.choices import YamlChoices
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.packages import ManagePackages
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.presets import FakePresets, stack

home, number = Path(sys.argv[1]), sys.argv[2]
presets = FakePresets([stack(f"s{each}") for each in range(4)])
(home / f"ready-{number}").touch()
while not (home / "go").exists():
    pass
for turn in range(5):
    packages = ManagePackages(YamlChoices(home), presets, FakePackageIndex())
    packages.add([f"p{number}-{turn}"])
ManageProfile(YamlChoices(home), presets).add([f"s{number}"])
"""


def test_four_capsules_that_change_one_profile_at_once_lose_nothing(tmp_path: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", ADD, str(tmp_path), str(number)], cwd=ROOT)
        for number in range(4)
    ]
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("ready-*"))) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (tmp_path / "go").touch()
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0, 0]
    choices = YamlChoices(tmp_path)
    assert list(choices.profile_names()) == ["minimal-custom"]
    saved = choices.profile("minimal-custom")
    assert saved is not None
    assert set(saved.packages) == {f"p{number}-{turn}" for number in range(4) for turn in range(5)}
    assert set(saved.stacks) == {f"s{number}" for number in range(4)}
    assert choices.settings().active_profile == "minimal-custom"


def test_the_program_itself_run_three_times_at_once_loses_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "capsule_cli", "--home", str(tmp_path), "pkg", "add"]
    running = [subprocess.Popen([*command, name]) for name in ("bat", "fd", "gitui")]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    saved = YamlChoices(tmp_path).profile("minimal-custom")
    assert saved is not None
    assert {"bat", "fd", "gitui"} <= set(saved.packages)


def test_reading_needs_no_lock(tmp_path: Path) -> None:
    choices = YamlChoices(tmp_path)
    choices.save_profile(Profile(name="mine"))
    with FileLock(tmp_path / ".lock"):
        assert choices.profile("mine") == Profile(name="mine")
        assert list(choices.files()) == ["configs/mine.yml"]


def test_a_change_that_waits_too_long_says_who_is_in_the_way(tmp_path: Path) -> None:
    impatient = YamlChoices(tmp_path, waiting_seconds=0.1)
    with (
        FileLock(tmp_path / ".lock"),
        pytest.raises(StoreError, match="another Capsule holds"),
    ):
        impatient.save_profile(Profile(name="mine"))
    impatient.save_profile(Profile(name="mine"))


def test_threads_take_turns_too(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    choices = YamlChoices(tmp_path)
    choices.save_profile(Profile(name="mine"))

    def add(number: int) -> None:
        with choices.changing():
            profile = choices.profile("mine")
            assert profile is not None
            packages = (*profile.packages, f"p{number}")
            choices.save_profile(profile.model_copy(update={"packages": packages}))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(20)))
    saved = choices.profile("mine")
    assert saved is not None
    assert len(saved.packages) == 20


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A home with one profile that holds and one that does not."""
    choices = YamlChoices(tmp_path)
    choices.save_profile(Profile(name="mine"))
    choices.save_settings(Settings(active_profile="mine"))
    (tmp_path / "configs" / "broken.yml").write_bytes(b"stacks: [\xff\n")
    return tmp_path


def test_one_broken_profile_is_in_nobody_s_way(broken: Path) -> None:
    choices = YamlChoices(broken)
    manage = ManageProfile(choices, FakePresets([stack("docker")]))
    assert manage.add(["docker"]).profile.stacks == ("docker",)
    assert manage.use("minimal").name == "minimal"
    assert list(choices.profile_names()) == ["broken", "mine"]
    with pytest.raises(ConfigurationError, match=r"broken\.yml:1: not UTF-8 text"):
        choices.profile("broken")
    with pytest.raises(ConfigurationError):
        choices.profiles()
    choices.delete_profile("broken")
    assert list(choices.profiles()) == ["mine"]


def test_what_is_broken_is_cleared_with_the_rest_and_other_files_stay(broken: Path) -> None:
    (broken / "config.yml").write_text("{{{")
    (broken / "configs" / "notes.txt").write_text("mine")
    (broken / "openmesh.yml").write_text("version: 1\n")
    choices = YamlChoices(broken)
    choices.clear(choices.files())
    assert choices.settings() == Settings()
    left = {str(path.relative_to(broken)) for path in broken.rglob("*") if path.is_file()}
    assert left == {".lock", "configs/notes.txt", "openmesh.yml"}


def test_the_text_of_a_broken_file_is_handed_out_byte_for_byte(broken: Path) -> None:
    texts = YamlProfileTexts(broken, YamlChoices(broken))
    text = texts.of_file("broken")
    assert text is not None
    assert text.encode("utf-8", "surrogateescape") == b"stacks: [\xff\n"
    with pytest.raises(ConfigurationError, match=r"broken\.yml:1: not UTF-8 text"):
        texts.read(text, name="broken", source="broken.yml")
    kept = Path(texts.keep_aside("broken", text))
    assert kept.read_bytes() == b"stacks: [\xff\n"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_files_of_the_person_s_are_read_with_suspicion(tmp_path: Path) -> None:
    texts = YamlProfileTexts(tmp_path, YamlChoices(tmp_path))
    (tmp_path / "large.yml").write_bytes(b"a" * 1_000_001)
    (tmp_path / "latin.yml").write_bytes(b"summary: caf\xe9\n")
    with pytest.raises(ConfigurationError, match="larger than 1 MB"):
        texts.load(str(tmp_path / "large.yml"))
    with pytest.raises(ConfigurationError, match=r"latin\.yml:1: not UTF-8 text"):
        texts.load(str(tmp_path / "latin.yml"))
    with pytest.raises(StoreError):
        texts.load(str(tmp_path))
    with pytest.raises(NotFound):
        texts.load(str(tmp_path / "absent.yml"))
    with pytest.raises(StoreError):
        texts.load("/dev/null")
