"""The Provider port over both kinds of Hivelocity's devices."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from capsule_adapters.providers.hivelocity.dialect import COMPUTE
from capsule_adapters.providers.hivelocity.kind import Kind
from capsule_adapters.providers.hivelocity.store import Store
from capsule_adapters.rest.dialect import Dialect
from capsule_adapters.rest.prices import PriceBook
from capsule_adapters.rest.provider import nothing_rented
from capsule_domain.errors import NotFound, ProviderUnavailable
from capsule_domain.models.deployment import TAG_PREFIX, DeploymentId
from capsule_domain.models.leftover import Leftover
from capsule_domain.models.server import Account, Capabilities, Server, ServerRequest
from capsule_domain.models.template import Offer, Region
from capsule_domain.ports.clock import Clock

if TYPE_CHECKING:  # it brings the HTTP library along, which listing clouds does not need
    from capsule_adapters.rest.transport import JsonApi

_VPS = "vps-"
"""Before the ids of VPS: a number alone does not tell where to ask for it."""


class HivelocityProvider:
    """One account, with its bare metal and its VPS.

    A device that is ordered may be in no answer until its order is done. So while an
    order is under way that no device belongs to, none is believed to be gone.
    """

    def __init__(self, dialect: Dialect, api: "JsonApi", clock: Clock) -> None:
        self._api = api
        self._metal = Kind(dialect, api, clock)
        self._compute = Kind(COMPUTE, api, clock)
        self._store = Store(api)
        # One for both, since reading the prices takes as many requests as the store has shelves.
        self._prices = PriceBook(self._metal.list_prices, clock)

    @property
    def name(self) -> str:
        return self._metal.name

    @property
    def capabilities(self) -> Capabilities:
        return self._metal.capabilities

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    def account(self) -> Account:
        return self._metal.account()

    def regions(self) -> list[Region]:
        return self._metal.regions()

    def offers(self) -> list[Offer]:
        return self._metal.offers()

    def servers(self, *, deployment: DeploymentId | None = None) -> list[Server]:
        found = [*self._metal.servers(), *map(_marked, self._compute.servers())]
        if found:
            book = self._metal.records()
            found = [book[_number(s)].joined(s) if _number(s) in book else s for s in found]
        if deployment is not None:
            tag = f"{TAG_PREFIX}{deployment}"
            found = [server for server in found if tag in server.tags]
            if not found:
                self._refuse_while_ordered(f"a server with the tag {tag}")
        return [self._prices.priced(server) for server in found]

    def server(self, server_id: str) -> Server:
        kind, its_id = self._kind(server_id)
        with self._gone_is_certain(server_id):
            server = kind.server(its_id)
        return self._prices.priced(_marked(server) if kind is self._compute else server)

    def create(self, request: ServerRequest) -> Server:
        with nothing_rented():
            is_vps = self._store.is_vps(request.slug)
            kind = self._compute if is_vps else self._metal
            image = self._store.system(
                request.slug,
                request.image or kind.usual_image,
                exactly=request.image is not None,
            )
        server = kind.create(request.model_copy(update={"image": image}))
        return _marked(server) if is_vps else server

    def start(self, server_id: str) -> None:
        kind, its_id = self._kind(server_id)
        with self._gone_is_certain(server_id):
            kind.start(its_id)

    def stop(self, server_id: str) -> None:
        kind, its_id = self._kind(server_id)
        with self._gone_is_certain(server_id):
            kind.stop(its_id)

    def restart(self, server_id: str, *, force: bool = False) -> None:
        kind, its_id = self._kind(server_id)
        with self._gone_is_certain(server_id):
            kind.restart(its_id, force=force)

    def set_tags(self, server_id: str, tags: Sequence[str]) -> None:
        kind, its_id = self._kind(server_id)
        with self._gone_is_certain(server_id):
            kind.set_tags(its_id, tags)

    def destroy(self, server_id: str) -> None:
        kind, its_id = self._kind(server_id)
        kind.check_id(its_id)
        try:
            kind.destroy(its_id)
        except NotFound:
            self._refuse_while_ordered(f"server {server_id}")

    def leftovers(self) -> list[Leftover]:
        """Keys, which both kinds share."""
        return self._metal.leftovers()

    def remove_leftover(self, leftover: Leftover) -> None:
        self._metal.remove_leftover(leftover)

    def _kind(self, server_id: str) -> tuple[Kind, str]:
        """Which of the two a server belongs to, and its id there."""
        if server_id.startswith(_VPS):
            return self._compute, server_id.removeprefix(_VPS)
        return self._metal, server_id

    @contextmanager
    def _gone_is_certain(self, server_id: str) -> Iterator[None]:
        try:
            yield
        except NotFound:
            self._refuse_while_ordered(f"server {server_id}")
            raise

    def _refuse_while_ordered(self, what: str) -> None:
        """Raises ProviderUnavailable while an order may still become what is not shown."""
        orders = self._metal.orders()
        if not orders:
            return
        shown = self._metal.order_ids() | self._compute.order_ids()
        waiting = next((order for order in orders if order.order_id not in shown), None)
        if waiting is not None:
            raise ProviderUnavailable(
                self.name,
                f"{what} is not shown, and order {waiting.order_id} is still under way "
                f"({waiting.status or 'no status'}): it may be that one",
                hint="try again when the order is done: see the myVelocity portal",
            )


def _marked(server: Server) -> Server:
    return server.model_copy(update={"server_id": f"{_VPS}{server.server_id}"})


def _number(server: Server) -> int:
    """The device's own number."""
    return int(server.server_id.removeprefix(_VPS))
