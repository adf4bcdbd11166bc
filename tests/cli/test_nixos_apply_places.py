"""Where `capsule nixos apply` builds, where a machine moves to, and the machine we are on."""

from pathlib import Path

import pytest

from capsule_domain.errors import NixFailed
from capsule_domain.models.evaluated_system import OpenPorts, SshServer
from capsule_domain.ports.system_builder import StoreTrust
from tests.cli.switch_desk import Desk, evaluated
from tests.fakes.nixos_machine import Behaviour, system_path

NEW = system_path("web", 2)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.add("web")
    return desk


# Where it is built.


def test_what_cannot_be_built_here_is_built_on_the_machine(desk: Desk) -> None:
    desk.builder.systems_here = frozenset()
    assert desk.run("apply", "--xnode", "web", "--yes").code == 0
    assert desk.builder.orders[0].on_machine


def test_a_store_that_takes_nothing_from_us_has_it_built_there(desk: Desk) -> None:
    desk.builder.trusts = StoreTrust.NEITHER
    assert desk.run("apply", "--xnode", "web", "--yes").code == 0
    assert desk.builder.orders[0].on_machine


def test_a_store_that_takes_nothing_is_told_before_anything_is_built_elsewhere(desk: Desk) -> None:
    desk.builder.trusts = StoreTrust.NEITHER
    ran = desk.run("apply", "--xnode", "web", "--yes", "--build-on", "local")
    assert ran.code == 3
    assert "nix.settings.trusted-public-keys" in ran.stderr
    assert "build" not in [name for name, _ in desk.builder.calls]


def test_a_build_host_is_ordered_by_its_name(desk: Desk) -> None:
    assert desk.run("apply", "--xnode", "web", "--yes", "--build-on", "ci@builder").code == 0
    where = desk.builder.orders[0].where
    assert where is not None
    assert (where.user, where.host) == ("ci", "builder")


def test_what_nix_cannot_build_changes_nothing(desk: Desk) -> None:
    desk.builder.fails["build"] = NixFailed("cannot build the system", lines=["error: no"])
    ran = desk.run("apply", "--xnode", "web", "--yes")
    assert (ran.code, desk.machine("web").begun) == (8, 0)
    assert "error: no" in ran.stderr


# A machine that moves.


def test_a_port_that_moves_is_confirmed_there_and_the_inventory_follows(desk: Desk) -> None:
    desk.builder.described["web"] = evaluated(
        "web",
        ssh=SshServer(enabled=True, ports=(2222,)),
        open_everywhere=OpenPorts(ports=(2222,)),
    )
    desk.builder.behaviours[NEW] = Behaviour(ports=(2222,))
    ran = desk.run("apply", "--xnode", "web", "--yes")
    assert (ran.code, desk.ends_in("web")) == (0, "new")
    assert desk.inventory.get("web").ssh_port == 2222
    assert "the inventory has it" in ran.stderr


def test_a_person_is_told_where_a_machine_is_that_moved(desk: Desk) -> None:
    desk.builder.described["web"] = evaluated(
        "web",
        ssh=SshServer(enabled=True, ports=(2222,)),
        open_everywhere=OpenPorts(ports=(2222,)),
    )
    desk.builder.behaviours[NEW] = Behaviour(ports=(2222,))
    ran = desk.run("apply", "--target", "root@web.example", "--yes")
    assert ran.code == 0
    assert "is now at web.example, port 2222" in ran.stderr


# Here.


def test_this_machine_is_kept_by_a_persons_word(desk: Desk) -> None:
    desk.hosts.here = desk.machine("web")
    questions: list[str] = []

    def yes(question: str) -> str:
        questions.append(question)
        return "y"

    ran = desk.run("apply", answer=yes)
    assert (ran.code, desk.ends_in("web")) == (0, "new")
    assert questions[1].startswith("Keep it? Without an answer it goes back in ")


def test_this_machine_goes_back_without_a_persons_word(desk: Desk) -> None:
    desk.hosts.here = desk.machine("web")
    ran = desk.run("apply", answer=lambda question: "y" if "Switch" in question else "")
    assert (ran.code, desk.ends_in("web")) == (9, "old")


def test_this_machine_keeps_it_by_its_own_look_with_a_yes(desk: Desk) -> None:
    desk.hosts.here = desk.machine("web")
    assert desk.run("apply", "--yes").code == 0
    assert desk.ends_in("web") == "new"
