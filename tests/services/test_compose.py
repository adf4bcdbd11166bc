"""A profile resolved: what it brings, in which order, and why."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.errors import ConfigurationError, Conflict, NotFound
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.stack import Stack
from capsule_domain.services.compose import Compose, order
from tests.fakes.choices import FakeChoices
from tests.fakes.presets import FakePresets, stack


def resolved(profile: Profile, *stacks: Stack, profiles: tuple[Profile, ...] = ()) -> Environment:
    return Compose(FakePresets(stacks, profiles)).resolve(profile)


def names(environment: Environment) -> list[str]:
    return [entry.stack.name for entry in environment.stacks]


def reasons(environment: Environment) -> dict[str, tuple[str, ...]]:
    return {entry.stack.name: entry.because for entry in environment.stacks}


def test_base_is_always_there() -> None:
    environment = resolved(Profile(name="empty"))
    assert reasons(environment) == {"base": ("always",)}
    assert environment.packages == ("git",)


def test_naming_base_oneself_changes_nothing() -> None:
    assert reasons(resolved(Profile(name="p", stacks=("base",)))) == {"base": ("always",)}


def test_dependencies_come_first_and_the_order_of_the_profile_is_kept() -> None:
    profile = Profile(name="p", stacks=("web", "app"))
    environment = resolved(
        profile, stack("app", "zlib", "db"), stack("db"), stack("web"), stack("zlib")
    )
    assert names(environment) == ["base", "web", "db", "zlib", "app"]


def test_every_stack_says_why_it_is_there() -> None:
    profile = Profile(name="p", stacks=("ml", "python"))
    environment = resolved(
        profile, stack("ml", "python"), stack("python", "c"), stack("c"), stack("tool", "python")
    )
    assert reasons(environment) == {
        "base": ("always",),
        "c": ("python",),
        "python": ("chosen", "ml"),
        "ml": ("chosen",),
    }


def test_an_unknown_stack_is_told_with_the_nearest_name() -> None:
    with pytest.raises(NotFound, match="no stack named 'dokcer'; did you mean docker") as caught:
        resolved(Profile(name="p", stacks=("dokcer",)), stack("docker"))
    assert caught.value.hint == "capsule stacks"


def test_an_unknown_requirement_is_told_with_who_requires_it() -> None:
    with pytest.raises(NotFound, match="no stack named 'gone'") as caught:
        resolved(Profile(name="p", stacks=("app",)), stack("app", "gone"))
    assert caught.value.hint == "the stack app requires it"


def test_a_circle_of_requirements_is_named_from_where_it_closes() -> None:
    with pytest.raises(ConfigurationError, match="in a circle: a → b → c → a"):
        resolved(
            Profile(name="p", stacks=("start",)),
            stack("start", "a"),
            stack("a", "b"),
            stack("b", "c"),
            stack("c", "a"),
        )


def test_a_stack_that_requires_itself_is_a_circle() -> None:
    with pytest.raises(ConfigurationError, match="in a circle: a → a"):
        resolved(Profile(name="p", stacks=("a",)), stack("a", "a"))


@pytest.mark.parametrize("declared_by", ["docker", "podman"])
def test_a_conflict_holds_whichever_of_the_two_declares_it(declared_by: str) -> None:
    other = {"docker": "podman", "podman": "docker"}[declared_by]
    with pytest.raises(Conflict, match="docker and podman cannot be together"):
        resolved(
            Profile(name="p", stacks=("docker", "podman")),
            stack(declared_by, conflicts=(other,)),
            stack(other),
        )


def test_a_conflict_with_what_is_not_there_is_none() -> None:
    assert names(
        resolved(Profile(name="p", stacks=("docker",)), stack("docker", conflicts=("podman",)))
    ) == ["base", "docker"]


def test_an_extended_profile_comes_before_the_one_that_extends_it() -> None:
    far = Profile(name="far", stacks=("a",), packages=("jq",), unfree=("cuda",))
    near = Profile(name="near", extends="far", stacks=("b",))
    top = Profile(name="top", extends="near", stacks=("c", "a"), packages=("tmux",))
    environment = resolved(top, stack("a"), stack("b"), stack("c"), profiles=(far, near))
    assert names(environment) == ["base", "a", "b", "c"]
    assert environment.packages == ("git", "jq", "tmux")
    assert environment.unfree == ("cuda",)
    assert environment.profile == top


def test_profiles_that_extend_each_other_are_named_as_a_circle() -> None:
    a = Profile(name="a", extends="b")
    b = Profile(name="b", extends="a")
    with pytest.raises(ConfigurationError, match="in a circle: a → b → a"):
        resolved(a, profiles=(a, b))


def test_an_unknown_extended_profile_is_told() -> None:
    with pytest.raises(NotFound, match="no profile named 'minmal'; did you mean minimal"):
        resolved(Profile(name="p", extends="minmal"))


def test_a_profile_may_extend_one_of_the_users_own() -> None:
    own = Profile(name="mine", packages=("jq",))
    compose = Compose(FakePresets(), FakeChoices(profiles=[own]))
    assert "jq" in compose.resolve(Profile(name="p", extends="mine")).packages


def test_python_libraries_of_all_come_into_one_interpreter() -> None:
    profile = Profile(
        name="p",
        stacks=("ml", "python"),
        packages=("python3Packages.numpy", "python3.pkgs.pandas", "python3", "jq"),
    )
    environment = resolved(
        profile,
        stack("python", python_packages=("pip", "black")),
        stack("ml", "python", python_packages=("numpy", "torch")),
    )
    assert environment.python_packages == ("black", "numpy", "pandas", "pip", "torch")
    assert environment.packages == ("git", "jq")


def test_a_python_without_libraries_stays_a_package() -> None:
    environment = resolved(Profile(name="p", packages=("python3",)))
    assert environment.packages == ("git", "python3")
    assert environment.python_packages == ()


def test_nothing_is_there_twice_and_everything_is_sorted() -> None:
    one = Stack(name="one", category="c", summary="s", packages=("b", "a"), ports=(443, 80))
    two = Stack(
        name="two", category="c", summary="s", packages=("a",), ports=(80,), services=("z", "y")
    )
    environment = resolved(Profile(name="p", stacks=("two", "one"), packages=("b",)), one, two)
    assert environment.packages == ("a", "b", "git")
    assert environment.ports == (80, 443)
    assert environment.services == ("y", "z")


graphs = st.integers(min_value=1, max_value=12).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, size - 1), max_size=4), min_size=size, max_size=size
    )
)


@given(graphs, st.randoms())
def test_any_graph_is_either_ordered_or_its_circle_is_real(
    edges: list[list[int]], random: Random
) -> None:
    stacks = {f"s{i}": stack(f"s{i}", *(f"s{j}" for j in to)) for i, to in enumerate(edges)}
    chosen = random.sample(sorted(stacks), random.randint(1, len(stacks)))
    try:
        placed = [entry.stack.name for entry in order(stacks, chosen)]
    except ConfigurationError as error:
        circle = str(error).rsplit(": ", 1)[1].split(" → ")
        assert circle[0] == circle[-1]
        for name, required in pairwise(circle):
            assert required in stacks[name].requires
        return
    assert set(chosen) <= set(placed)
    assert len(placed) == len(set(placed))
    for position, name in enumerate(placed):
        assert set(stacks[name].requires) <= set(placed[:position])


class CountingStacks(dict[str, Stack]):
    """Stacks that count how often one is looked at."""

    looks = 0

    def __getitem__(self, name: str) -> Stack:
        self.looks += 1
        return super().__getitem__(name)


def test_a_thousand_stacks_with_five_thousand_requirements_are_looked_at_a_few_times() -> None:
    stacks = CountingStacks()
    for i in range(1000):
        before = (f"s{i - step:04}" for step in (1, 2, 3, 5, 8) if i >= step)
        stacks[f"s{i:04}"] = stack(f"s{i:04}", *before)
    placed = order(stacks, ["s0999"])
    assert [entry.stack.name for entry in placed] == sorted(stacks)
    assert stacks.looks <= 5 * len(stacks)
