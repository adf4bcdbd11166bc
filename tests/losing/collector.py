"""`python -m tests.losing.collector HOME BEGAN`: a collector whose clock runs ahead.

Everything that matters is real: engine, rounds, state.db, channels. The machines are not:
the disk of each fills up and is emptied, again and again. BEGAN is when the fast clock
began, in seconds of the epoch, the same for all that follow one another on a home.
"""

import random
import secrets
import signal
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

from capsule_adapters.collector.lock import FileEngineLock
from capsule_adapters.notify.channels import Channels
from capsule_adapters.store.alert_book import SqliteAlertBook
from capsule_adapters.store.monitoring import YamlMonitoringChoices
from capsule_adapters.store.outbox import SqliteOutbox
from capsule_adapters.store.samples import SqliteSamples
from capsule_adapters.store.state import state_database
from capsule_domain.models.alert import Timing
from capsule_domain.models.heard import Heard, HeardKind
from capsule_domain.models.metric import Disk
from capsule_domain.models.notification import Grouping
from capsule_domain.models.rule import AlertRule, Bound, Quantity
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.services.deliver import Deliver, Delivering
from capsule_domain.services.engine import Engine
from capsule_domain.services.isolation import Isolation
from capsule_domain.services.looker import Looker
from capsule_domain.services.patience import Patience
from capsule_domain.services.rounds import Rounds
from tests.fakes.inventory import FakeInventory
from tests.fakes.probes import FakeProbes, Scene
from tests.fakes.supervision import FakeAnchors, FakeSupervisor
from tests.xnodes import an_xnode

SPEED = 20.0
START = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = ("web", "db", "mail")
_FULL_SECONDS = 12
_CYCLES = 4000


class FastClock:
    """Runs `SPEED` times as fast as the wall's, from START on."""

    def __init__(self, began: float) -> None:
        self._began = began

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.time() - self._began) * SPEED

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds / SPEED)


def main() -> None:
    home, began, quiet = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:] == ["quiet"]
    clock, database = FastClock(began), state_database(home)
    xnodes = [an_xnode(name, tags=(name,)) for name in NAMES]
    choices = YamlMonitoringChoices(home, {}, nullcontext)
    rounds = Rounds(
        samples=SqliteSamples(home / "metrics.db"),
        book=SqliteAlertBook(database),
        isolation=Isolation(FakeAnchors()),
        clock=clock,
        new_id=lambda: secrets.token_hex(5),
    )
    engine = Engine(
        inventory=FakeInventory(xnodes),
        plan=lambda: _plan(choices),
        looker=Looker(_machines(clock, quiet=quiet)),
        rounds=rounds,
        clock=clock,
        supervisor=FakeSupervisor(),
        heard=_say,
    )
    deliver = Deliver(
        outbox=SqliteOutbox(database),
        notifiers=Channels(choices, clock, sys.stderr).enabled,
        clock=clock,
        randomness=random.random,
        patience=Patience(first_seconds=2, longest_seconds=10),
    )
    signal.signal(signal.SIGTERM, lambda *_: engine.stop())
    with (
        FileEngineLock(home / "monitor.lock", "a test", clock).hold(),
        Delivering(deliver, nap_seconds=0.02),
    ):
        engine.run()


def _plan(choices: YamlMonitoringChoices) -> WatchPlan:
    """A rule for each xNode: a message of one tells of no other."""
    return WatchPlan(
        interval_seconds=5,
        rules=tuple(
            AlertRule(
                name=f"disk-{name}",
                quantity=Quantity.DISK,
                critical=Bound(enter=95, leave=90),
                timing=Timing(flap_window_seconds=0),
                tags=(name,),
            )
            for name in NAMES
        ),
        grouping=Grouping(wait_seconds=0, interval_seconds=0, repeat_seconds=10**7),
        channels=tuple(channel.value for channel in choices.settings().channels),
        disks_every_seconds=5,
    )


def _machines(clock: FastClock, *, quiet: bool) -> FakeProbes:
    """Each disk is full for some seconds, then empty for as long; `quiet`: empty for good."""
    probes = FakeProbes(clock)
    for place, name in enumerate(NAMES):
        for cycle in range(0 if quiet else _CYCLES):
            full = Disk(mount="/", used_percent=97.0 if cycle % 2 else 30.0)
            since = START + timedelta(seconds=cycle * _FULL_SECONDS + place * 7)
            probes.play(f"x-{name}", Scene(figures={"disks": (full,)}), since=since)
    return probes


def _say(heard: Heard) -> None:
    """Said after it was written: whoever hears it may count on it."""
    if heard.kind in (HeardKind.STARTED, HeardKind.FIRED, HeardKind.RESOLVED):
        sys.stdout.write(f"{heard.kind} {heard.alert.id if heard.alert else '-'}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
