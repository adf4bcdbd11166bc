"""A whole deploy over fakes, and ways to break it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from capsule_domain.models.deployment import DeploymentEvent, DeployPlan
from capsule_domain.models.money import Rates
from capsule_domain.models.requirements import Requirements
from capsule_domain.models.xnode import XNode
from capsule_domain.services.abandon import Abandon
from capsule_domain.services.deploy import Deploy
from capsule_domain.services.diary import Diary
from capsule_domain.services.first_come import FirstCome
from capsule_domain.services.plan import plan_deploy
from capsule_domain.services.ready import Ready
from capsule_domain.services.rent import Rent
from capsule_domain.services.resume import Resume
from capsule_domain.services.terminate import Terminate
from tests.fakes.clock import FakeClock
from tests.fakes.hosts import Answer, FakeHosts
from tests.fakes.inventory import FakeInventory
from tests.fakes.journal import FakeJournal
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.fakes.offers import AS_OF, DEFAULT_OFFERS
from tests.fakes.provider import FakeProvider

RATES = Rates(as_of=AS_OF, source="a test", usd_per={})
ADDRESS = "127.77.0.1"
MADE_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEqc15i9sFzW8bOmBGYgph8cY5sYhzVPCziFXPow5J7/"
"""What a machine answers that is to make a new host key."""
UBUNTU: Mapping[str, Answer] = {
    "uname": "Linux x86_64\n",
    "command -v cloud-init": "/usr/bin/cloud-init\n",
    "cloud-init status": "\nstatus: done\n",
    "ssh-keygen": f"{MADE_HOST_KEY} root@web-1\n",
    "ssh_host_ed25519_key": "",
    "os-release": 'NAME="Ubuntu"\nID=ubuntu\n',
    "true": "",
}
"""What a fresh one answers to what a deploy asks of it."""


class Killed(BaseException):
    """The process is gone at this point: nothing catches it."""


class Watched:
    """A port whose every call may be the last: `strike` is asked before and after each."""

    def __init__(self, port: Any, strike: Callable[[], None]) -> None:
        self._port = port
        self._strike = strike

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            self._strike()
            answer = found(*given, **named)
            self._strike()
            return answer

        return call


@dataclass
class Street:
    """Everything a deploy touches, in memory."""

    clock: FakeClock = field(default_factory=FakeClock)
    journal: FakeJournal = field(default_factory=FakeJournal)
    inventory: FakeInventory = field(default_factory=FakeInventory)
    keys: FakeKeys = field(default_factory=FakeKeys)
    known_hosts: FakeKnownHosts = field(default_factory=FakeKnownHosts)
    events: list[DeploymentEvent] = field(default_factory=list)
    strike: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.cloud = FakeProvider(clock=self.clock)
        self.hosts = FakeHosts(self.known_hosts)
        self.machine = self.hosts.add(ADDRESS, answers=UBUNTU)
        self.ids: Iterator[str] = (f"{number:010x}" for number in count(1))

    def plan(self, name: str = "web-1", **fields: Any) -> DeployPlan:
        return plan_deploy(name, DEFAULT_OFFERS, Requirements(), RATES, **fields)

    def run(self, plan: DeployPlan | None = None, **options: Any) -> XNode:
        return self.deploy().run(plan or self.plan(), **options)

    def deploy(self) -> Deploy:
        return self._deploy(self._watch())

    def resume(self) -> Resume:
        watch = self._watch()
        deploy = self._deploy(watch)
        return Resume(
            provider=lambda _name: watch["cloud"],
            journal=watch["journal"],
            inventory=watch["inventory"],
            clock=watch["clock"],
            diary=deploy.diary,
            rent=deploy.rent,
            deploy=deploy,
        )

    def abandon(self) -> Abandon:
        return self.deploy().first_come.abandon

    def _watch(self) -> Mapping[str, Any]:
        watch: Mapping[str, Any] = {
            name: Watched(port, self.strike)
            for name, port in {
                "journal": self.journal,
                "inventory": self.inventory,
                "keys": self.keys,
                "known_hosts": self.known_hosts,
                "clock": self.clock,
                "hosts": self.hosts,
                "cloud": self.cloud,
            }.items()
        }
        return watch

    def _deploy(self, watch: Mapping[str, Any]) -> Deploy:
        diary = Diary(watch["journal"], watch["clock"], self.events.append)
        rent = Rent(
            provider=lambda _name: watch["cloud"],
            journal=watch["journal"],
            inventory=watch["inventory"],
            keys=watch["keys"],
            known_hosts=watch["known_hosts"],
            clock=watch["clock"],
            new_id=lambda: next(self.ids),
            diary=diary,
        )
        ready = Ready(
            hosts=watch["hosts"],
            inventory=watch["inventory"],
            clock=watch["clock"],
            timeout_seconds=300.0,
        )
        abandon = Abandon(
            provider=lambda _name: watch["cloud"],
            journal=watch["journal"],
            inventory=watch["inventory"],
            known_hosts=watch["known_hosts"],
            clock=watch["clock"],
            diary=diary,
            look_for=rent.look_for,
        )
        return Deploy(
            provider=lambda _name: watch["cloud"],
            rent=rent,
            ready=ready,
            diary=diary,
            first_come=FirstCome(abandon, diary),
        )

    def terminate(self) -> Terminate:
        return Terminate(
            provider=lambda _name: self.cloud,
            inventory=self.inventory,
            journal=self.journal,
            known_hosts=self.known_hosts,
            clock=self.clock,
        )
