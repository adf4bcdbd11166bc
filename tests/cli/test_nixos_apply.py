"""`capsule nixos apply` and `rollback`: what is said, what is left, and the exit codes."""

from pathlib import Path

import pytest

from capsule_domain.models.evaluated_system import SshServer
from capsule_domain.models.switch import SwitchOrder
from tests.cli.switch_desk import Desk, evaluated
from tests.fakes.nixos_machine import Behaviour, system_path

OLD, NEW = system_path("web", 1), system_path("web", 2)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.add("web")
    return desk


def test_a_machine_is_switched_after_a_yes_and_the_word_is_what_was_read(desk: Desk) -> None:
    asked: list[str] = []

    def yes(question: str) -> str:
        asked.append(question)
        return "y"

    ran = desk.run("apply", "--target", "root@web.example", answer=yes)
    assert (ran.code, desk.ends_in("web")) == (0, "new")
    assert ran.stdout.startswith("✓ root@web.example runs ")
    assert ran.stdout.endswith("and starts with it as generation 2\n")
    assert "nginx    1.28.0  1.28.1" in ran.stderr
    question = (
        "It goes back by itself unless it is confirmed within 90 s.\n"
        "Switch root@web.example? [y/N] "
    )
    assert asked == [question]


def test_a_no_changes_nothing(desk: Desk) -> None:
    ran = desk.run("apply", "--xnode", "web", answer=lambda _: "n")
    assert (ran.code, desk.ends_in("web")) == (130, "old")
    assert desk.machine("web").begun == 0


def test_without_a_terminal_and_a_yes_nothing_is_even_built(desk: Desk) -> None:
    ran = desk.run("apply", "--xnode", "web")
    assert ran.code == 2
    assert desk.builder.calls == []


def test_json_is_the_result_alone(desk: Desk) -> None:
    ran = desk.run("apply", "--xnode", "web", "--yes", "--json")
    assert ran.code == 0
    told = {name: ran.data[name] for name in ("machine", "result", "old", "new", "generation")}
    assert told == {
        "machine": "web",
        "result": "committed",
        "old": OLD,
        "new": NEW,
        "generation": 2,
    }
    assert ran.stderr == ""


def test_what_runs_already_is_nothing_to_do_and_makes_no_generation(desk: Desk) -> None:
    desk.builder.built["web"] = OLD
    ran = desk.run("apply", "--xnode", "web", "--yes")
    assert (ran.code, ran.stdout) == (0, "✓ web: nothing to do\n")
    assert list(desk.machine("web").profile) == [1]
    assert desk.machine("web").begun == 0


ENDS: dict[str, tuple[Behaviour, int, str]] = {
    "activation fails": (Behaviour(exit_code=1), 9, "activation_failed"),
    "a firewall": (Behaviour(refuses_new=True), 9, "activation_failed"),
    "a held lock": (Behaviour(exit_code=11), 5, "conflict"),
    "inhibited": (Behaviour(inhibited=True), 5, "conflict"),
}


@pytest.mark.parametrize("case", ENDS)
def test_each_end_has_its_exit_code_and_leaves_the_old_system(desk: Desk, case: str) -> None:
    behaviour, code, word = ENDS[case]
    desk.builder.behaviours[NEW] = behaviour
    ran = desk.run("apply", "--xnode", "web", "--yes", "--json")
    assert (ran.code, ran.error["code"], ran.stdout) == (code, word, "")
    assert desk.ends_in("web") == "old"
    assert ran.error["hint"] == "capsule nixos list-generations --xnode web"


def test_a_machine_that_never_comes_back_is_a_failed_rollback_or_unknown(desk: Desk) -> None:
    machine = desk.machine("web")
    machine.boot_seconds = 100_000
    machine.systems[OLD] = Behaviour(exit_code=1)
    desk.builder.behaviours[NEW] = Behaviour(exit_code=1)
    ran = desk.run("apply", "--xnode", "web", "--yes", "--json")
    assert ran.code in (11, 12)
    assert ran.stdout == ""


def test_power_that_is_lost_in_the_trial_is_unknown_and_settled_by_the_next_command(
    desk: Desk,
) -> None:
    machine = desk.machine("web")
    desk.hosts.heard_at = lambda call: machine.power_cut() if call == "confirm" else None
    ran = desk.run("apply", "--xnode", "web", "--yes", "--json")
    assert (ran.code, ran.error["code"]) == (12, "outcome_unknown")
    desk.hosts.heard_at = lambda _call: None
    machine.boot()
    ran = desk.run("apply", "--xnode", "web", "--dry-run")
    assert ran.code == 0
    assert "was rolled back: the machine was started anew" in ran.stdout
    assert desk.journal.unfinished("web") == []


def test_a_switch_that_is_still_on_its_way_is_left_alone(desk: Desk) -> None:
    machine = desk.machine("web")
    machine.add_system(NEW)
    machine.begin(SwitchOrder(id="another-0001", old=OLD, new=NEW))
    desk.clock.advance(10)
    ran = desk.run("apply", "--xnode", "web", "--yes")
    assert ran.code == 5
    assert "is being switched already" in ran.stderr


# Before anything is built.


