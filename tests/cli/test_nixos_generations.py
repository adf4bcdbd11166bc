"""`capsule nixos list-generations` and `diff`: what is told apart, in tables and in JSON."""

from pathlib import Path

import pytest

from tests.cli.switch_desk import Desk
from tests.fakes.nixos_machine import Behaviour, system_path

FIRST, SECOND, THIRD = (system_path("web", number) for number in (1, 2, 3))
ON_WEB = ("--xnode", "web")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Web started as its first generation, runs its second, and would start as its third."""
    desk = Desk(tmp_path)
    desk.add("web")
    machine = desk.machine("web")
    for number, path in ((2, SECOND), (3, THIRD)):
        machine.add_system(path, Behaviour(kernel=f"6.12.{number}"))
        machine.profile[number] = path
    machine.current, machine._running = 3, SECOND
    desk.builder.closures[FIRST] = {"nginx": "1.28.0", "linux": "6.12.1", "postgresql": "17.4"}
    desk.builder.closures[SECOND] = {"nginx": "1.28.1", "linux": "6.12.2", "postgresql": "18.1"}
    return desk


def test_generations_stand_newest_first_with_what_each_of_them_is(desk: Desk) -> None:
    ran = desk.run("list-generations", *ON_WEB)
    assert ran.code == 0
    assert ran.stdout.splitlines() == [
        "#    date (UTC)        NixOS  kernel   is",
        "● 3  2026-11-23 12:00  26.05  6.12.3   profile",
        "○ 2  2026-11-23 12:00  26.05  6.12.2   running",
        "○ 1  2026-11-23 12:00  26.05  6.12.58  booted",
    ]


def test_json_has_the_keys_of_nixos_rebuild_and_more(desk: Desk) -> None:
    data = desk.run("list-generations", *ON_WEB, "--json").data
    assert [row["generation"] for row in data] == [3, 2, 1]
    theirs = {
        *("generation", "date", "nixosVersion", "kernelVersion", "configurationRevision"),
        *("specialisations", "current"),
    }
    assert theirs | {"running", "booted", "storePath"} <= data[0].keys()
    assert [(row["current"], row["running"], row["booted"]) for row in data] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert data[1]["storePath"] == SECOND


def test_a_limit_leaves_the_newest_and_says_so(desk: Desk) -> None:
    ran = desk.run("list-generations", *ON_WEB, "--limit", "2")
    assert "○ 1" not in ran.stdout
    assert ran.stdout.endswith("the newest 2 of 3\n")
    assert len(desk.run("list-generations", *ON_WEB, "--limit", "1", "--json").data) == 1


def test_a_machine_is_named_as_to_ssh_too(desk: Desk) -> None:
    ran = desk.run("list-generations", "--target", "root@web.example", "-p", "22")
    assert (ran.code, len(ran.stdout.splitlines())) == (0, 4)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--target", "root@web.example", "--xnode", "web"), 2, "exclude one another"),
        (("-p", "22"), 2, "--port goes with --target"),
        (("--xnode", "web", "-p", "22"), 2, "--port goes with --target"),
        (("--target", "-oProxyCommand=id"), 2, "names no machine"),
        (("--xnode", "wep"), 4, "did you mean web?"),
        (("--target", "root@web.example", "-p", "0"), 2, "--port"),
        (("--limit", "0", "--xnode", "web"), 2, "--limit"),
        ((), 3, "this machine is not NixOS"),
    ],
)
def test_who_is_meant_has_to_be_clear(
    desk: Desk, words: tuple[str, ...], code: int, message: str
) -> None:
    ran = desk.run("list-generations", *words)
    assert (ran.code, ran.stdout) == (code, "")
    assert message in ran.stderr


def test_an_xnode_that_is_gone_is_not_asked(desk: Desk) -> None:
    desk.add("old", status="gone")
    ran = desk.run("list-generations", "--xnode", "old")
    assert ran.code == 5
    assert desk.hosts.calls == []


def test_another_host_key_is_an_error_and_nothing_else(desk: Desk) -> None:
    desk.machine("web").systems[SECOND] = Behaviour(other_host_key=True)
    for words in (("list-generations", *ON_WEB), ("diff", "1", "2", *ON_WEB)):
        ran = desk.run(*words, "--json")
        assert (ran.code, ran.error["code"]) == (8, "host_key_changed")


@pytest.mark.parametrize(
    ("before", "after"),
    [("1", "2"), ("booted", "running"), ("1", "previous"), (FIRST, f"{SECOND}/")],
)
def test_systems_are_named_by_number_word_or_path(desk: Desk, before: str, after: str) -> None:
    ran = desk.run("diff", before, after, *ON_WEB, "--json")
    assert ran.code == 0
    assert (ran.data["before"], ran.data["after"]) == (FIRST, SECOND)
    assert ran.data["kernel"] == ["6.12.1", "6.12.2"]
    assert ran.data["postgresql"] == [17, 18]
    assert desk.machine("web").begun == 0


def test_a_difference_has_a_row_for_each_package_and_warns_of_what_cannot_be_undone(
    desk: Desk,
) -> None:
    ran = desk.run("diff", "1", "2", *ON_WEB)
    assert "nginx       1.28.0  1.28.1    ±0" in ran.stdout
    assert "⚠ the kernel is another: 6.12.1 → 6.12.2; it runs after the next start" in ran.stdout
    assert "⚠ PostgreSQL 17 → 18: neither reads the data of the other" in ran.stdout


@pytest.mark.parametrize(("before", "after"), [("2", "2"), ("2", "running"), ("3", "profile")])
def test_the_same_system_twice_is_no_difference(desk: Desk, before: str, after: str) -> None:
    ran = desk.run("diff", before, after, *ON_WEB)
    assert ran.code == 0
    assert ran.stdout.startswith("✓ the same system\n")


@pytest.mark.parametrize("name", ["9", "9" * 5000, "0", "-x", "٣", "runing", "", "/etc"])
def test_what_there_is_not_is_told_with_what_there_is(desk: Desk, name: str) -> None:
    ran = desk.run("diff", *ON_WEB, "--", name, "2")
    assert ran.code == 4
    assert "there are 3, 2, 1" in ran.stderr
    assert ("did you mean running?" in ran.stderr) is (name == "runing")


def test_a_system_that_was_collected_is_told(desk: Desk) -> None:
    ran = desk.run("diff", "1", system_path("web", 7), *ON_WEB, "--json")
    assert (ran.code, ran.error["code"]) == (4, "not_found")


def test_nothing_before_the_first_is_previous(desk: Desk) -> None:
    desk.machine("web").profile = {3: THIRD}
    ran = desk.run("diff", "previous", "running", *ON_WEB)
    assert ran.code == 4
    assert "there are 3" in ran.stderr
