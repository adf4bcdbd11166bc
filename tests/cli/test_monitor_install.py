"""`monitor install`, over a service manager that only notes."""

import os

from tests.cli.running import Ran, capsule, wired
from tests.fakes.collector_service import FakeCollectorService


def says(service: FakeCollectorService, *arguments: str) -> Ran:
    wiring = wired(collector_service=service)
    return capsule("openmesh", "monitor", "install", *arguments, wiring=wiring)


def test_a_dry_run_shows_the_unit_and_writes_nothing() -> None:
    service = FakeCollectorService()
    ran = says(service, "--user", "--dry-run")
    assert (ran.code, service.files) == (0, {})
    assert "would write /units/user:" in ran.stdout
    assert "runs the collector for the user" in ran.stdout
    assert "systemctl enable it" in ran.stdout


def test_it_is_written_after_a_yes_and_the_way_back_is_told() -> None:
    service = FakeCollectorService()
    ran = says(service, "--user", "--yes")
    assert ran.code == 0
    assert list(service.files) == ["/units/user"]
    assert "rm /units/user" in ran.stdout
    assert "is so already" in says(service, "--user").stdout, "again needs no yes"


def test_nobody_there_to_say_yes_is_a_refusal() -> None:
    service = FakeCollectorService()
    assert (says(service, "--user").code, service.files) == (2, {})


def test_root_gets_a_service_of_the_system_and_others_one_of_their_own() -> None:
    ran = says(FakeCollectorService(), "--yes", "--json")
    assert ran.data["scope"] == ("system" if os.geteuid() == 0 else "user")
    assert (ran.data["installed"], ran.data["started"]) == (True, False)


def test_a_module_for_nixos_says_where_it_goes() -> None:
    service = FakeCollectorService()
    ran = says(service, "--nixos", "/etc/nixos/capsule.nix", "--yes")
    assert list(service.files) == ["/etc/nixos/capsule.nix"]
    assert "imports = [ /etc/nixos/capsule.nix ]" in ran.stdout


def test_ways_that_exclude_each_other_and_the_rehearsal_are_refused() -> None:
    assert says(FakeCollectorService(), "--user", "--system").code == 2
    assert "touches nothing outside" in says(FakeCollectorService(), "--sandbox").stderr
