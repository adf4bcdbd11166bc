"""Packages and sprouts on the command line, word for word."""

from pathlib import Path

import pytest

from capsule_adapters.store.choices import YamlChoices
from capsule_cli import complete
from capsule_domain.errors import NixFailed
from capsule_domain.models.package import NixosOption, Package
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import Settings
from tests.cli.running import capsule, wired
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.package_index import FakePackageIndex, FakePackageSource
from tests.fakes.presets import FakePresets, stack
from tests.nix.test_index import TREE
from tests.tools import needs_tool

KNOWN = [
    Package(attribute="ripgrep", version="15.1.0", summary="Fast grep", licence="MIT"),
    Package(attribute="ripgrep-all", version="0.10", summary="more grep"),
    Package(attribute="vscode", name="vscode", unfree=True, licence="unfree"),
    Package(attribute="jq", version="1.8"),
]
TOOLS = stack("tools", packages=("jq",))


def fakes(known: list[Package] | None = None, *packages: str) -> dict[str, object]:
    own = Profile(name="mine", stacks=("tools",), packages=packages)
    return {
        "choices": FakeChoices(Settings(active_profile="mine"), [own]),
        "presets": FakePresets([TOOLS]),
        "index": FakePackageIndex(known),
        "clock": FakeClock(),
    }


def test_adding_says_what_was_added_and_why_the_rest_is_there_already() -> None:
    done = capsule("pkg", "add", "ripgrep", "jq", "git", wiring=wired(**fakes(KNOWN)))
    assert done.code == 0
    assert done.stdout == (
        "✓ ripgrep added to mine\n"
        "jq is there already, because of the stack tools\n"
        "git is there already, because of the stack base\n"
    )
    assert done.stderr == ""


def test_adding_without_an_index_says_that_names_were_not_looked_up() -> None:
    done = capsule("pkg", "add", "ripgerp", wiring=wired(**fakes()))
    assert done.code == 0
    assert "there is no index; capsule pkg index" in done.stderr


def test_adding_an_unfree_package_says_how_to_allow_it() -> None:
    ports = fakes(KNOWN)
    done = capsule("pkg", "add", "vscode", wiring=wired(**ports))
    assert "to allow it by name: capsule pkg add vscode --unfree" in done.stderr
    allowed = capsule("pkg", "add", "vscode", "--unfree", "--json", wiring=wired(**ports))
    assert allowed.data["profile"]["unfree"] == ["vscode"]
    assert allowed.data["already"] == {"vscode": ["chosen"]}


def test_a_change_in_json_is_one_object() -> None:
    done = capsule("pkg", "add", "ripgrep", "--json", wiring=wired(**fakes(KNOWN)))
    assert done.data == {
        "profile": {
            "name": "mine",
            "summary": "",
            "extends": None,
            "stacks": ["tools"],
            "packages": ["ripgrep"],
            "unfree": [],
            "pins": {},
            "builtin": False,
        },
        "added": ["ripgrep"],
        "removed": [],
        "copied_from": None,
        "already": {},
        "absent": [],
        "checked": True,
        "unfree": [],
    }


@pytest.mark.parametrize("text", ["a; rm -rf", "${x}", "a\nb", "$(reboot)"])
def test_what_is_no_attribute_path_is_a_usage_error(text: str) -> None:
    done = capsule("pkg", "add", text, "--json", wiring=wired(**fakes(KNOWN)))
    assert done.code == 2
    assert done.error["code"] == "usage_error"
    assert "\n" not in done.error["message"]


def test_an_unknown_package_is_told_with_the_nearest() -> None:
    done = capsule("pkg", "add", "ripgerp", "--json", wiring=wired(**fakes(KNOWN)))
    assert done.error == {
        "code": "not_found",
        "exit": 4,
        "message": "no package named 'ripgerp'; did you mean ripgrep?",
        "hint": "capsule pkg search ripgerp, or add --force",
    }


