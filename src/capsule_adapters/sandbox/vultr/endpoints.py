"""The endpoints of the API: what each one does."""

from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_adapters.sandbox.vultr import keys, rentals, stock
from capsule_adapters.sandbox.vultr.showing import shown
from capsule_adapters.sandbox.vultr.state import Key, Kind, Rental, State
from capsule_adapters.sandbox.vultr.wording import Refusal, page
from capsule_domain.ports.clock import Clock

_NO_CONTENT = Answer(204)
FEE_LIMIT = (
    "Server add failed: You have reached the maximum monthly fee limit for this account. "
    "To deploy additional services, please request a limit increase."
)
_ACLS = ("subscriptions_view", "subscriptions", "billing", "support", "provisioning", "upgrade")


@dataclass
class Temper:
    """How this cloud behaves; a test may change it at any time. Times in seconds."""

    boot_seconds: float = 1.0
    install_seconds: float = 0.5
    """From active to installed: until then it is locked."""
    power_seconds: float = 0.5
    settling_seconds: float = 0.0
    """How long a new server is missing from lists."""
    most_per_page: int = 500
    server_limit: int = 25
    acls: tuple[str, ...] = _ACLS
    locked_status: int = 500
    """With what a locked server refuses to be deleted: 500 was seen, and 4xx."""
    unlisted_address_status: int | None = None
    """The refusal when the account does not allow the caller's address; None allows it."""


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

    def account(self, _request: Request) -> Answer:
        account = {
            "name": "Rehearsal",
            "email": "rehearsal@example.com",
            "acls": list(self.temper.acls),
            "balance": -100.55,
            "pending_charges": 60.25,
            "last_payment_date": "2026-10-10T01:56:20+00:00",
            "last_payment_amount": -1.25,
        }
        return Answer(200, {"account": account})

    def regions(self, request: Request) -> Answer:
        return self._page(request, "regions", [stock.region(id_) for id_ in stock.REGIONS])

    def availability(self, request: Request, region: str) -> Answer:
        if region not in stock.REGIONS:
            raise Refusal(404, "Invalid region.")
        plans = stock.available(region, request.query.get("type", "all"))
        # Those get no public address at all.
        without_address = ["vhp-1c-1gb"] if region == "ewr" else []
        return Answer(200, {"available_plans": plans, "available_vpc_only_plans": without_address})

    def plans(self, request: Request) -> Answer:
        wanted = request.query.get("type", "all")
        found = [plan for plan in stock.PLANS.values() if wanted in ("all", plan["type"])]
        return self._page(request, "plans", found)

    def metal_plans(self, request: Request) -> Answer:
        return self._page(request, "plans_metal", list(stock.METAL_PLANS.values()))

    def systems(self, request: Request) -> Answer:
        return self._page(request, "os", list(stock.SYSTEMS.values()))

    def list_keys(self, request: Request) -> Answer:
        return self._page(request, "ssh_keys", [keys.shown(k) for k in self.state.keys.values()])

    def add_key(self, request: Request) -> Answer:
        key = keys.add(self.state, request.json(), now=self.now)
        return Answer(201, {"ssh_key": keys.shown(key)})

    def get_key(self, _request: Request, id_: str) -> Answer:
        return Answer(200, {"ssh_key": keys.shown(self._key(id_))})

    def delete_key(self, _request: Request, id_: str) -> Answer:
        del self.state.keys[self._key(id_).id]
        return _NO_CONTENT

    def list_instances(self, request: Request) -> Answer:
        return self._page(request, "instances", self._listed("instance", request))

    def list_metals(self, request: Request) -> Answer:
        return self._page(request, "bare_metals", self._listed("bare_metal", request))

    def create_instance(self, request: Request) -> Answer:
        return self._create("instance", request)

    def create_metal(self, request: Request) -> Answer:
        return self._create("bare_metal", request)

    def get_instance(self, _request: Request, id_: str) -> Answer:
        return Answer(200, {"instance": shown(self._rental("instance", id_), now=self.now)})

    def get_metal(self, _request: Request, id_: str) -> Answer:
        return Answer(200, {"bare_metal": shown(self._rental("bare_metal", id_), now=self.now)})

    def change_instance(self, request: Request, id_: str) -> Answer:
        return self._change("instance", request, id_)

    def change_metal(self, request: Request, id_: str) -> Answer:
        return self._change("bare_metal", request, id_)

    def delete_instance(self, _request: Request, id_: str) -> Answer:
        return self._delete("instance", id_)

    def delete_metal(self, _request: Request, id_: str) -> Answer:
        return self._delete("bare_metal", id_)

    def power_instance(self, _request: Request, id_: str, verb: str) -> Answer:
        return self._power(self._rental("instance", id_), verb)

    def power_metal(self, _request: Request, id_: str, verb: str) -> Answer:
        return self._power(self._rental("bare_metal", id_), verb)

    def halt_instances(self, request: Request) -> Answer:
        """Several at once, which our own client never does."""
        body = request.json()
        ids = body.get("instance_ids") if isinstance(body, dict) else None
        if not isinstance(ids, list) or not ids:
            raise Refusal(400, "Invalid instance_ids.")
        chosen = [self._rental("instance", str(id_)) for id_ in ids]
        for rental in chosen:
            self._power(rental, "halt")
        return _NO_CONTENT

    def _create(self, kind: Kind, request: Request) -> Answer:
        if len(self.state.rentals) >= self.temper.server_limit:
            raise Refusal(400, FEE_LIMIT)
        rental = rentals.create(
            self.state,
            kind,
            request.json(),
            now=self.now,
            boot_seconds=self.temper.boot_seconds,
            install_seconds=self.temper.install_seconds,
        )
        self.room.boot(rental)
        # Told once and never again.
        told = {**shown(rental, now=self.now), "default_password": token_urlsafe(12)}
        return Answer(202, {kind: told})

    def _listed(self, kind: Kind, request: Request) -> list[dict[str, Any]]:
        found = rentals.listed(
            self.state,
            kind,
            request.query,
            now=self.now,
            settling_seconds=self.temper.settling_seconds,
        )
        return [shown(rental, now=self.now) for rental in found]

    def _change(self, kind: Kind, request: Request, id_: str) -> Answer:
        rental = self._rental(kind, id_)
        rentals.change(rental, request.json())
        return Answer(202, {kind: shown(rental, now=self.now)})

    def _delete(self, kind: Kind, id_: str) -> Answer:
        rental = self._rental(kind, id_)
        rentals.refuse_deletion_while_locked(rental, now=self.now, status=self.temper.locked_status)
        del self.state.rentals[rental.id]
        self.room.remove(rental.id)
        return _NO_CONTENT

    def _power(self, rental: Rental, verb: str) -> Answer:
        """Done at once for the machine; the words follow when the time is over."""
        rentals.refuse_power_while_locked(rental, now=self.now)
        if verb in ("halt", "reboot"):
            self.room.switch_off(rental.id)
        if verb in ("start", "reboot"):
            self.room.switch_on(rental.id)
        rental.locked_until = self.now + self.temper.power_seconds
        rental.becomes = "stopped" if verb == "halt" else "running"
        return _NO_CONTENT

    def _page(self, request: Request, key: str, items: list[dict[str, Any]]) -> Answer:
        return page(request, key, items, most_per_page=self.temper.most_per_page)

    def _rental(self, kind: Kind, id_: str) -> Rental:
        found = self.state.rentals.get(id_)
        if found is None or found.kind != kind:
            raise Refusal(404, f"Invalid {'instance' if kind == 'instance' else 'bare metal'} ID.")
        return found

    def _key(self, id_: str) -> Key:
        found = self.state.keys.get(id_)
        if found is None:
            raise Refusal(404, "Invalid SSH key ID.")
        return found
