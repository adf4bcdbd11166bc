"""A configuration checked, as far as the machine can."""

from pathlib import PurePath

import pytest

from capsule_domain.errors import ConfigurationError, HostError, NotFound
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.ports.settings import Settings
from capsule_domain.services.validate import Validate
from tests.fakes.choices import FakeChoices
from tests.fakes.configurations import FakeConfigurations
from tests.fakes.nix_tool import FakeNixTool


def written(*paths: str) -> tuple[FakeConfigurations, PurePath]:
    configurations = FakeConfigurations()
    folder = configurations.folder("web-1")
    files = [RenderedFile(path=path, text="{ }\n") for path in paths]
    configurations.write(folder, files, state_version="26.05", force=False)
    return configurations, folder


REMEMBERED = FakeChoices(Settings(last_configuration=str(FakeConfigurations().folder("web-1"))))


def test_the_host_generated_last_is_checked_by_default() -> None:
    configurations, folder = written("configuration.nix", "home.nix", "README.md")
    nix = FakeNixTool()
    found = Validate(nix, configurations, REMEMBERED).run()
    assert found.level == "syntax"
    assert found.ok
    assert list(found.files) == nix.parsed
    assert found.files == (f"{folder}/configuration.nix", f"{folder}/home.nix")
    assert "not built yet" in found.why


def test_a_broken_file_is_a_finding_with_its_place() -> None:
    configurations, folder = written("configuration.nix")
    nix = FakeNixTool(bad={folder / "configuration.nix": 7})
    found = Validate(nix, configurations, REMEMBERED).run()
    assert not found.ok
    assert [(f.file, f.line) for f in found.findings] == [(f"{folder}/configuration.nix", 7)]


def test_one_file_can_be_checked_alone() -> None:
    configurations, folder = written("configuration.nix", "home.nix")
    nix = FakeNixTool()
    Validate(nix, configurations, FakeChoices()).run(f"{folder}/home.nix")
    assert nix.parsed == [f"{folder}/home.nix"]


def test_without_nix_it_says_that_nothing_was_checked() -> None:
    configurations, _ = written("configuration.nix")
    found = Validate(FakeNixTool(None), configurations, REMEMBERED).run()
    assert found.level is None
    assert "Nix is not installed" in found.why
    assert len(found.files) == 1


def test_nothing_generated_yet_is_told_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="no configuration was generated yet") as caught:
        Validate(FakeNixTool(), FakeConfigurations(), FakeChoices()).run()
    assert caught.value.hint == "capsule nixos generate"


def test_a_folder_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        Validate(FakeNixTool(), FakeConfigurations(), FakeChoices()).run("/nowhere")


def test_a_folder_without_nix_in_it_is_told() -> None:
    configurations, folder = written("README.md")
    with pytest.raises(ConfigurationError, match=r"holds no \.nix file"):
        Validate(FakeNixTool(), configurations, FakeChoices()).run(str(folder))


def test_a_nix_that_hangs_is_an_error_not_a_finding() -> None:
    configurations, _ = written("configuration.nix")
    with pytest.raises(HostError, match="did not answer"):
        Validate(FakeNixTool(hangs=True), configurations, REMEMBERED).run()