def test_removing_says_what_stays_and_what_was_not_there() -> None:
    ports = fakes(None, "ripgrep", "jq")
    done = capsule("pkg", "remove", "ripgrep", "jq", "rigprep", wiring=wired(**ports))
    assert done.stdout == (
        "✓ ripgrep removed from mine\n"
        "✓ jq removed from mine\n"
        "⚠ jq stays, because of the stack tools\n"
        "rigprep is not in mine: nothing to do\n"
    )
    typo = capsule("pkg", "remove", "bta", wiring=wired(**fakes(None, "bat")))
    assert typo.stdout == "bta is not in mine: nothing to do; did you mean bat?\n"


def test_removing_what_a_stack_brings_is_a_conflict_with_its_name() -> None:
    done = capsule("pkg", "remove", "jq", "--json", wiring=wired(**fakes()))
    assert done.code == 5
    assert done.error["message"] == "jq comes with tools"
    assert done.error["hint"] == "capsule remove tools"


def test_the_list_has_versions_where_they_are_known() -> None:
    ports = fakes(KNOWN, "ripgrep")
    assert capsule("pkg", "list", "--json", wiring=wired(**ports)).data == [
        {
            "package": "ripgrep",
            "custom": True,
            "because": ["chosen"],
            "version": "15.1.0",
            "summary": "Fast grep",
        }
    ]
    everything = capsule("pkg", "list", "--all", "--json", wiring=wired(**ports)).data
    assert [row["package"] for row in everything] == ["git", "jq", "ripgrep"]
    tools = capsule("pkg", "list", "--stack", "too", "--json", wiring=wired(**ports)).data
    assert [row["package"] for row in tools] == ["jq"]
    assert "--all" in capsule("pkg", "list", wiring=wired(**fakes())).stdout


def test_searching_finds_the_best_first() -> None:
    ports = fakes(KNOWN)
    found = capsule("pkg", "search", "grep", "--json", wiring=wired(**ports))
    assert found.data[0] == {
        "attribute": "ripgrep",
        "name": None,
        "version": "15.1.0",
        "summary": "Fast grep",
        "licence": "MIT",
        "unfree": False,
    }
    assert len(found.data) == 2
    shown = capsule("pkg", "search", "more", "grep", wiring=wired(**ports)).stdout
    assert shown.splitlines()[1].split() == ["ripgrep-all", "0.10", "more", "grep"]


def test_searching_says_when_there_is_nothing_or_perhaps_more() -> None:
    ports = fakes(KNOWN)
    nothing = capsule("pkg", "search", "cobol", wiring=wired(**ports))
    assert (nothing.code, nothing.stdout) == (0, "")
    assert "nothing in the index has 'cobol'" in nothing.stderr
    assert capsule("pkg", "search", "cobol", "--json", wiring=wired(**ports)).data == []
    more = capsule("pkg", "search", "grep", "--limit", "1", wiring=wired(**ports))
    assert "--limit 2" in more.stderr
    assert capsule("pkg", "search", "x", "--limit", "0", wiring=wired(**ports)).code == 2


def test_without_an_index_searching_says_how_to_have_one() -> None:
    done = capsule("pkg", "search", "grep", "--json", wiring=wired(**fakes()))
    assert (done.code, done.error["hint"]) == (3, "capsule pkg index")


def test_the_index_is_built_and_says_what_it_is() -> None:
    ports = fakes()
    source = FakePackageSource(KNOWN, [NixosOption(name="a")], broken=["yi"])
    done = capsule("pkg", "index", wiring=wired(**ports, package_source=source))
    assert done.code == 0, done.stderr
    assert done.stdout == (
        "✓ the index is built\n"
        "nixpkgs   /srv/nixpkgs\n"
        "release   26.05\n"
        f"revision  {'a' * 40}\n"
        "packages  4\n"
        "options   1\n"
        "⚠ 1 attributes cannot be evaluated; they are left out\n"
    )
    assert "3 of 4 packages" in done.stderr
    built = capsule("pkg", "index", "--json", wiring=wired(**ports, package_source=source))
    assert built.data["built_at"] == "2026-11-23T12:00:00Z"
    assert built.stderr == ""


