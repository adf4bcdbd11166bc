"""Runs deploys as processes of their own, kills them, and looks at what is left."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from capsule_adapters.sandbox.announcement import announce, announced
from capsule_adapters.sandbox.control import SandboxControl
from capsule_cli.options import GlobalOptions
from capsule_cli.wiring import Wiring, wire
from capsule_domain.models.deployment import DeploymentEvent, DeploymentId, DeploymentState
from capsule_domain.models.reconciliation import Standing
from capsule_domain.models.server import ServerStatus
from capsule_domain.services.look_for import LOOKING, SENDING
from tests.killing.proxy import Asked, Blow, Proxy

CLOUDS = ("aws", "digitalocean", "equinix", "hivelocity", "linode", "scaleway", "vultr")
NAME = "web-1"
LONGEST_SECONDS = 240.0
_CASES_AN_ACCOUNT = 40
"""Clouds count the requests of an hour; then an account of its own begins."""
_STEP = re.compile(r"  \d\d:\d\d:\d\d  (?P<step>.+?)(?:  |$)")
_KEPT = {
    "digitalocean": ("droplets", "keys"),
    "equinix": ("devices", "keys"),
    "hivelocity": ("devices", "keys"),
    "linode": ("linodes",),
    "scaleway": ("servers", "volumes", "ips", "keys"),
    "vultr": ("rentals", "keys"),
}
"""What of an account's own file must be empty when nothing is left. AWS keeps its otherwise."""


class Failed(AssertionError):
    """A case in which a promise was broken."""


@dataclass(frozen=True)
class Point:
    """Where to strike: at a request, or when the step of that number was journalled."""

    blow: Blow | None = None
    asked: Asked | None = None
    step: int | None = None
    title: str = ""
    intended: bool = True
    """Whether the intent is journalled by then, so that there is something to go on with."""

    def __str__(self) -> str:
        if self.asked is None or self.blow is None:
            return f"killed at step {self.step} ({self.title})"
        return f"{self.asked.what} ({self.asked.occurrence + 1}): {self.blow.value}"


@dataclass(frozen=True)
class Recorded:
    """A deploy that nobody disturbed: its requests, and the steps that it journalled."""

    requests: Sequence[Asked]
    steps: Sequence[str]
    intended_at: float

    def points(self) -> Iterator[Point]:
        """Every one: of what comes before the intent, one for each kind of request."""
        seen: set[str] = set()
        for asked in self.requests:
            before = asked.time < self.intended_at
            if before and asked.what in seen:
                continue
            seen.add(asked.what)
            for blow in (Blow.BEFORE, Blow.SENT) if before else Blow:
                yield Point(blow=blow, asked=asked, intended=not before)
        for number, title in enumerate(self.steps):
            yield Point(step=number, title=title)


@dataclass
class Tally:
    """What came of all cases of one cloud."""

    cloud: str
    cases: int = 0
    unfinished: int = 0
    resumed: int = 0
    abandoned: int = 0
    ready: int = 0
    never: int = 0
    """Nothing had been intended yet, or it was refused: nothing is rented."""
    orphans: int = 0
    failures: list[str] = field(default_factory=list)


class Ground:
    """One cloud of a sandbox that runs in `folder`, and fresh homes that lead to it."""

    def __init__(self, cloud: str, folder: Path) -> None:
        self.cloud = cloud
        self._folder = folder
        self._sandbox = folder / "cloud"
        self._numbers = iter(range(10_000))
        # One of them has ended, and is rehearsed all the same.
        self.options = ("--provider", cloud, "--force")
        SandboxControl(self._sandbox, parent=os.getpid()).up()
        found = announced(self._sandbox)
        assert found is not None
        self.announcement = found

    @property
    def endpoint(self) -> str:
        """Where the cloud answers."""
        return self.announcement.endpoints[self.cloud]

    def close(self) -> None:
        """End the sandbox."""
        SandboxControl(self._sandbox).down()

    def run(self, point: Point | None = None) -> tuple["Home", Proxy, list[str], float]:
        """A deploy struck at `point`: its home, its requests, its steps, and when it intended."""
        home = self.home()
        with Proxy(self.endpoint) as proxy:
            home.lead_to(self.announcement, self.cloud, proxy.endpoint)
            if point is not None and point.asked is not None:
                proxy.target, proxy.blow = point.asked, point.blow
            child = Child(home.folder, ["openmesh", "deploy", "--name", NAME, *self.options])
            if point is None or point.blow is not Blow.LOST:
                proxy.strike = child.kill
            child.kill_at_step = None if point is None else point.step
            steps, intended_at = child.watch()
            home.code = child.code
            home.said = child.said
        home.lead_to(self.announcement, self.cloud, self.endpoint)
        return home, proxy, steps, intended_at

    def home(self) -> "Home":
        """A fresh one."""
        folder = self._folder / f"home-{next(self._numbers)}"
        return Home(self.cloud, folder)

    def record(self) -> Recorded:
        """A deploy from its beginning to its end, undone afterwards."""
        home, proxy, steps, intended_at = self.run()
        if home.code != 0:
            raise Failed(f"{self.cloud}: an undisturbed deploy ends with {home.code}: {home.said}")
        home.end()
        home.forget()
        self.must_be_empty()
        return Recorded(proxy.asked, steps, intended_at)

    def must_be_empty(self) -> None:
        """Nothing is in the account, as its own file has it."""
        wanted, file = _KEPT.get(self.cloud, ()), self._sandbox / f"{self.cloud}.json"
        if wanted and file.exists():
            state = json.loads(file.read_text())
            left = {name: state[name] for name in wanted if _living(state[name])}
            if left:
                raise Failed(f"left in the account: {left}")


