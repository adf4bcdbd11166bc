"""What tells two closures apart: names taken apart as Nix does, versions and sizes."""

from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.nix.building.differences import database_major, difference, parted
from capsule_adapters.nix.building.stores import Closure
from capsule_domain.models.closure import ClosureDifference, PackageChange

HASH = "0123456789abcdfghijklmnpqrsvwxyz"


def path(name: str, digest: str = HASH) -> str:
    return f"/nix/store/{digest}-{name}"


def closure(system: str, *names: str) -> Closure:
    sizes = {path(name): 100_000 for name in names}
    return Closure(path(system), sizes)


def changes(found: ClosureDifference) -> dict[str, PackageChange]:
    return {one.name: one for one in found.changes}


@pytest.mark.parametrize(
    ("name", "package", "version"),
    [
        ("glibc-2.40-66", "glibc", "2.40-66"),
        ("openssl-3.4.1-bin", "openssl", "3.4.1"),
        ("openssl-3.4.1", "openssl", "3.4.1"),
        ("gcc-14.2.1.20250322-lib", "gcc", "14.2.1.20250322"),
        ("glibc-multi-2.40-66-lib32", "glibc-multi", "2.40-66"),
        ("python3.12-numpy-2.2.3", "python3.12-numpy", "2.2.3"),
        ("linux-6.12.19-modules", "linux", "6.12.19"),
        ("linux-6.12.19-modules-shrunk", "linux", "6.12.19-modules"),
        ("nixos-system-web-1-26.05.20260801.abc", "nixos-system-web", "1-26.05.20260801.abc"),
        ("unit-sshd.service", "unit-sshd.service", ""),
        ("etc", "etc", ""),
        ("vim-9.1-unstable", "vim", "9.1"),
        ("source", "source", ""),
        ("perl5.40.0-DBI-1.644", "perl5.40.0-DBI", "1.644"),
        ("a-", "a-", ""),
        ("x-.5", "x", ".5"),
        ("gtk+3-3.24.49_p1?x=y", "gtk+3", "3.24.49_p1?x=y"),
    ],
)
def test_a_store_path_is_of_a_package_and_a_version(name: str, package: str, version: str) -> None:
    assert parted(path(name)) == (package, version)


def test_packages_come_go_and_change_and_outputs_count_as_one() -> None:
    before = closure("before", "openssl-3.0", "openssl-3.0-bin", "nano-8.0", "etc")
    after = closure("after", "openssl-3.1", "openssl-3.1-bin", "vim-9.1", "etc")
    found = difference(before, after)
    told = changes(found)
    assert list(told) == ["nano", "openssl", "vim"]
    assert (told["nano"].before, told["nano"].after) == (("8.0",), ())
    assert (told["vim"].before, told["vim"].after) == ((), ("9.1",))
    assert (told["openssl"].before, told["openssl"].after) == (("3.0",), ("3.1",))
    assert told["openssl"].size_bytes == 0
    assert (found.added_paths, found.removed_paths, found.size_bytes) == (3, 3, 0)


def test_a_package_without_a_version_is_there_all_the_same() -> None:
    told = changes(difference(closure("before"), closure("after", "etc")))
    assert (told["etc"].before, told["etc"].after) == ((), ("",))


def test_the_same_versions_are_told_when_their_size_changes_by_eight_kib() -> None:
    was, now = path("tool-1.0"), path("tool-1.0", "z" * 32)
    before = Closure(path("before"), {was: 1_000})
    assert not difference(before, Closure(path("after"), {now: 1_000 + 8 * 1024 - 1})).changes
    found = difference(before, Closure(path("after"), {now: 1_000 + 8 * 1024}))
    (change,) = found.changes
    assert (change.before, change.after, change.size_bytes) == (("1.0",), ("1.0",), 8192)


def test_versions_stand_in_the_order_of_their_numbers() -> None:
    before = closure("before", "gcc-9.5", "gcc-14.2", "gcc-14.10")
    (change,) = difference(before, closure("after")).changes
    assert change.before == ("9.5", "14.2", "14.10")


def test_kernels_and_databases_are_told_when_both_are_known_and_differ() -> None:
    def of(kernel: str | None, *databases: str) -> Closure:
        return Closure(path("system"), {}, kernel, [f"{HASH}-{name}" for name in databases])

    found = difference(
        of("6.12.1", "postgresql-and-plugins-16.8"), of("6.18.2", "postgresql-and-plugins-17.4")
    )
    assert (found.kernel, found.postgresql) == (("6.12.1", "6.18.2"), (16, 17))
    found = difference(of("6.12.1", "postgresql-16.8"), of("6.12.1", "postgresql-16.9"))
    assert (found.kernel, found.postgresql) == (None, None)
    found = difference(of(None), of("6.12.1", "postgresql-17.4"))
    assert (found.kernel, found.postgresql) == (None, None)


def test_tools_of_the_database_are_not_the_database() -> None:
    names = [f"{HASH}-postgresql-jdbc-42.7", f"{HASH}-postgresql-and-plugins-17.4"]
    assert database_major(names) == 17
    assert database_major(names[:1]) is None


NAMES = st.text(ascii_letters + digits + "+-._?=", min_size=1, max_size=30)
CLOSURES = st.dictionaries(NAMES.map(path), st.integers(0, 10**12), max_size=12)


@given(NAMES)
def test_any_name_is_taken_apart_into_what_it_was_made_of(name: str) -> None:
    package, version = parted(path(name))
    assert name.startswith(f"{package}-{version}" if version else package)


@given(CLOSURES, CLOSURES)
def test_the_way_back_is_the_way_there_turned_round(
    before: dict[str, int], after: dict[str, int]
) -> None:
    was, now = Closure(path("before"), before), Closure(path("after"), after)
    there, back = difference(was, now), difference(now, was)
    assert there.size_bytes == -back.size_bytes == sum(after.values()) - sum(before.values())
    assert (there.added_paths, there.removed_paths) == (back.removed_paths, back.added_paths)
    assert [(c.name, c.before, c.after, c.size_bytes) for c in there.changes] == [
        (c.name, c.after, c.before, -c.size_bytes) for c in back.changes
    ]


@given(CLOSURES)
def test_a_closure_does_not_differ_from_itself(sizes: dict[str, int]) -> None:
    one = Closure(path("system"), sizes, "6.12", [f"{HASH}-postgresql-17.4"])
    found = difference(one, one)
    assert found.is_empty
    assert (found.changes, found.added_paths, found.removed_paths, found.size_bytes) == (
        (),
        0,
        0,
        0,
    )
