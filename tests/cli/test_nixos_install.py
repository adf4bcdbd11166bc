"""`capsule nixos install`, argv by argv: what is asked, what scripts have to say, what is told."""

from pathlib import Path
from typing import Any

import pytest

from capsule_domain.errors import CommandFailed
from capsule_domain.models.evaluated_system import OpenPorts
from capsule_domain.models.operating_system import OperatingSystem
from tests.cli.running import Ran, capsule
from tests.fakes.machine_surveys import UBUNTU, survey
from tests.services.install_desk import SYSTEM, InstallDesk
from tests.xnodes import an_xnode

TARGET = ("nixos", "install", "--target", "root@203.0.113.9")


@pytest.fixture
def desk(tmp_path: Path) -> InstallDesk:
    return InstallDesk(tmp_path)


def run(desk: InstallDesk, *arguments: str, types: str | None = None) -> Ran:
    answer = None if types is None else (lambda _question: types)
    return capsule(*TARGET, *arguments, wiring=desk.wiring, answer=answer)


def test_the_name_of_the_machine_is_typed_and_it_is_seen_running(desk: InstallDesk) -> None:
    done = run(desk, types="old-1")
    assert done.code == 0
    assert "root@203.0.113.9 runs NixOS as web-1, with the host key that it had" in done.stdout
    assert SYSTEM in done.stdout
    assert "anywhere: there is memory enough" in done.stderr
    assert "✗ erased  vda  40 GiB  QEMU HARDDISK  /, /boot" in done.stderr
    assert "/dev/disk/by-id/virtio-1" in done.stderr
    assert "○ stays   vdb  100 GiB  /data" in done.stderr


@pytest.mark.parametrize("word", ["", "y", "yes", "old-2", "web-1", "203.0.113.9"])
def test_any_other_word_leaves_the_machine_as_it_is(desk: InstallDesk, word: str) -> None:
    assert run(desk, types=word).code == 130
    assert desk.installer.jobs == []


def test_a_script_names_the_machine(desk: InstallDesk) -> None:
    done = run(desk, "--erase", "old-1", "--json")
    assert (done.code, done.data["system"], done.data["way"]) == (0, SYSTEM, "anywhere")
    assert done.data["address"] == "203.0.113.9"


@pytest.mark.parametrize(
    ("arguments", "types"), [(["--yes"], None), (["--yes"], "old-1"), ([], None), (["-q"], None)]
)
def test_a_yes_alone_erases_nothing(
    desk: InstallDesk, arguments: list[str], types: str | None
) -> None:
    done = run(desk, *arguments, types=types)
    assert done.code == 2
    assert "a script names the machine itself" in done.stderr
    assert "--erase NAME" in done.stderr
    assert (desk.surveys.looked, desk.installer.jobs) == ([], [])


def test_a_name_that_is_not_the_machines_own_erases_nothing(desk: InstallDesk) -> None:
    done = run(desk, "--erase", "web-1", "--yes")
    assert done.code == 2
    assert "calls itself old-1" in done.stderr
    assert desk.installer.jobs == []


def test_a_dry_run_shows_the_plan_and_asks_nothing(desk: InstallDesk) -> None:
    done = run(desk, "--dry-run", "--json")
    assert done.code == 0
    told = {name: done.data[name] for name in ("hostname", "host", "way", "disk", "erased")}
    assert told == {
        "hostname": "old-1",
        "host": "web-1",
        "way": "anywhere",
        "disk": "/dev/disk/by-id/virtio-1",
        "erased": "vda",
    }
    assert done.data["disks"][0]["mounts"] == ["/", "/boot"]
    assert (desk.installer.jobs, desk.machine.commands) == ([], [])


def test_what_would_lock_us_out_is_told_and_refused(desk: InstallDesk) -> None:
    desk.describes(open_everywhere=OpenPorts())
    for extra in (["--dry-run"], ["--erase", "old-1"]):
        done = run(desk, *extra)
        assert done.code == 5
        assert "the firewall lets nobody in at sshd's port (22)" in done.stderr
    assert desk.installer.jobs == []
    allowed = run(desk, "--dry-run", "--allow", "L2")
    assert (allowed.code, "(allowed)" in allowed.stdout) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--allow", "ssh-prot"], 2, "did you mean"),
        (["--allow", "busy"], 2, "nobody can allow"),
        (["--disk", "/dev/vdz"], 4, "no disk named"),
        (["--hostname", "web-9"], 4, "no host named"),
        (["--config", "/nowhere"], 4, "no configuration named"),
        (["-p", "0"], 2, "-p"),
        (["--target", "a b"], 2, "names no machine"),
        (["--nixpkgs"], 2, "--nixpkgs"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    desk: InstallDesk, arguments: list[str], code: int, words: str
) -> None:
    done = run(desk, "--erase", "old-1", *arguments)
    assert done.code == code
    assert words in done.stderr
    assert desk.installer.jobs == []


