"""Document: what is said of a profile, and where each fact comes from."""

from datetime import UTC, datetime

import pytest

from capsule_domain.errors import NotFound
from capsule_domain.models.generation import InstalledEnvironment
from capsule_domain.models.package import Package
from capsule_domain.models.page import Page
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import Settings
from capsule_domain.services.document import Document
from capsule_domain.services.environment import ManageProfile
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.nix_environment import FakeNixEnvironment
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.presets import FakePresets, stack

STACKS = [
    stack("python", python_packages=("numpy",)),
    stack("ml", "python", packages=("jq",), python_packages=("torch",)),
    stack("web", packages=("nginx",)),
]
BUILT_IN = Profile(name="prod", stacks=("web",), packages=("htop",), builtin=True)
MINE = Profile(name="mine", extends="prod", stacks=("ml",), packages=("jq", "python3.pkgs.pandas"))


def document(
    index: FakePackageIndex | None = None, installed: FakeNixEnvironment | None = None
) -> Document:
    choices = FakeChoices(Settings(active_profile="mine"), [MINE])
    return Document(
        ManageProfile(choices, FakePresets(STACKS, [BUILT_IN])),
        FakeNixRenderer(),
        index or FakePackageIndex(),
        installed or FakeNixEnvironment(),
        FakeClock(),
        "0.1.0",
    )


def packages(page: Page) -> dict[str, tuple[str, ...]]:
    return {package.attribute: package.because for package in page.packages}


def test_every_package_has_the_reason_it_is_there() -> None:
    assert packages(document().run()) == {
        "git": ("base",),
        "htop": ("profile prod",),
        "jq": ("ml", "chosen"),
        "nginx": ("web",),
        "python3Packages.numpy": ("python",),
        "python3Packages.pandas": ("chosen",),
        "python3Packages.torch": ("ml",),
    }


def test_what_an_index_knows_is_told_and_the_rest_is_left_open() -> None:
    index = FakePackageIndex(
        [Package(attribute="jq", version="1.7.1", licence="MIT"), Package(attribute="htop")]
    )
    page = document(index).run()
    known = {package.attribute: package for package in page.packages}
    assert (known["jq"].version, known["jq"].licence) == ("1.7.1", "MIT")
    assert (known["nginx"].version, known["nginx"].licence) == (None, None)
    assert page.index == "nixpkgs"


def test_without_an_index_nothing_is_asked() -> None:
    page = document().run()
    assert page.index is None
    assert {package.version for package in page.packages} == {None}


def record(profile: str) -> InstalledEnvironment:
    return InstalledEnvironment(
        store_path="/nix/store/a-capsule",
        profile=profile,
        versions={"jq": "1.8.0"},
        flake="{ }",
        flake_sha256="0",
        installed_at=datetime(2026, 11, 1, tzinfo=UTC),
    )


def test_what_is_installed_goes_before_what_an_index_says() -> None:
    installed = FakeNixEnvironment()
    installed.keep(record("mine"))
    index = FakePackageIndex([Package(attribute="jq", version="1.7.1", licence="MIT")])
    jq = next(p for p in document(index, installed).run().packages if p.attribute == "jq")
    assert (jq.version, jq.installed, jq.licence) == ("1.8.0", True, "MIT")


def test_what_another_profile_installed_is_not_this_ones() -> None:
    installed = FakeNixEnvironment()
    installed.keep(record("prod"))
    page = document(installed=installed).run()
    assert not any(package.installed for package in page.packages)


def test_every_form_of_the_profile_is_on_the_page() -> None:
    names = [source.name for source in document().run().sources]
    assert names == ["flake.nix", "configuration.nix", "home.nix", "shell.nix"]


def test_each_thing_that_was_chosen_has_its_way_back() -> None:
    commands = [step.command for step in document().run().undo]
    chosen = ["capsule remove ml", "capsule pkg remove jq"]
    assert [command for command in commands if command in chosen] == chosen
    assert "capsule pkg remove python3.pkgs.pandas" in commands
    assert "capsule remove python" not in commands
    assert "capsule rollback" in commands


def test_another_profile_has_to_be_made_active_first() -> None:
    page = document().run("prod")
    assert not page.active
    assert page.undo[0].command == "capsule profile use prod"


def test_an_unknown_profile_is_not_found() -> None:
    with pytest.raises(NotFound):
        document().run("none")


def test_the_page_says_when_and_by_what_it_was_made() -> None:
    page = document().run()
    assert page.made_at == FakeClock().now()
    assert page.capsule == "0.1.0"
