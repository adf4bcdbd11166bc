"""Two Capsules, each with a home of its own, that rent one name from one account at once."""

import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from threading import Barrier, BrokenBarrierError

from tests.killing.matrix import NAME, Child, Ground, Home
from tests.killing.proxy import Proxy

_WAIT_SECONDS = 60.0


@dataclass
class Rival:
    """One of them. It waits for the other when its intent is journalled and nothing is sent."""

    home: Home
    meeting: Barrier
    apart_seconds: float = 0.0
    met: bool = False
    code: int = 0
    lines: list[str] = field(default_factory=list)

    def gate(self) -> None:
        """Before each of its requests."""
        if self.met or not self._intends():
            return
        self.met = True
        with suppress(BrokenBarrierError):
            time.sleep(self.apart_seconds * self.meeting.wait(_WAIT_SECONDS))

    def _intends(self) -> bool:
        database = self.home.folder / "sandbox" / "state.db"
        if not database.exists():
            return False
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            try:
                return bool(connection.execute("SELECT 1 FROM deployments").fetchall())
            except sqlite3.Error:
                return False


def two_at_once(ground: Ground, *, apart_seconds: float = 0.0) -> Sequence[Rival]:
    """Both deploys from their beginning to their end; one may ask so much after the other."""
    meeting = Barrier(2)
    rivals = [Rival(ground.home(), meeting, apart_seconds) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda rival: _deploy(ground, rival), rivals))
    return rivals


def _deploy(ground: Ground, rival: Rival) -> None:
    with Proxy(ground.endpoint, gate=rival.gate) as proxy:
        rival.home.lead_to(ground.announcement, ground.cloud, proxy.endpoint)
        words = ["openmesh", "deploy", "--name", NAME, *ground.options]
        child = Child(rival.home.folder, words)
        child.heard = rival.lines.append
        child.watch()
        rival.code = child.code
    rival.home.lead_to(ground.announcement, ground.cloud, ground.endpoint)