def test_a_nixos_is_not_laid_out_anew(desk: InstallDesk) -> None:
    desk.surveys.machines["203.0.113.9"] = survey(system="nixos")
    done = run(desk, "--erase", "old-1", "--json")
    assert (done.code, done.error["code"]) == (5, "conflict")
    assert done.error["hint"] == "capsule nixos apply --target root@203.0.113.9"


def test_a_machine_that_does_not_answer_is_told(desk: InstallDesk) -> None:
    desk.surveys.machines.clear()
    assert run(desk, "--dry-run").code == 8


def test_an_installer_that_fails_is_told_and_no_success_is_claimed(desk: InstallDesk) -> None:
    desk.installer.fails = CommandFailed("nixos-anywhere failed (1): no space left")
    done = run(desk, "--erase", "old-1")
    assert done.code == 8
    assert "no space left" in done.stderr
    assert done.stdout == ""


def test_broken_off_it_is_said_what_may_be_on_the_machine(desk: InstallDesk) -> None:
    def interrupted(_job: object) -> None:
        raise KeyboardInterrupt

    desk.installer.done = interrupted
    done = run(desk, "--erase", "old-1")
    assert (done.code, done.stdout) == (130, "")
    assert "may run an installer of NixOS by now" in done.stderr
    assert desk.known_hosts.keys == {}


def test_a_machine_that_never_comes_back_has_an_outcome_that_nobody_knows(
    desk: InstallDesk,
) -> None:
    desk.installer.done = lambda _job: None
    done = run(desk, "--erase", "old-1")
    assert (done.code, done.stdout) == (12, "")
    assert "did not come back as NixOS" in done.stderr


def test_with_little_memory_the_plan_says_what_becomes_of_what_is_there(desk: InstallDesk) -> None:
    desk.surveys.machines["203.0.113.9"] = survey(memory_mib=980)
    done = run(desk, "--dry-run")
    assert done.code == 0
    assert "in-place: 980 MiB of memory are too little" in done.stdout
    assert "comes to /old-root" in done.stdout
    assert "erased" not in done.stdout


def rented(desk: InstallDesk, **changes: Any) -> None:
    """The machine is the xNode web-1, which is known by a pinned key."""
    desk.inventory.add(an_xnode("web-1", id="id-1", address="203.0.113.9", **changes))
    desk.known_hosts.pin("id-1", UBUNTU.host_keys[0])


def test_an_xnode_becomes_nixos_by_its_own_configuration_and_is_known_as_that(
    desk: InstallDesk,
) -> None:
    rented(desk)
    done = capsule("nixos", "install", "--xnode", "web-1", "--erase", "old-1", wiring=desk.wiring)
    assert done.code == 0
    assert desk.installer.jobs[0].target.key_alias == "id-1"
    assert desk.inventory.get("web-1").os is OperatingSystem.NIXOS
    assert list(desk.known_hosts.keys) == ["id-1"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--xnode", "web"], 4, "no xnode named"),
        (["--xnode", "web-1", "--target", "root@a"], 2, "exclude one another"),
        (["--xnode", "nobody", "--target", "root@a"], 2, "exclude one another"),
        (["--xnode", "web-1", "-p", "22"], 2, "--port goes with --target"),
        ([], 2, "none was named"),
    ],
)
def test_one_machine_is_meant_and_named_whole(
    desk: InstallDesk, arguments: list[str], code: int, words: str
) -> None:
    rented(desk)
    done = capsule("nixos", "install", *arguments, "--erase", "old-1", wiring=desk.wiring)
    assert done.code == code
    assert words in done.stderr
    assert desk.installer.jobs == []


def test_what_is_protected_is_not_erased(desk: InstallDesk) -> None:
    rented(desk, protected=True)
    done = capsule("nixos", "install", "--xnode", "web-1", "--erase", "old-1", wiring=desk.wiring)
    assert (done.code, "is protected" in done.stderr) == (5, True)
