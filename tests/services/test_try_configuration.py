"""A configuration booted, looked at, and shut down; whatever happens meanwhile."""

from pathlib import PurePath
from typing import Any

import pytest

from capsule_domain.errors import CapsuleError, ConfigurationError, HostUnreachable, NotFound
from capsule_domain.models.setting import Kind, Reading, Setting, Value
from capsule_domain.models.stack import Stack
from capsule_domain.models.trial import Trial, TrialKind
from capsule_domain.services.try_configuration import TryConfiguration
from tests.fakes.clock import FakeClock
from tests.fakes.configurations import FakeConfigurations
from tests.fakes.hosts import Answer, FakeHosts
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.fakes.module_reader import FakeModuleReader
from tests.fakes.nix_systems import FakeNixSystems
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.virtual_machines import FakeVirtualMachines

STACKS = {
    "webserver": Stack(
        name="webserver", category="c", summary="s", services=("nginx",), ports=(80, 443)
    ),
    "database": Stack(name="database", category="c", summary="s", services=("postgresql",)),
}
FOLDER = PurePath("/c/web-1")
LISTENING = "LISTEN 0 511 0.0.0.0:80 0.0.0.0:*\nLISTEN 0 128 [::]:22 [::]:*\n"


def enabled(*stacks: str) -> FakeModuleReader:
    """A configuration that turns these on, and one of them off."""
    values = {**dict.fromkeys(stacks, True), "off": False}
    return FakeModuleReader(
        Reading(
            settings=tuple(
                Setting(
                    path=("capsule", name, "enable"),
                    value=Value(kind=Kind.BOOLEAN, said=said),
                    file="/c/configuration.nix",
                    line=1,
                )
                for name, said in values.items()
            )
        )
    )


class World:
    """What is around a trial; `hosts` answers for the machine."""

    def __init__(
        self,
        said: str = f"unit nginx.service active\n{LISTENING}",
        *,
        stacks: tuple[str, ...] = ("webserver",),
        names: tuple[str, ...] = ("configuration.nix",),
        systems: FakeNixSystems | None = None,
        **machines: Any,
    ) -> None:
        self.known_hosts = FakeKnownHosts()
        self.hosts = FakeHosts(self.known_hosts)
        answers: dict[str, Answer] = {"systemctl is-active": said, "systemctl poweroff": ""}
        self.machines = FakeVirtualMachines(self.hosts, answers, **machines)
        self.clock = FakeClock()
        configurations = FakeConfigurations()
        configurations.texts = {str(FOLDER / name): "{ }" for name in names}
        self.service = TryConfiguration(
            configurations=configurations,
            reader=enabled(*stacks),
            index=FakePackageIndex(),
            systems=systems or FakeNixSystems(),
            machines=self.machines,
            hosts=self.hosts,
            keys=FakeKeys(),
            known_hosts=self.known_hosts,
            clock=self.clock,
            stacks=lambda: STACKS,
            new_id=lambda: "abc",
        )

    def run(self, **how: Any) -> Trial:
        try:
            return self.service.run(str(FOLDER), progress=lambda *_: None, **how)
        finally:
            assert self.machines.running == 0
            assert self.known_hosts.keys == {}


def seen(trial: Trial) -> list[tuple[str, bool | None]]:
    return [(check.name, check.ok) for check in trial.checks]


def test_each_stack_that_is_on_has_its_units_and_ports_looked_at() -> None:
    world = World(stacks=("webserver", "unknown-to-capsule"))
    trial = world.run()
    assert trial.ok
    assert (trial.host, trial.accelerated, trial.boot_seconds) == ("web-1", True, 0.0)
    assert seen(trial) == [("ssh", True), ("nginx.service", True), ("80", True), ("443", None)]
    assert trial.checks[0].kind is TrialKind.BOOT
    [(source, host, nixpkgs)] = world.machines.built
    assert source.files == {"web-1": str(FOLDER / "configuration.nix")}
    assert (host, nixpkgs) == (None, "/srv/nixpkgs")


def test_a_unit_that_failed_and_a_port_that_nobody_listens_on_fail_the_trial_at_once() -> None:
    world = World("unit nginx.service failed\nLISTEN 0 1 [::]:22 [::]:*\n")
    trial = world.run()
    assert not trial.ok
    assert seen(trial) == [("ssh", True), ("nginx.service", False), ("80", False), ("443", False)]
    assert trial.checks[1].detail == "failed"
    assert world.clock.slept == []


def test_units_that_are_starting_are_waited_for_but_not_for_ever() -> None:
    world = World("unit postgresql.service activating\n", stacks=("database",))
    trial = world.run()
    assert seen(trial) == [("ssh", True), ("postgresql.service", False)]
    assert 90 <= sum(world.clock.slept) < 95


def test_a_unit_that_systemd_does_not_know_is_not_running() -> None:
    trial = World("", stacks=("database",)).run()
    assert [(check.ok, check.detail) for check in trial.checks[1:]] == [(False, "unknown")]


def test_a_machine_that_boots_slowly_is_waited_for() -> None:
    world = World(boots_after=5)
    trial = world.run()
    assert trial.ok
    assert trial.boot_seconds == 10.0


@pytest.mark.parametrize(("kvm", "seconds"), [(True, 600), (False, 3600)])
def test_one_that_never_lets_us_in_is_given_up_and_ended(*, kvm: bool, seconds: float) -> None:
    world = World(boots_after=None, kvm=kvm)
    trial = world.run()
    assert not trial.ok
    assert (trial.accelerated, trial.boot_seconds) == (kvm, None)
    assert f"no SSH within {seconds} s" in trial.checks[0].detail
    assert sum(world.clock.slept) == pytest.approx(seconds, abs=2)


def test_a_time_that_is_given_holds() -> None:
    world = World(boots_after=None)
    assert "within 30 s" in world.run(timeout_seconds=30.0).checks[0].detail


def test_one_that_ends_while_it_boots_is_told_with_its_last_words() -> None:
    trial = World(boots_after=None, ends="exit code 1, no disk").run()
    assert trial.checks[0].detail == "the machine ended by itself: exit code 1, no disk"


def test_an_interrupt_ends_the_machine() -> None:
    world = World()

    def interrupted(_stdin: str) -> None:
        raise KeyboardInterrupt

    world.machines._answers["systemctl is-active"] = interrupted  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        world.run()


def test_of_several_hosts_one_is_to_be_named() -> None:
    names = ("hosts/a/configuration.nix", "hosts/b/configuration.nix", "flake.nix")
    with pytest.raises(ConfigurationError, match="there are 2 hosts: a, b") as caught:
        World(names=names).run()
    assert caught.value.hint == "capsule nixos test --hostname NAME"
    with pytest.raises(NotFound):
        World(names=names).run(host="c")
    world = World(names=names)
    assert world.run(host="b").host == "b"
    assert world.machines.built[0][:2] == (world.machines.built[0][0], "b")


@pytest.mark.parametrize(
    "world",
    [
        World(names=("modules/web.nix",)),
        World(systems=FakeNixSystems(None)),
        World(refuses=ConfigurationError("no builder", hint="h")),
    ],
)
def test_what_cannot_be_built_here_is_an_error_with_a_remedy(world: World) -> None:
    with pytest.raises(ConfigurationError) as caught:
        world.run()
    assert caught.value.hint


def test_a_connection_that_breaks_while_looking_is_an_error_and_the_machine_is_ended() -> None:
    world = World()
    world.machines._answers["systemctl is-active"] = HostUnreachable("broken")
    with pytest.raises(CapsuleError, match="broken"):
        world.run()
