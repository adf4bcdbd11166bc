"""Single packages in the active profile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.errors import CapsuleError, Conflict, NotFound, StoreError, UsageError
from capsule_domain.models.package import Package
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import Settings
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.packages import ManagePackages
from tests.fakes.choices import FakeChoices
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.presets import FakePresets, stack

STACKS = [
    stack("tools", packages=("jq", "fd")),
    stack("python", packages=("uv",), python_packages=("pip", "numpy")),
]
PROD = Profile(name="prod", stacks=("tools",), packages=("htop",), unfree=("vault",))
KNOWN = [
    Package(attribute="ripgrep", name="ripgrep", version="15.1.0", summary="fast"),
    Package(attribute="jq", version="1.8"),
    Package(attribute="vscode", name="vscode", unfree=True),
    Package(attribute="terraform", name="terraform-cli", unfree=True),
    Package(attribute="openssl"),
    Package(attribute="haskellPackages", is_set=True),
    Package(attribute="python3Packages", is_set=True),
    Package(attribute="python3Packages.pandas", name="pandas"),
]
PRESETS = FakePresets(STACKS, [PROD])


def managed(
    active: str = "mine", *own: Profile, known: list[Package] | None = None
) -> tuple[ManagePackages, FakeChoices]:
    choices = FakeChoices(Settings(active_profile=active), own or [mine()])
    return ManagePackages(choices, PRESETS, FakePackageIndex(known)), choices


def mine(
    *packages: str,
    stacks: tuple[str, ...] = (),
    extends: str | None = None,
    unfree: tuple[str, ...] = (),
) -> Profile:
    return Profile(name="mine", packages=packages, stacks=stacks, extends=extends, unfree=unfree)


def test_a_package_is_added_to_the_users_own_profile() -> None:
    manage, choices = managed("mine", mine("bat"))
    change = manage.add(["ripgrep", "python3Packages.pandas"])
    assert change.added == ("ripgrep", "python3Packages.pandas")
    assert change.profile.packages == ("bat", "ripgrep", "python3Packages.pandas")
    assert choices.profile("mine") == change.profile
    assert not change.checked


def test_adding_to_a_built_in_profile_copies_it_and_makes_the_copy_active() -> None:
    manage, choices = managed("prod")
    change = manage.add(["ripgrep"])
    assert change.copied_from == "prod"
    assert change.profile.packages == ("htop", "ripgrep")
    assert choices.settings().active_profile == "prod-custom"


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("jq", ("tools",)),
        ("git", ("base",)),
        ("bat", ("chosen",)),
        ("python3Packages.numpy", ("python",)),
        ("python3.pkgs.numpy", ("python",)),
        ("python3", ("python",)),
    ],
)
def test_what_is_there_already_is_not_added_and_it_says_why_it_is_there(
    name: str, because: tuple[str, ...]
) -> None:
    own = mine("bat", stacks=("tools", "python"))
    manage, choices = managed("mine", own)
    choices.full_disk = True
    change = manage.add([name])
    assert change.added == ()
    assert change.already == {name: because}
    assert choices.profile("mine") == own


def test_what_an_extended_profile_brings_is_there_already() -> None:
    manage, _ = managed("mine", mine(extends="prod"))
    assert manage.add(["htop"]).already == {"htop": ("profile prod",)}


def test_the_same_package_in_two_spellings_is_added_once() -> None:
    manage, _ = managed()
    change = manage.add(["python3Packages.pandas", "python3.pkgs.pandas", "fd", "fd"])
    assert len(change.profile.packages) == 2


@pytest.mark.parametrize(
    "text",
    [
        "a; rm -rf", "${x}", "a\nb", "", " ", "a b", "../a", "/etc", "a..b", ".a", "a.", "-a",
        '"a"', "a`b`", "a$(b)", "nixpkgs#a", "ä", "a\x00b", "a,b", "a" * 201, "1password",
    ],
)  # fmt: skip
def test_what_has_not_the_form_of_an_attribute_path_is_a_usage_error(text: str) -> None:
    manage, choices = managed()
    for act in (manage.add, manage.remove):
        with pytest.raises(UsageError, match="not a nixpkgs attribute path") as caught:
            act(["ripgrep", text])
        assert "\n" not in caught.value.message
        assert len(caught.value.message) < 200
    assert choices.profile("mine") == mine()


@given(st.text(max_size=40))
def test_whatever_is_added_is_an_attribute_path_or_refused(text: str) -> None:
    manage, choices = managed()
    try:
        change = manage.add([text])
    except UsageError:
        assert choices.profile("mine") == mine()
    else:
        assert change.profile == Profile(**change.profile.model_dump())
        assert all(part[0].isalpha() or part[0] == "_" for part in text.split("."))


def test_a_name_that_the_index_does_not_know_is_told_with_the_nearest() -> None:
    manage, choices = managed(known=KNOWN)
    with pytest.raises(NotFound, match="no package named 'ripgerp'; did you mean ripgrep") as told:
        manage.add(["jq", "ripgerp"])
    assert told.value.hint == "capsule pkg search ripgerp, or add --force"
    assert choices.profile("mine") == mine()


def test_by_force_a_name_that_the_index_does_not_know_is_added() -> None:
    manage, _ = managed(known=KNOWN)
    change = manage.add(["my-overlay-package"], force=True)
    assert change.added == ("my-overlay-package",)
    assert not change.checked


def test_names_that_the_index_knows_are_checked() -> None:
    manage, _ = managed(known=KNOWN)
    assert manage.add(["ripgrep", "python3.pkgs.pandas"]).checked


@pytest.mark.parametrize("name", ["haskellPackages.lens", "openssl.dev"])
def test_in_sets_that_the_index_has_not_read_every_name_will_do(name: str) -> None:
    manage, _ = managed(known=KNOWN)
    assert manage.add([name]).added == (name,)


@pytest.mark.parametrize("name", ["python3Packages.nothing", "noSuchSet.thing", "python3Packages"])
def test_what_is_not_in_a_set_that_was_read_or_is_a_set_is_refused(name: str) -> None:
    manage, _ = managed(known=KNOWN)
    with pytest.raises(NotFound):
        manage.add([name])


def test_an_unfree_package_is_added_and_its_licence_is_asked_for() -> None:
    manage, choices = managed(known=KNOWN)
    assert manage.add(["vscode"]).unfree == ("vscode",)
    change = manage.add(["vscode", "terraform"], unfree=True)
    assert change.already == {"vscode": ("chosen",)}
    assert change.unfree == ()
    assert change.profile.unfree == ("vscode", "terraform-cli")
    assert choices.profile("mine") == change.profile


def test_without_an_index_a_licence_is_allowed_by_the_last_part_of_the_name() -> None:
    manage, _ = managed()
    assert manage.add(["jetbrains.idea"], unfree=True).profile.unfree == ("idea",)
    with pytest.raises(UsageError, match="cannot be allowed by the name"):
        manage.add(["odd'"], unfree=True)


def test_a_package_is_removed_with_the_licence_that_was_its_own() -> None:
    manage, _ = managed("mine", mine("vscode", "bat", unfree=("vscode", "other")))
    change = manage.remove(["vscode"])
    assert change.removed == ("vscode",)
    assert change.profile == mine("bat", unfree=("other",))


def test_a_package_is_removed_in_either_spelling() -> None:
    manage, _ = managed("mine", mine("python3.pkgs.pandas"))
    assert manage.remove(["python3Packages.pandas"]).profile.packages == ()


def test_removing_what_a_stack_brings_is_refused_with_its_name() -> None:
    manage, choices = managed("mine", mine("bat", stacks=("tools",)))
    with pytest.raises(Conflict, match="jq comes with tools") as caught:
        manage.remove(["bat", "jq"])
    assert caught.value.hint == "capsule remove tools"
    assert choices.profile("mine") == mine("bat", stacks=("tools",))


def test_removing_what_base_or_an_extended_profile_brings_is_refused() -> None:
    manage, _ = managed("mine", mine(extends="prod"))
    with pytest.raises(Conflict, match="part of every profile"):
        manage.remove(["git"])
    with pytest.raises(Conflict, match="htop comes with profile prod") as caught:
        manage.remove(["htop"])
    assert caught.value.hint == "capsule profile use prod, and remove it there"


def test_removing_ones_own_says_when_a_stack_brings_it_all_the_same() -> None:
    manage, _ = managed("mine", mine("jq", stacks=("tools",)))
    change = manage.remove(["jq"])
    assert change.profile.packages == ()
    assert change.already == {"jq": ("tools",)}


def test_a_package_of_a_built_in_profile_is_removed_from_its_copy() -> None:
    manage, choices = managed("prod")
    change = manage.remove(["htop"])
    assert (change.copied_from, change.profile.packages) == ("prod", ())
    assert change.profile.unfree == ("vault",)
    assert choices.settings().active_profile == "prod-custom"


def test_removing_what_is_not_there_changes_nothing() -> None:
    manage, choices = managed("mine", mine("bat"), known=None)
    choices.full_disk = True
    assert manage.remove(["batt"]).absent == ("batt",)
    manage, _ = managed("mine", mine("bat"), known=KNOWN)
    assert manage.remove(["ripgrep"]).absent == ("ripgrep",)


def test_removing_what_nobody_ever_heard_of_is_told_with_the_nearest() -> None:
    manage, _ = managed("mine", mine("bat"), known=KNOWN)
    with pytest.raises(NotFound, match="did you mean bat"):
        manage.remove(["batt"])


def test_packages_are_whole_names_and_never_prefixes() -> None:
    manage, _ = managed("mine", mine("ripgrep-all"))
    assert manage.remove(["ripgrep"]).absent == ("ripgrep",)


def test_the_list_has_ones_own_packages_or_all_with_their_reasons() -> None:
    own = mine("ripgrep", "jq", stacks=("tools",))
    manage, _ = managed("mine", own, known=KNOWN)
    rows = {row.package: row for row in manage.rows()}
    assert list(rows) == ["jq", "ripgrep"]
    assert rows["jq"].because == ("chosen", "tools")
    assert (rows["ripgrep"].version, rows["ripgrep"].summary) == ("15.1.0", "fast")
    everything = manage.rows(everything=True)
    assert [row.package for row in everything] == ["fd", "git", "jq", "ripgrep"]
    assert [row.package for row in everything if row.custom] == ["jq", "ripgrep"]
    assert [row.package for row in manage.rows(stack="too")] == ["fd", "jq"]
    with pytest.raises(NotFound):
        manage.rows(stack="python")


def test_a_full_disk_leaves_everything_as_it_was() -> None:
    manage, choices = managed("prod")
    choices.full_disk = True
    with pytest.raises(StoreError):
        manage.add(["ripgrep"])
    assert choices.settings().active_profile == "prod"


def test_a_broken_profile_that_is_not_active_is_in_nobodys_way() -> None:
    choices = FakeChoices(Settings(active_profile="mine"), [mine()], broken=["nonsense"])
    manage = ManagePackages(choices, PRESETS, FakePackageIndex())
    assert manage.add(["ripgrep"]).added == ("ripgrep",)


def test_every_change_is_made_while_nobody_else_may_change() -> None:
    choices = FakeChoices(Settings(active_profile="prod"), [mine()])
    packages = ManagePackages(choices, PRESETS, FakePackageIndex())
    profiles = ManageProfile(choices, PRESETS)
    packages.add(["ripgrep"])
    packages.remove(["ripgrep"])
    profiles.add(["python"])
    profiles.remove(["python"])
    profiles.use("mine")
    assert choices.saved_alone == []


def test_an_active_profile_that_is_gone_is_told() -> None:
    manage, _ = managed("vanished")
    with pytest.raises(CapsuleError, match="no profile named 'vanished'"):
        manage.add(["ripgrep"])
