"""What every implementation of the NixRenderer port does."""

from collections.abc import Callable

import pytest

from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_domain.models.nixos import NixosPart, NixosRequest, PreviewFormat
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.ports.nix_renderer import NixRenderer
from capsule_domain.services.compose import Compose
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.presets import FakePresets, stack

MAKERS: dict[str, Callable[[], NixRenderer]] = {
    "fake": FakeNixRenderer,
    "jinja": JinjaNixRenderer,
}
MODULE = '{ lib, ... }: { options.capsule.web.enable = lib.mkEnableOption "web"; }\n'


@pytest.fixture(params=MAKERS)
def renderer(request: pytest.FixtureRequest) -> NixRenderer:
    return MAKERS[request.param]()


@pytest.fixture
def environment() -> Environment:
    presets = FakePresets([stack("web", module=MODULE), stack("plain")])
    return Compose(presets).resolve(Profile(name="trial", stacks=("web", "plain")))


def test_all_of_a_machine_is_sorted_by_path(
    renderer: NixRenderer, environment: Environment
) -> None:
    files = renderer.configuration(NixosRequest(environment=environment))
    assert [file.path for file in files] == [
        "README.md",
        "access.nix",
        "configuration.nix",
        "flake.nix",
        "guard.nix",
        "hardware-configuration.nix",
        "home.nix",
        "modules/web.nix",
    ]


def test_a_stacks_module_is_carried_as_it_is(
    renderer: NixRenderer, environment: Environment
) -> None:
    files = renderer.configuration(NixosRequest(environment=environment))
    assert {file.path: file.text for file in files}["modules/web.nix"] == MODULE


@pytest.mark.parametrize(
    ("part", "path"),
    [
        (NixosPart.HOME_MANAGER, "home.nix"),
        (NixosPart.FLAKE, "flake.nix"),
        (NixosPart.HARDWARE, "hardware-configuration.nix"),
    ],
)
def test_a_part_is_that_file_alone_and_the_same_as_in_the_whole(
    renderer: NixRenderer, environment: Environment, part: NixosPart, path: str
) -> None:
    alone = renderer.configuration(NixosRequest(environment=environment, part=part))
    whole = renderer.configuration(NixosRequest(environment=environment))
    assert [file.path for file in alone] == [path]
    assert alone[0] in whole


def test_the_same_request_gives_the_same_bytes(
    renderer: NixRenderer, environment: Environment
) -> None:
    request = NixosRequest(environment=environment)
    assert renderer.configuration(request) == renderer.configuration(request)


def test_every_text_ends_with_one_newline(renderer: NixRenderer, environment: Environment) -> None:
    texts = [f.text for f in renderer.configuration(NixosRequest(environment=environment))]
    texts += [renderer.preview(environment, form) for form in PreviewFormat]
    for text in texts:
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_a_fleet_is_one_flake_with_a_folder_for_each_host_and_shared_modules(
    renderer: NixRenderer, environment: Environment
) -> None:
    bare = Compose(FakePresets()).resolve(Profile(name="bare"))
    files = renderer.fleet(
        [
            NixosRequest(environment=environment, hostname="web-2"),
            NixosRequest(environment=bare, hostname="db-1"),
        ]
    )
    names = (
        "access.nix",
        "configuration.nix",
        "guard.nix",
        "hardware-configuration.nix",
        "home.nix",
    )
    assert [file.path for file in files] == [
        "README.md",
        "flake.nix",
        *(f"hosts/db-1/{name}" for name in names),
        *(f"hosts/web-2/{name}" for name in names),
        "modules/web.nix",
    ]