def test_a_configuration_that_would_lock_out_is_refused_before_it_is_built(desk: Desk) -> None:
    desk.builder.described["web"] = evaluated("web", ssh=SshServer(enabled=False))
    ran = desk.run("apply", "--xnode", "web", "--yes")
    assert ran.code == 5
    assert "ssh-off: the configuration turns SSH off" in ran.stderr
    assert "--allow ssh-off" in ran.stderr
    assert [name for name, _ in desk.builder.calls] == ["describe"]


def test_an_allowed_rule_is_a_warning_and_the_trial_still_reverts(desk: Desk) -> None:
    desk.builder.described["web"] = evaluated("web", ssh=SshServer(enabled=False))
    desk.builder.behaviours[NEW] = Behaviour(ports=())
    ran = desk.run("apply", "--xnode", "web", "--yes", "--allow", "ssh-off")
    assert (ran.code, desk.ends_in("web")) == (9, "old")


def test_the_configuration_of_another_host_is_refused(desk: Desk) -> None:
    desk.add("db")
    ran = desk.run("apply", "--target", "root@web.example", "--yes")
    assert ran.code == 5
    assert "this is the configuration of db, and the machine is web" in ran.stderr
    assert desk.machine("web").begun == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--allow", "L99"), "no rule named 'L99'"),
        (("--allow", "busy"), "nobody can allow"),
        (("--build-on", "a b"), "names no machine"),
        (("--target", "root@x", "--xnode", "web"), "exclude one another"),
        (("--tags", "a", "--xnode", "web"), "exclude one another"),
        (("--tags", ","), "--tags names no tag"),
        (("-p", "22"), "--port goes with --target"),
        (("--target", "-oProxyCommand=x"), "names no machine"),
        (("--confirm-seconds", "1"), "--confirm-seconds"),
    ],
)
def test_a_wrong_command_line_is_refused(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    ran = desk.run("apply", *arguments, "--yes")
    assert ran.code == 2
    assert said in ran.stderr
    assert desk.hosts.calls == []


def test_an_xnode_without_a_configuration_is_told_how_to_make_one(desk: Desk) -> None:
    desk.inventory.add(desk.inventory.get("web").model_copy(update={"id": "db", "name": "db"}))
    ran = desk.run("apply", "--xnode", "db", "--yes")
    assert ran.code == 3
    assert "capsule nixos generate --xnode db" in ran.stderr


def test_several_configurations_and_no_terminal_need_a_name(desk: Desk) -> None:
    desk.add("db")
    ran = desk.run("apply", "--target", "root@web.example", "--dry-run")
    assert ran.code == 2
    assert "there are 2 configurations" in ran.stderr


def test_a_machine_that_is_no_nixos_is_told_what_to_do(desk: Desk) -> None:
    desk.machine("web").is_nixos = False
    ran = desk.run("apply", "--xnode", "web", "--yes")
    assert ran.code == 3
    assert "not NixOS" in ran.stderr


def test_a_changed_host_key_is_refused_with_nothing_begun(desk: Desk) -> None:
    desk.machine("web").systems[OLD] = Behaviour(other_host_key=True)
    ran = desk.run("apply", "--xnode", "web", "--yes", "--json")
    assert (ran.code, ran.error["code"]) == (8, "host_key_changed")
    assert desk.machine("web").begun == 0


def test_a_dry_run_shows_the_plan_and_builds_nothing(desk: Desk) -> None:
    ran = desk.run("apply", "--xnode", "web", "--dry-run")
    assert ran.code == 0
    assert "confirmed      over a new connection to web.example:22, within 90 s" in ran.stdout
    assert "nothing was built" in ran.stdout
    assert [name for name, _ in desk.builder.calls] == ["describe", "builds_here", "trust"]
    assert desk.machine("web").begun == 0


def test_a_dry_run_of_what_is_refused_shows_why_and_is_refused(desk: Desk) -> None:
    desk.builder.described["web"] = evaluated("web", ssh=SshServer(enabled=False))
    ran = desk.run("apply", "--xnode", "web", "--dry-run")
    assert ran.code == 5
    assert "ssh-off" in ran.stdout


def test_a_restart_without_a_guard_is_warned_of(desk: Desk) -> None:
    for is_guarded in (False, True):
        desk.builder.described["web"] = evaluated("web", guarded=is_guarded)
        ran = desk.run("apply", "--xnode", "web", "--dry-run", "--via-reboot")
        assert ran.code == 0
        assert ("unguarded" in ran.stdout) is not is_guarded


def test_a_flake_without_a_lock_is_told_with_the_release_that_it_comes_to(desk: Desk) -> None:
    folder = Path(desk.folders.folder("web"))
    (folder / "flake.nix").write_text("{ }\n")
    ran = desk.run("apply", "--xnode", "web", "--dry-run", "--json")
    assert ran.code == 0
    [found] = ran.data["findings"]
    assert (found["rule"], found["severity"]) == ("unlocked", "warning")
    assert "NixOS 26.05 here, by /srv/nixpkgs" in found["message"]
    assert found["hint"] == f"nix flake lock path:{folder}"
    (folder / "flake.lock").write_text('{"nodes": {}, "root": "root", "version": 7}')
    assert desk.run("apply", "--xnode", "web", "--dry-run", "--json").data["findings"] == []


def test_a_restart_into_it_is_confirmed_too(desk: Desk) -> None:
    ran = desk.run("apply", "--xnode", "web", "--yes", "--via-reboot")
    assert (ran.code, desk.ends_in("web")) == (0, "new")
