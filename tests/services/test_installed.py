"""What is wanted, what is there, in which version."""

import pytest

from capsule_domain.errors import NotFound
from capsule_domain.services.installed import flake_difference, package_rows
from tests.services.installing import Somebody


def rows(somebody: Somebody) -> dict[str, tuple[bool, bool, bool, str | None]]:
    found = package_rows(somebody.profiles.show(None), somebody.environment)
    return {row.package: (row.wanted, row.installed, row.missing, row.version) for row in found}


def test_before_anything_is_installed_everything_is_missing() -> None:
    somebody = Somebody()
    assert rows(somebody) == {
        "git": (True, False, True, None),
        "jq": (True, False, True, None),
    }


def test_what_is_no_longer_wanted_is_shown_until_it_is_gone() -> None:
    somebody = Somebody()
    somebody.setup()
    somebody.choose("ripgrep", stacks=("python",))
    assert rows(somebody) == {
        "git": (True, True, False, "1.0"),
        "jq": (False, True, False, "1.0"),
        "python3Packages.numpy": (True, False, True, None),
        "ripgrep": (True, False, True, None),
    }


def test_of_a_generation_of_somebody_else_only_what_can_be_seen_is_known() -> None:
    somebody = Somebody()
    somebody.choose("jq", "nodePackages.Prettier", stacks=("python",))
    somebody.environment.somebody_else_installs("/nix/store/x-env")
    somebody.environment.seen["/nix/store/x-env"] = {
        "git": "2.47.1",
        "prettier": None,
        "python3Packages.NumPy": "2.1",
        "other": "1.0",
    }
    assert rows(somebody) == {
        "git": (True, True, False, "2.47.1"),
        "jq": (True, False, True, None),
        "nodePackages.Prettier": (True, True, False, None),
        "python3Packages.numpy": (True, True, False, "2.1"),
    }


def test_the_difference_is_from_what_is_installed_to_what_would_be() -> None:
    somebody = Somebody()
    somebody.setup()
    assert flake_difference(somebody.flake, somebody.environment) == ""
    somebody.choose("ripgrep")
    told = flake_difference(somebody.flake, somebody.environment)
    assert told.splitlines()[:2] == ["--- installed (mine)", "+++ flake.nix"]
    assert "-jq\n" in told
    assert "+ripgrep\n" in told


def test_before_anything_is_installed_the_difference_is_everything() -> None:
    somebody = Somebody()
    told = flake_difference(somebody.flake, somebody.environment)
    assert told.startswith("--- nothing installed\n")
    assert told.count("\n+") == somebody.flake.count("\n") + 1


def test_what_nobody_wrote_down_cannot_be_compared() -> None:
    somebody = Somebody()
    somebody.environment.somebody_else_installs("/nix/store/x-env")
    with pytest.raises(NotFound, match="/nix/store/x-env"):
        flake_difference(somebody.flake, somebody.environment)
