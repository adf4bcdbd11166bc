"""What every `CollectorService` does; here in memory, and for systemd with a folder of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from capsule_adapters.collector.service import SystemdService
from capsule_domain.models.collector_service import ServiceScope
from capsule_domain.ports.collector_service import CollectorService
from tests.fakes.collector_service import FakeCollectorService


def _systemd(folder: Path) -> CollectorService:
    return SystemdService(
        folder / "home",
        ("/opt/capsule",),
        {"HOME": str(folder), "PATH": "/nowhere"},
        system_units=folder / "units",
        running=folder / "absent",
    )


@pytest.fixture(params=[_systemd, lambda _folder: FakeCollectorService()], ids=["systemd", "fake"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> CollectorService:
    make: Callable[[Path], CollectorService] = request.param
    return make(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "module.nix")


@pytest.mark.parametrize("scope", ServiceScope)
def test_what_was_installed_needs_no_change_and_again_is_a_success(
    service: CollectorService, scope: ServiceScope, file: str
) -> None:
    target = file if scope is ServiceScope.NIXOS else None
    first = service.plan(scope, target)
    assert first.changed
    assert service.plan(scope, target) == first, "planning changes nothing"
    service.install(first, lambda _seconds, _line: None)
    again = service.plan(scope, target)
    assert not again.changed
    assert again.text == first.text
    service.install(again, lambda _seconds, _line: None)
    assert not service.plan(scope, target).changed


@pytest.mark.parametrize("scope", ServiceScope)
def test_the_way_back_is_told(service: CollectorService, scope: ServiceScope, file: str) -> None:
    plan = service.plan(scope, file if scope is ServiceScope.NIXOS else None)
    assert ("rm", plan.path) in plan.remove


def test_a_module_goes_where_it_is_wanted(service: CollectorService, file: str) -> None:
    assert service.plan(ServiceScope.NIXOS, file).path == file
