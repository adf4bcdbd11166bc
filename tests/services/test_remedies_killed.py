"""Collectors that are killed while they help: nothing is done twice, and nothing goes unnoticed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from capsule_adapters.clock import SystemClock
from capsule_adapters.store.alert_book import SqliteAlertBook
from capsule_adapters.store.remediation_log import SqliteRemediationLog
from capsule_adapters.store.state import state_database
from capsule_domain.models.alert import Step, StepKind
from capsule_domain.models.book import Entry
from capsule_domain.models.remediation import Remediation, RemediationSettings
from capsule_domain.models.xnode import XNode
from capsule_domain.services.judge import Round
from capsule_domain.services.remediate import Remediate, Remedying
from tests.fakes.first_aid import FakeFirstAid
from tests.fakes.inventory import FakeInventory
from tests.services.test_triage import REMEDIES, an_alert
from tests.services.watching import PLAN
from tests.tools import ROOT
from tests.xnodes import an_xnode

LIMITLESS = RemediationSettings(
    enabled=True,
    remedies=REMEDIES,
    hourly_per_xnode=60,
    hourly_in_fleet=1000,
    cooldown_seconds=0,
    breaker_percent=100,
)


def helper(home: Path, inventory: FakeInventory, name: str) -> Remediate:
    """Helps with real books. Only reboots are asked of it: each is noted on the disk when it
    begins, and takes a while. The first never ends: whenever it is killed, one is under way.
    """
    database = state_database(home)
    ids = (f"{name}-{number}" for number in count())

    def reboot(xnode: XNode) -> None:
        with (home / "acts").open("a") as file:
            file.write(f"{xnode.name}\n")
            file.flush()
            os.fsync(file.fileno())
        first = xnode.name.endswith("-0")
        time.sleep(3600 if first else random.uniform(0.05, 0.15))  # noqa: S311

    return Remediate(
        inventory=inventory,
        book=SqliteAlertBook(database),
        log=SqliteRemediationLog(database),
        aid=FakeFirstAid(),
        reboot=reboot,
        clouds=lambda: ("vultr",),
        cut_off=lambda: False,
        clock=SystemClock(),
        new_id=lambda: next(ids),
        told=say,
        troubled=pytest.fail,
    )


def say(one: Remediation) -> None:
    sys.stdout.write(f"{one.state}\n")
    sys.stdout.flush()


def collector(home: Path, name: str) -> None:
    """One alert after another begins to fire, each of an xNode of its own."""
    inventory = FakeInventory([])
    plan = PLAN.model_copy(update={"remediation": LIMITLESS})
    with Remedying(helper(home, inventory, name)) as remediate:
        for number in count():
            xnode = an_xnode(f"n{name}-{number}")
            inventory.add(xnode)
            now = datetime.now(UTC)
            alert = an_alert(xnode.name, "ssh", since=now, seen_at=now, fired_at=now)
            remediate.book.apply(Entry(alerts=(alert,)), remediate.book.page(now).revision)
            fired = Step(alert=alert, kind=StepKind.FIRED)
            remediate.consider(Round(entry=Entry(), steps=[fired]), plan)
            time.sleep(0.01)


def killed_again_and_again(home: Path, kills: int) -> Counter[str]:
    """How many decisions there are of each state, after all that was said of them was checked."""
    chance = random.Random(8)  # noqa: S311 (moments, not secrets)
    home.mkdir()
    for number in range(kills):
        words = [
            sys.executable,
            "-m",
            "tests.services.test_remedies_killed",
            str(home),
            str(number),
        ]
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert "done\n" in iter(process.stdout.readline, "")
            time.sleep(chance.random() * 0.2)
            process.send_signal(signal.SIGKILL)
    with Remedying(helper(home, FakeInventory([]), "last")) as last:  # tells what was left
        decisions = {one.xnode: one.state.value for one in last.log.list()}
        assert last.log.open() == []
    acts = Counter((home / "acts").read_text().split())
    assert set(acts.values()) == {1}
    assert {decisions[name] for name in acts} == {"done", "unknown"}
    assert {name for name, state in decisions.items() if state == "done"} <= set(acts)
    return Counter(decisions.values())


def test_a_collector_that_is_killed_helps_nobody_twice(tmp_path: Path) -> None:
    states = killed_again_and_again(tmp_path / "home", 3)
    assert states["done"] >= 3
    assert states["unknown"] >= 3


@pytest.mark.full
def test_collectors_that_are_killed_a_hundred_times_help_nobody_twice(tmp_path: Path) -> None:
    states = killed_again_and_again(tmp_path / "home", 100)
    assert min(states["done"], states["unknown"]) >= 100


if __name__ == "__main__":
    collector(Path(sys.argv[1]), sys.argv[2])
