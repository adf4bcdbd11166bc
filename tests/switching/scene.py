"""A machine, a home that knows it, and a judge of what a run of `capsule` came to."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from capsule_adapters.nixos.hosts import SshNixosHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.store.configurations import ConfigurationFolders
from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.state import state_database
from capsule_domain.errors import HostError, NotFound
from capsule_domain.models.evaluated_system import Account, EvaluatedSystem, OpenPorts, SshServer
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.ports.host import Target
from tests.nixos_root import Behaviour, NixosRoot
from tests.switching.client import Spec, Strike
from tests.xnodes import an_xnode

ALIAS = "machine"
REPOSITORY = Path(__file__).parents[2]
CONFIRM_SECONDS = 10
SETTLE_SECONDS = 90.0
_NOTHING_CHANGED = (2, 3, 4, 5, 8, 9, 130)
_NO_WORD = (11, 12, 143, -signal.SIGKILL)
"""Of those who could not say, or were not there to say it."""


@dataclass(frozen=True)
class Came:
    """What came of a case: the exit code, what the machine ended in, and what does not fit."""

    code: int
    ends_in: str
    disagreements: list[str]
    calls: list[str] = field(default_factory=list)


class Scene:
    """`vm` runs the old system, has the new one in its store, and is an xNode of the home."""

    def __init__(
        self,
        folder: Path,
        behaviour: Behaviour | None = None,
        *,
        user: str = "root",
        network: bool = False,
        **facts: Any,
    ) -> None:
        self.root = NixosRoot(folder, user=user, network=network)
        self.new = self.root.add_system("new", behaviour)
        self.home = folder / "home"
        self.folder = folder
        self.facts = facts
        self._runs = 0
        self._is_wired = False

    def __enter__(self) -> Self:
        self.root.start()
        self.wire = self.root.spare_port()
        self._know_it(self.root.port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.root.stop()

    def over_the_wire(self) -> None:
        """The home knows it at a port that can be cut, by one process at a time."""
        self._is_wired = True
        database = state_database(self.home)
        with closing(database):
            inventory = SqliteInventory(database)
            inventory.update(inventory.get("vm").model_copy(update={"ssh_port": self.wire}))

    def start(self, *arguments: str, strike: Strike | None = None) -> "subprocess.Popen[str]":
        """The process, on its way."""
        self._runs += 1
        spec = Spec(
            evaluated=self.evaluated(),
            built=self.new,
            log=self.folder / f"calls-{self._runs}",
            strike=strike,
            wire=(self.wire, self.root.port) if self._is_wired else None,
        )
        spec.log.touch()
        file = self.folder / f"spec-{self._runs}.json"
        file.write_text(spec.model_dump_json())
        command = [sys.executable, "-m", "tests.switching.client", str(file)]
        # Where Nix is a daemon's, it may not run: looking up a path needs no store.
        offline = {**os.environ, "NIX_REMOTE": "dummy://"}
        environment = {**offline, "CAPSULE_HOME": str(self.home), "HOME": str(self.folder)}
        return subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=environment,
        )

    def apply(self, *more: str, strike: Strike | None = None) -> Came:
        """`nixos apply`, to its end and beyond."""
        return self.judge(self.start(*self.words, *more, strike=strike))

    @property
    def words(self) -> tuple[str, ...]:
        """Of a command that switches it."""
        seconds = ("--confirm-seconds", str(CONFIRM_SECONDS))
        return ("nixos", "apply", "--xnode", "vm", "--yes", *seconds)

    def wait_for(self, call: str, times: int = 1) -> None:
        """Until the newest process has begun that call so often."""
        log = self.folder / f"calls-{self._runs}"
        self.wait_until(lambda: log.read_text().split().count(call) >= times)

    def wait_until(self, so: Callable[[], bool]) -> None:
        """Raises AssertionError when that takes too long."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while not so():
            assert time.monotonic() < deadline, "it takes too long"
            time.sleep(0.05)

    def judge(self, process: "subprocess.Popen[str]") -> Came:
        """Does the word agree with what the machine came to, and the next word with that?"""
        stdout, stderr = process.communicate(timeout=900)
        code = process.returncode
        wrong: list[str] = []
        self._settled(wrong)
        ends_in = self.ends_in()
        if ends_in not in ("old", "new"):
            wrong.append(f"it ended in {ends_in}")
        if code == 0 and ends_in != "new":
            wrong.append(f"told success of {ends_in}")
        if code in _NOTHING_CHANGED and ends_in != "old":
            wrong.append(f"told {code} of {ends_in}: {stderr.splitlines()[-1:]}")
        if code not in (0, *_NO_WORD, *_NOTHING_CHANGED):
            wrong.append(f"ended with {code}: {stdout[-300:]}{stderr[-600:]}")
        wrong += self._next_word(ends_in)
        log = self.folder / f"calls-{self._runs - 1}"
        return Came(code, ends_in, wrong, log.read_text().split() if log.exists() else [])

    def evaluated(self) -> EvaluatedSystem:
        """What the configuration says: the machine as it is, but for the facts of this case."""
        public = self.root.path("/opt/authorized_keys").read_text().strip()
        account = Account(keys=(public,), groups=("wheel",))
        fields: dict[str, Any] = {
            "host": "vm",
            "hostname": socket.gethostname(),
            "system": f"{os.uname().machine}-linux",
            "release": "26.05",
            "state_version": "26.05",
            "ssh": SshServer(enabled=True, ports=(self.root.port,)),
            "firewall_enabled": False,
            "open_everywhere": OpenPorts(),
            "accounts": {"root": account, "deploy": account},
            "wheel_needs_password": False,
            "boot_loader": "systemd-boot",
            "uses_dhcp": True,
        }
        return EvaluatedSystem(**{**fields, **self.facts})

    def ends_in(self) -> str:
        """`old` or `new` when it runs that, and would start that; what it is otherwise."""
        names = {self.root.old: "old", self.new: "new"}
        seen = (self.root.runs(), self.root.profile(), self.root.boots_into())
        words = {names.get(path, path) for path in seen}
        return words.pop() if len(words) == 1 else f"a mixture: {seen}"

    def _settled(self, wrong: list[str]) -> None:
        """Until nothing moves on it any more; it has to be reached for that."""
        deadline = time.monotonic() + SETTLE_SECONDS
        last = ""
        while time.monotonic() < deadline:
            try:
                with closing(self.root.hosts()) as hosts:
                    place = self._place()
                    with SshNixosHosts(lambda: hosts).enter(place) as host:
                        if all(host.follow(one).state.is_end for one in self._begun()):
                            return
                        last = "it does not come to an end"
            except (HostError, NotFound) as error:
                last = error.message
            time.sleep(0.5)
        wrong.append(f"not reached, or not at rest: {last}")

    def _begun(self) -> list[str]:
        """The ids of the switches that the machine knows of."""
        switches = self.root.path("/var/lib/capsule/switches")
        return [order.parent.name for order in switches.glob("*/order") if _was_begun(order)]

    def _place(self) -> Target:
        """Where it is, as far as the new system has moved it."""
        if self.root.runs() != self.new:
            return self.root.target()
        says = self.evaluated()
        addresses = says.static_addresses.get("lo", (self.root.address,))
        return self.root.target(address=addresses[0].split("/")[0], port=says.ssh.ports[0])

    def _next_word(self, ends_in: str) -> list[str]:
        """What the next command says of a switch that was left open, if one was."""
        process = self.start("nixos", "apply", "--xnode", "vm", "--dry-run", "--json")
        stdout, stderr = process.communicate(timeout=120)
        if process.returncode not in (0, 5):
            return [f"the next command ended with {process.returncode}: {stderr[-400:]}"]
        settled = json.loads(stdout)["settled"] if stdout else []
        expected = {"new": ("was committed",), "old": ("was rolled back", "did not begin", "knows")}
        words = expected.get(ends_in, ())
        return [
            f"the next command says {sentence!r} of {ends_in}"
            for sentence in settled
            if not any(word in sentence for word in words)
        ]

    def _know_it(self, port: int) -> None:
        self.home.mkdir()
        KnownHostsFile(self.home / "known_hosts").pin(ALIAS, self.root.host_key)
        target = self.root.target()
        xnode = an_xnode(
            "vm",
            id=ALIAS,
            address=target.address,
            ssh_port=port,
            ssh_user=target.user,
            ssh_key=target.private_key,
        )
        database = state_database(self.home)
        with closing(database):
            SqliteInventory(database).add(xnode)
        folders = ConfigurationFolders(self.home)
        folders.write(
            folders.folder("vm"),
            [RenderedFile(path="configuration.nix", text="{ }\n")],
            state_versions={"": "26.05"},
            force=False,
        )


def _was_begun(order: Path) -> bool:
    """Who was cut off before it was armed has begun nothing."""
    return order.with_name("state").exists()
