"""Each entry of the table of releases, seen in what is rendered for that release."""

from functools import cache
from itertools import product

import pytest

from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.models.nixos import NixosRequest, PreviewFormat
from capsule_domain.models.profile import Profile
from capsule_domain.models.release import CHANGES, FACTS, RELEASES, OptionChange
from capsule_domain.services.compose import Compose

PRESETS = BuiltinPresets()
EVERYTHING = Compose(PRESETS).resolve(
    Profile(name="everything", stacks=tuple(Compose(PRESETS).stacks()))
)


@cache
def texts(release: str) -> dict[str, str]:
    request = NixosRequest(environment=EVERYTHING, release=release)
    return {file.path: file.text for file in JinjaNixRenderer().configuration(request)}


@pytest.mark.parametrize("release", RELEASES)
def test_the_flake_follows_the_branches_of_its_release(release: str) -> None:
    flake = texts(release)["flake.nix"]
    facts = FACTS[release]
    assert f'nixpkgs.url = "github:NixOS/nixpkgs/{facts.nixpkgs}";' in flake
    assert f'url = "github:nix-community/home-manager/{facts.home_manager}";' in flake
    for other in set(RELEASES) - {release}:
        assert other not in flake


@pytest.mark.parametrize("release", RELEASES)
def test_intel_macs_are_offered_where_nixpkgs_still_has_them(release: str) -> None:
    pinned = EVERYTHING.model_copy(update={"pins": {"nixpkgs": FACTS[release].nixpkgs}})
    flake = JinjaNixRenderer().preview(pinned, PreviewFormat.FLAKE)
    assert ('"x86_64-darwin"' in flake) == FACTS[release].has_intel_macs


@pytest.mark.parametrize("release", RELEASES)
def test_the_readme_warns_of_what_the_step_to_a_release_needs(release: str) -> None:
    readme = texts(release)["README.md"]
    told = FACTS[release].from_before
    assert ("nixos-rebuild boot" in readme) == (told is not None)
    assert told is None or told in readme


@pytest.mark.parametrize(
    ("change", "release"),
    [
        pytest.param(change, release, id=f"{change.option}-{release}")
        for change, release in product(CHANGES, RELEASES)
    ],
)
def test_no_option_that_some_release_lacks_is_rendered_and_its_form_is(
    change: OptionChange, release: str
) -> None:
    code = "\n".join(
        line.split("#")[0]
        for path, text in texts(release).items()
        if path.endswith(".nix")
        for line in text.splitlines()
    )
    assert f"{change.option} =" not in code
    assert f"{change.option}." not in code
    if change.form is not None:
        last = change.form.rsplit(".", 1)[-1] if '"' not in change.form else change.form
        assert last in code
