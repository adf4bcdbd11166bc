"""`capsule nixos apply` on many: one first, then the others, until one goes wrong."""

from pathlib import Path

import pytest

from tests.cli.switch_desk import Desk, evaluated
from tests.fakes.nixos_machine import Behaviour, system_path

NAMES = ("api", "db", "web")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    for name in NAMES:
        desk.add(name, tags=("prod",))
    return desk


def ends(desk: Desk) -> list[str]:
    return [desk.ends_in(name) for name in NAMES]


def test_all_with_a_tag_are_switched_after_one_question(desk: Desk) -> None:
    asked: list[str] = []

    def yes(question: str) -> str:
        asked.append(question)
        return "y"

    ran = desk.run("apply", "--tags", "prod", answer=yes)
    assert (ran.code, ends(desk)) == (0, ["new"] * 3)
    assert len(asked) == 1
    assert asked[0].endswith("Switch these 3 machines, api first? [y/N] ")
    assert ran.stdout.splitlines()[1:] == [
        "api      ✓ committed  2",
        "db       ✓ committed  2",
        "web      ✓ committed  2",
    ]


def test_several_by_name_are_a_list_in_json(desk: Desk) -> None:
    ran = desk.run("apply", "--xnode", "web", "--xnode", "api", "--yes", "--json")
    assert ran.code == 0
    assert [(row["machine"], row["result"], row["ok"]) for row in ran.data] == [
        ("api", "committed", True),
        ("web", "committed", True),
    ]
    assert ends(desk) == ["new", "old", "new"]


def test_a_canary_that_reverts_stops_all_others(desk: Desk) -> None:
    desk.builder.behaviours[system_path("api", 2)] = Behaviour(exit_code=1)
    ran = desk.run("apply", "--tags", "prod", "--yes", "--json")
    assert (ran.code, ends(desk)) == (9, ["old"] * 3)
    assert [row["result"] for row in ran.data] == ["rolled-back", "not-begun", "not-begun"]
    assert ran.data[0]["error"]["exit"] == 9
    assert [desk.machine(name).begun for name in NAMES] == [1, 0, 0]


def test_one_that_reverts_later_stops_those_that_have_not_begun(desk: Desk) -> None:
    desk.builder.behaviours[system_path("db", 2)] = Behaviour(refuses_new=True)
    ran = desk.run("apply", "--tags", "prod", "--yes", "--json", "--jobs", "1")
    assert (ran.code, ends(desk)) == (9, ["new", "old", "old"])
    assert [row["result"] for row in ran.data] == ["committed", "rolled-back", "not-begun"]


def test_one_that_is_refused_refuses_all(desk: Desk) -> None:
    desk.builder.described["web"] = evaluated("web", hostname="another")
    ran = desk.run("apply", "--tags", "prod", "--yes")
    assert (ran.code, ends(desk)) == (5, ["old"] * 3)
    assert "web: this is the configuration of another" in ran.stderr
    assert [name for name, _ in desk.builder.calls if name == "build"] == []


def test_one_that_cannot_be_reached_stops_all_before_anything_is_built(desk: Desk) -> None:
    desk.machine("db").is_up = False
    ran = desk.run("apply", "--tags", "prod", "--yes")
    assert (ran.code, ends(desk)) == (8, ["old"] * 3)
    assert "db: cannot reach" in ran.stderr
    assert [name for name, _ in desk.builder.calls if name == "build"] == []


def test_those_that_run_it_already_are_left_out(desk: Desk) -> None:
    desk.builder.built["api"] = system_path("api", 1)
    ran = desk.run("apply", "--tags", "prod", "--yes", "--json")
    assert ran.code == 0
    assert [row["result"] for row in ran.data] == ["nothing-to-do", "committed", "committed"]


def test_the_worst_exit_code_is_that_of_all(desk: Desk) -> None:
    machine = desk.machine("web")
    desk.hosts.heard_at = lambda _call: machine.power_cut() if machine.begun else None
    ran = desk.run("apply", "--tags", "prod", "--yes", "--json", "--jobs", "1")
    assert [row["result"] for row in ran.data] == ["committed", "committed", "unknown"]
    assert ran.code == 12


def test_a_dry_run_of_many_is_a_list_of_plans(desk: Desk) -> None:
    ran = desk.run("apply", "--tags", "prod", "--dry-run", "--json")
    assert ran.code == 0
    assert [plan["machine"] for plan in ran.data] == list(NAMES)


def test_a_tag_that_nobody_has_is_not_found(desk: Desk) -> None:
    ran = desk.run("apply", "--tags", "prd", "--yes")
    assert ran.code == 4
    assert "did you mean prod?" in ran.stderr


def test_a_fleet_of_one_is_a_list_too(desk: Desk) -> None:
    desk.add("solo", tags=("lonely",))
    ran = desk.run("apply", "--tags", "lonely", "--yes", "--json")
    assert (ran.code, len(ran.data)) == (0, 1)


def test_the_fleets_own_configuration_is_used_where_it_was_generated_last(desk: Desk) -> None:
    fleet = desk.folders.fleet_folder()
    for name in NAMES:
        folder = Path(fleet, "hosts", name)
        folder.mkdir(parents=True)
        (folder / "configuration.nix").write_text("{ }\n")
    manifest = '{"version": 1, "hosts": {"api": "26.05", "db": "26.05", "web": "26.05"}}'
    Path(fleet, ".capsule.json").write_text(manifest)
    desk.choices.save_settings(
        desk.choices.settings().model_copy(update={"last_configuration": str(fleet)})
    )
    assert desk.run("apply", "--tags", "prod", "--yes").code == 0
    (source,) = {tuple(order.source.files) for order in desk.builder.orders}
    assert source == NAMES