def test_an_index_in_a_dry_run_says_which_nixpkgs_it_would_be() -> None:
    ports = fakes()
    words = ("pkg", "index", "--dry-run")
    done = capsule(*words, wiring=wired(**ports, package_source=FakePackageSource(KNOWN)))
    assert done.stdout == "would read /srv/nixpkgs\n"
    index = ports["index"]
    assert isinstance(index, FakePackageIndex)
    assert index.about() is None


def test_when_nix_fails_its_own_words_come_before_the_error() -> None:
    source = FakePackageSource(KNOWN)
    source.breaks = NixFailed("cannot read nixpkgs: boom", lines=["error: boom", "at here"])
    done = capsule("pkg", "index", wiring=wired(**fakes(), package_source=source))
    assert done.code == 8
    assert "  error: boom\n  at here\n" in done.stderr
    assert "✗ cannot read nixpkgs: boom\n" in done.stderr


def test_a_real_nix_builds_an_index_that_is_searched_completed_and_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_tool("nix-instantiate")
    home = tmp_path / "capsule"
    built = capsule("pkg", "index", "--nixpkgs", str(TREE), "--json", home=home)
    assert built.code == 0, built.stderr
    assert (built.data["packages"], built.data["options"], built.data["skipped"]) == (7, 6, 4)
    [found] = capsule("pkg", "search", "numpy", "--json", home=home).data
    assert found["attribute"] == "python3Packages.numpy"
    monkeypatch.setenv("CAPSULE_HOME", str(home))
    assert complete.packages("rip") == ["ripgrep"]
    assert capsule("pkg", "add", "ripgrpe", home=home).code == 4
    added = capsule("pkg", "add", "ripgrep", "--json", home=home).data
    assert added["checked"] is True
    assert "ripgrep" in (YamlChoices(home).profiles()["minimal-custom"]).packages


def test_a_sprout_brings_its_tool_and_says_what_to_do_next(tmp_path: Path) -> None:
    home = tmp_path / "capsule"
    rows = capsule("sprouts", "--json", home=home).data
    assert "claude-code" in [row["name"] for row in rows]
    assert not any(row["active"] for row in rows)
    done = capsule("sprout", "claude", home=home)
    assert done.stdout == (
        "⚠ minimal is built in and stays as it is: its copy minimal-custom is changed and active\n"
        "✓ claude-code is added to minimal-custom\n"
        "⚠ the licence of claude-code, which is not free, is allowed by name\n"
        "then: capsule setup here, or capsule nixos generate for a machine\n"
        "▸ run claude in a project's folder and log in\n"
    )
    again = capsule("sprout", "claude-code", home=home)
    assert again.stdout.startswith("claude-code is in minimal-custom already: nothing to do\n")
    active = capsule("sprouts", "--active", "--json", home=home).data
    assert [row["name"] for row in active] == ["claude-code"]
    assert "claude-code" not in capsule("sprouts", "--inactive", home=home).stdout


def test_every_sprout_grows_and_what_it_brings_resolves(tmp_path: Path) -> None:
    home = tmp_path / "capsule"
    for row in capsule("sprouts", "--json", home=home).data:
        change = capsule("sprout", row["name"], "--json", home=home)
        assert change.code == 0, change.stderr
        assert change.data["next"]
    assert all(row["active"] for row in capsule("sprouts", "--json", home=home).data)


def test_an_unknown_sprout_is_told_with_the_nearest(tmp_path: Path) -> None:
    done = capsule("sprout", "postgers", "--json", home=tmp_path)
    assert done.code == 4
    assert "did you mean postgres?" in done.error["message"]
