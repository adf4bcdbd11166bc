"""`capsule nixos rollback`: which generation, what is to be known before, the exit codes."""

from pathlib import Path

import pytest

from capsule_domain.errors import CommandFailed
from tests.cli.switch_desk import Desk
from tests.fakes.nixos_machine import Behaviour, system_path

FIRST, SECOND, THIRD = (system_path("web", number) for number in (1, 2, 3))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Web runs its third generation, and has a fourth that it went back from."""
    desk = Desk(tmp_path)
    desk.add("web")
    machine = desk.machine("web")
    for number, path in ((2, SECOND), (3, THIRD), (4, system_path("web", 4))):
        machine.add_system(path)
        machine.profile[number] = path
    machine.current = 3
    machine.boot()
    desk.builder.closures[THIRD] = {"linux": "6.12.58", "postgresql": "18.1"}
    return desk


def generation(desk: Desk) -> int:
    machine = desk.machine("web")
    assert machine.running == machine.boots_into
    return machine.current


@pytest.mark.parametrize("words", [(), ("--generation", "previous"), ("--generation", "2")])
def test_the_previous_one_is_the_highest_below_the_profiles(
    desk: Desk, words: tuple[str, ...]
) -> None:
    ran = desk.run("rollback", *words, "--xnode", "web", "--yes")
    assert (ran.code, generation(desk)) == (0, 2)
    assert ran.stdout.endswith("and starts with it as generation 2\n")
    assert sorted(desk.machine("web").profile) == [1, 2, 3, 4]


def test_a_number_goes_anywhere_and_json_is_the_result(desk: Desk) -> None:
    ran = desk.run("rollback", "--generation", "4", "--xnode", "web", "--yes", "--json")
    assert (ran.code, generation(desk), ran.data["generation"]) == (0, 4, 4)


def test_the_current_one_is_nothing_to_do(desk: Desk) -> None:
    ran = desk.run("rollback", "--generation", "3", "--xnode", "web")
    assert (ran.code, ran.stdout) == (0, "✓ web: nothing to do\n")
    assert desk.machine("web").begun == 0


def test_one_that_is_not_there_is_told_with_those_that_are(desk: Desk) -> None:
    del desk.machine("web").profile[1]
    ran = desk.run("rollback", "--generation", "1", "--xnode", "web", "--yes")
    assert ran.code == 4
    assert "no generation named '1'" in ran.stderr
    assert "there are 4, 3, 2" in ran.stderr


def test_nothing_before_the_first_is_told(desk: Desk) -> None:
    machine = desk.machine("web")
    machine.profile = {3: THIRD, 4: system_path("web", 4)}
    ran = desk.run("rollback", "--xnode", "web", "--yes")
    assert ran.code == 4


def test_another_kernel_and_another_database_are_told_before_the_question(desk: Desk) -> None:
    desk.builder.closures[SECOND] = {"linux": "6.6.1", "postgresql": "17.4"}
    ran = desk.run("rollback", "--xnode", "web", answer=lambda _: "n")
    assert ran.code == 130
    assert "other-kernel: its kernel is 6.6.1, and 6.12.58 runs" in ran.stderr
    assert "other-database: its PostgreSQL is 17, and the data are those of 18" in ran.stderr
    assert generation(desk) == 3


def test_one_that_does_not_hold_is_gone_back_from(desk: Desk) -> None:
    desk.machine("web").systems[SECOND] = Behaviour(refuses_new=True)
    ran = desk.run("rollback", "--xnode", "web", "--yes", "--json")
    assert (ran.code, ran.error["code"], generation(desk)) == (9, "activation_failed", 3)


def test_a_machine_that_cannot_tell_what_changes_goes_back_all_the_same(desk: Desk) -> None:
    desk.builder.fails["compare"] = CommandFailed("its nix is too old")
    ran = desk.run("rollback", "--xnode", "web", "--yes")
    assert (ran.code, generation(desk)) == (0, 2)
    assert "what would change is unknown: its nix is too old" in ran.stderr


def test_a_dry_run_shows_what_would_be(desk: Desk) -> None:
    ran = desk.run("rollback", "--xnode", "web", "--dry-run")
    assert ran.code == 0
    assert "generation  2" in ran.stdout
    assert desk.machine("web").begun == 0


@pytest.mark.parametrize("word", ["x", "-1", "1.5", "0x2", "٣", "9" * 30])
def test_what_is_no_number_is_refused(desk: Desk, word: str) -> None:
    ran = desk.run("rollback", f"--generation={word}", "--xnode", "web", "--yes")
    assert ran.code == 2
    assert desk.hosts.calls == []


def test_a_restart_goes_back_too(desk: Desk) -> None:
    ran = desk.run("rollback", "--xnode", "web", "--yes", "--via-reboot")
    assert (ran.code, generation(desk)) == (0, 2)
