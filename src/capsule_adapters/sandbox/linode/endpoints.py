"""The endpoints of the API: what each one does."""

from dataclasses import dataclass
from typing import Any

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.linode import filters, jobs, keys, linodes, stock
from capsule_adapters.sandbox.linode.state import Linode, State
from capsule_adapters.sandbox.linode.wording import Refusal, page
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_domain.ports.clock import Clock

_DONE = Answer(200, {})


@dataclass
class Temper:
    """How this cloud behaves; a test may change it at any time. Times in seconds."""

    boot_seconds: float = 1.0
    job_seconds: float = 1.0
    job_unseen_seconds: float = 0.2
    """How long a job that was begun is not seen in the status."""
    rest_seconds: float = 0.5
    """How long a Linode is busy still after its status says that a job is done."""
    settling_seconds: float = 0.0
    """How long a new Linode is missing from lists."""
    most_per_page: int = 500
    linode_limit: int = 25
    restricted: bool = False
    """A user with restrictions: may not tag."""
    scopes: frozenset[str] = frozenset({"*"})


@dataclass(frozen=True)
class Endpoints:
    """One account's endpoints. A method takes the request and what its path names.

    Each raises Refusal, and then has changed nothing.
    """

    state: State
    room: MachineRoom
    temper: Temper
    clock: Clock

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self.clock.now().timestamp()

    def profile(self, _request: Request) -> Answer:
        profile = {
            "uid": 1234,
            "username": "rehearsal",
            "email": "rehearsal@example.com",
            "timezone": "GMT",
            "email_notifications": True,
            "two_factor_auth": True,
            "restricted": self.temper.restricted,
            "lish_auth_method": "keys_only",
            "authorized_keys": [],
            "authentication_type": "password",
            "verified_phone_number": None,
            "referrals": {
                "code": "1",
                "url": "https://www.linode.com/?r=1",
                "total": 0,
                "completed": 0,
                "pending": 0,
                "credit": 0,
            },
        }
        return Answer(200, profile)

    def list_keys(self, request: Request) -> Answer:
        return self._page(request, [keys.shown(key) for key in self.state.keys.values()])

    def add_key(self, request: Request) -> Answer:
        return Answer(200, keys.shown(keys.add(self.state, request.json(), now=self.now)))

    def regions(self, request: Request) -> Answer:
        return self._page(request, [stock.region(id_) for id_ in stock.REGIONS])

    def region(self, _request: Request, id_: str) -> Answer:
        _known(id_, stock.REGIONS)
        return Answer(200, stock.region(id_))

    def availability(self, request: Request) -> Answer:
        return self._page(request, stock.availability())

    def availability_there(self, _request: Request, id_: str) -> Answer:
        _known(id_, stock.REGIONS)
        return Answer(200, stock.availability(id_))

    def types(self, request: Request) -> Answer:
        return self._page(request, list(stock.TYPES.values()))

    def type(self, _request: Request, id_: str) -> Answer:
        _known(id_, stock.TYPES)
        return Answer(200, stock.TYPES[id_])

    def images(self, request: Request) -> Answer:
        return self._page(request, [stock.image(id_) for id_ in stock.IMAGES])

    def image(self, _request: Request, id_: str) -> Answer:
        _known(id_, stock.IMAGES)
        return Answer(200, stock.image(id_))

    def create(self, request: Request) -> Answer:
        body = request.json()
        self._refuse_tags(body)
        linode = linodes.create(
            self.state,
            body,
            now=self.now,
            boot_seconds=self.temper.boot_seconds,
            limit=self.temper.linode_limit,
        )
        self.room.boot(linode)
        if self.room.is_idle(linode.id):
            linode.address = self.room.address(linode.id)
        return Answer(200, linodes.shown(linode))

    def list_linodes(self, request: Request) -> Answer:
        settled = self.now - self.temper.settling_seconds
        found = [n for n in self.state.linodes.values() if n.created_at <= settled]
        return self._page(request, filters.fitting(request, [linodes.shown(n) for n in found]))

    def get_linode(self, _request: Request, id_: str) -> Answer:
        return Answer(200, linodes.shown(self._linode(id_)))

    def update(self, request: Request, id_: str) -> Answer:
        linode, body = self._linode(id_), request.json()
        self._refuse_tags(body)
        linodes.update(self.state, linode, body)
        return Answer(200, linodes.shown(linode))

    def delete(self, _request: Request, id_: str) -> Answer:
        linode = self._linode(id_)
        del self.state.linodes[linode.id]
        self.room.remove(linode.id)
        return _DONE

    def act(self, _request: Request, id_: str, job: str) -> Answer:
        jobs.begin(
            self.room,
            self._linode(id_),
            job,
            now=self.now,
            seconds=self.temper.job_seconds,
            unseen_seconds=self.temper.job_unseen_seconds,
        )
        return _DONE

    def _page(self, request: Request, items: list[dict[str, Any]]) -> Answer:
        return page(request, items, most_per_page=self.temper.most_per_page)

    def _linode(self, id_: str) -> Linode:
        found = self.state.linodes.get(int(id_))
        if found is None:
            raise Refusal(404)
        return found

    def _refuse_tags(self, body: Any) -> None:
        if self.temper.restricted and isinstance(body, dict) and body.get("tags"):
            raise Refusal(403, "You must be an unrestricted User in order to add or modify tags.")


def _known(id_: str, there: dict[str, Any]) -> None:
    if id_ not in there:
        raise Refusal(404)
