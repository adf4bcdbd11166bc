"""An xNode's screen shows its generations, and goes back to one of them."""

from dataclasses import dataclass, replace

import pytest

from capsule_cli.wiring import Wiring
from tests.cli.test_manage import Player, played
from tests.cli.test_xnode import Home
from tests.fakes.nixos_hosts import FakeNixosHosts
from tests.fakes.nixos_machine import FakeNixosMachine, system_path
from tests.fakes.switch_journal import FakeSwitchJournal
from tests.fakes.system_builder import FakeSystemBuilder

TAKEN = "\x1b[?1049h"
"""Written whenever the screen is taken, at first and after it was given away."""


@dataclass
class NixosHome(Home):
    """web-1 is a NixOS with two generations, and runs the second."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.hosts = FakeNixosHosts(self.street.clock)
        xnode = self.street.inventory.get("web-1")
        machine = FakeNixosMachine(self.street.clock, xnode.id, (xnode.address or "",))
        machine.profile[2] = machine.add_system(system_path("web-1", 2))
        machine.current = 2
        machine.boot()
        self.hosts.machines.append(machine)
        self.machine = machine

    def wiring(self) -> Wiring:
        journal, builder = FakeSwitchJournal(), FakeSystemBuilder(lambda _machine: self.machine)
        return replace(
            super().wiring(),
            nixos_hosts=lambda: self.hosts,
            switch_journal=lambda: journal,
            system_builder=lambda: builder,
        )


@pytest.mark.parametrize(
    ("typed", "said", "generation"),
    [
        ("", "", 2),
        ("x", "✗ 'x' is no generation", 2),
        ("7", "✗ no generation named '7'", 2),
        ("2", "✓ web-1 is at the generation", 2),
    ],
)
def test_an_answer_that_leads_nowhere_changes_nothing(
    typed: str, said: str, generation: int
) -> None:
    home = NixosHome()

    def script(player: Player) -> None:
        player.sees("◆ web-1")
        player.typed = typed
        player.press("g")
        player.until(lambda: player.shown.getvalue().count(TAKEN) == 2)
        player.sees(said)

    player = played(home, script)
    assert "date (UTC)" in player.shown.getvalue()
    assert (home.machine.current, home.machine.begun) == (generation, 0)


def test_a_number_and_a_yes_go_back() -> None:
    home = NixosHome()
    answers = iter(["1", "y"])

    def script(player: Player) -> None:
        object.__setattr__(player.run.ask, "answer", lambda _question: next(answers))
        player.sees("◆ web-1")
        player.press("g")
        player.sees("✓ web-1 is at the generation that was asked for")

    played(home, script)
    assert home.machine.current == 1
    assert home.machine.running == home.machine.boots_into