def _living(kept: Any) -> bool:
    """Whether anything of a list lives: some clouds show for a while what was cancelled."""
    rows = kept.values() if isinstance(kept, dict) else kept
    return any(not (isinstance(row, dict) and row.get("cancelled")) for row in rows)


class Child:
    """One `capsule`, which is killed when it is told to."""

    def __init__(self, home: Path, arguments: Sequence[str]) -> None:
        words = [sys.executable, "-m", "capsule_cli", "--sandbox", "--home", str(home), "--yes"]
        self._process = subprocess.Popen(
            [*words, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.kill_at_step: int | None = None
        self.said = ""
        self.heard: Callable[[str], None] = lambda _line: None

    @property
    def code(self) -> int:
        return self._process.wait()

    def kill(self) -> None:
        """SIGKILL, and nothing softer."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def watch(self) -> tuple[list[str], float]:
        """Its steps until it ends, and when it told that it intends to rent."""
        steps: list[str] = []
        intended_at = float("inf")
        with self._process, timer_of(self.kill):
            for line in self._process.stderr or ():
                self.said = line.strip() or self.said
                self.heard(line.rstrip())
                found = _STEP.match(line)
                if found is None:
                    continue
                if found["step"] in SENDING:
                    intended_at = min(intended_at, time.monotonic())
                if self.kill_at_step == len(steps):
                    self.kill()
                steps.append(found["step"])
        return steps, intended_at


@contextmanager
def timer_of(kill: Callable[[], None]) -> Iterator[None]:
    """Nothing takes longer than that."""
    timer = threading.Timer(LONGEST_SECONDS, kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Home:
    """One Capsule's home, over a sandbox that is not its own."""

    def __init__(self, cloud: str, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        self.code = 0
        self.said = ""

    def lead_to(self, announcement: Any, cloud: str, endpoint: str) -> None:
        """Let it find the sandbox, with that cloud alone, and at that endpoint."""
        sandbox = self.folder / "sandbox"
        sandbox.mkdir(parents=True, exist_ok=True, mode=0o700)
        announce(sandbox, announcement.model_copy(update={"endpoints": {cloud: endpoint}}))

    def wired(self) -> Wiring:
        """Its ports, in this process."""
        return wire(GlobalOptions(home=self.folder, sandbox=True, yes=True), os.environ)

    def capsule(self, *arguments: str) -> None:
        """One command line as a process, tried again as a person would. Raises Failed."""
        for _ in range(20):
            child = Child(self.folder, arguments)
            child.watch()
            if child.code == 0:
                return
            time.sleep(1.0)
        raise Failed(f"{' '.join(arguments)} ends with {child.code}: {child.said}")

    def end(self) -> None:
        """End what is ready, and remove what is left beside servers; then forget the home."""
        wiring = self.wired()
        living = bool(wiring.inventory().list())
        wiring.close()
        if living:
            self.capsule("openmesh", "xnode", "terminate", NAME)
        wiring = self.wired()
        left = wiring.provider(self.cloud).leftovers()
        wiring.close()
        if left:
            self.capsule("openmesh", "reconcile", "--destroy")

    def forget(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def one_case(ground: Ground, point: Point, tally: Tally, *, resume: bool) -> None:
    """Strike, look, go on or undo, and look again. Raises Failed."""
    home = ground.run(point)[0]
    tally.cases += 1
    try:
        state, id_ = _looked_at(home, tally)
        if state is not None and state.unfinished and id_ is not None:
            tally.unfinished += 1
            _come_back_later(home, id_)
            if resume:
                home.capsule("openmesh", "deploy", "--resume", id_)
                _must_be_ready(home)
                tally.resumed += 1
            else:
                home.capsule("openmesh", "deploy", "--abandon", id_)
                tally.abandoned += 1
                _must_be_gone(home)
                ground.must_be_empty()
        elif state is DeploymentState.READY:
            tally.ready += 1
        else:
            tally.never += 1
        home.end()
        _must_be_gone(home)
        ground.must_be_empty()
    finally:
        home.forget()


def _looked_at(home: Home, tally: Tally) -> tuple[DeploymentState | None, str | None]:
    """Every server of the account is known to `reconcile`, and the journal has its deployment."""
    wiring = home.wired()
    try:
        found = wiring.reconcile().run()
        journal = wiring.journal().list()
        there = {
            server.server_id
            for server in wiring.provider(home.cloud).servers()
            if server.status is not ServerStatus.GONE
        }
        ours = found.of(Standing.MANAGED, Standing.UNFINISHED, Standing.DRIFTED)
        known = {row.server_id for row in ours}
        orphans = there - known
        tally.orphans += len(orphans)
        if orphans or found.of(Standing.ORPHAN) or found.silent:
            raise Failed(f"nobody looks after {sorted(orphans)}: {found}")
        if len(there) > 1:
            raise Failed(f"{len(there)} servers")
        if there and not journal:
            raise Failed("a server without a deployment")
        if not journal:
            return None, None
        if there and journal[0].state not in (
            DeploymentState.INTENDED,
            DeploymentState.RENTED,
            DeploymentState.BOOTED,
            DeploymentState.READY,
        ):
            raise Failed(f"a server of a deployment that is {journal[0].state}")
        return journal[0].state, journal[0].id
    finally:
        wiring.close()


def _come_back_later(home: Home, id_: str) -> None:
    """As if a first look had been two hours ago: nobody waits that long for each case."""
    wiring = home.wired()
    try:
        moment = wiring.clock().now() - timedelta(hours=2)
        event = DeploymentEvent(time=moment, step=LOOKING, detail="two hours ago")
        wiring.journal().record(DeploymentId(id_), event)
    finally:
        wiring.close()


def _must_be_ready(home: Home) -> None:
    wiring = home.wired()
    try:
        [deployment] = wiring.journal().list()
        if deployment.state is not DeploymentState.READY:
            raise Failed(f"resumed, and {deployment.state}")
        there = list(wiring.provider(home.cloud).servers())
        [xnode] = wiring.inventory().list()
        if [server.server_id for server in there] != [xnode.server_id]:
            raise Failed(f"resumed, and there are {len(there)} servers")
    finally:
        wiring.close()


def _must_be_gone(home: Home) -> None:
    wiring = home.wired()
    try:
        cloud = wiring.provider(home.cloud)
        left = [s.server_id for s in cloud.servers() if s.status is not ServerStatus.GONE]
        beside = [leftover.title for leftover in cloud.leftovers()]
        if left or beside or wiring.journal().list(unfinished=True):
            raise Failed(f"left: servers {left}, {beside}")
    finally:
        wiring.close()


def run_cloud(
    cloud: str, folder: Path, *, every: int = 1, turned: bool = False, tell: Any = print
) -> Tally:
    """All cases of one cloud, or each of `every`; resumed and undone in turns.

    `turned`: what else is resumed is undone and the other way round, where there is a choice.
    """
    tally = Tally(cloud)
    ground = Ground(cloud, folder)
    try:
        try:
            points = list(ground.record().points())[::every]
        except Failed as broken:
            tally.failures.append(str(broken))
            return tally
        tell(f"{cloud}: {len(points)} cases")
        for number, point in enumerate(points):
            if turned and not point.intended:
                continue
            if number and number % _CASES_AN_ACCOUNT == 0:
                ground.close()
                ground = Ground(cloud, folder / f"from-{number}")
            try:
                one_case(ground, point, tally, resume=(number % 2 == 0) is not turned)
            except Failed as broken:
                tally.failures.append(f"{point}: {broken}")
                tell(f"{cloud}: {point}: {broken}")
                ground.close()
                shutil.rmtree(folder / "cloud", ignore_errors=True)
                ground = Ground(cloud, folder / f"again-{number}")
    finally:
        ground.close()
    tell(f"{cloud}: done, {len(tally.failures)} failures")
    return tally
