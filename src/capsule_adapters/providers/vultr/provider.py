"""The Provider port over both kinds of Vultr's servers."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import quote

from capsule_adapters.providers.vultr.dialect import BARE_METAL
from capsule_adapters.providers.vultr.plans import METAL_PLANS, PLANS, Plan, Stocks
from capsule_adapters.rest.answer import pluck
from capsule_adapters.rest.dialect import Collection, Dialect, PowerCall
from capsule_adapters.rest.provider import RestProvider, nothing_rented
from capsule_domain.errors import ProviderError
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.leftover import Leftover
from capsule_domain.models.server import (
    Account,
    Capabilities,
    Server,
    ServerRequest,
    ServerStatus,
)
from capsule_domain.models.template import Offer, Region
from capsule_domain.ports.clock import Clock

if TYPE_CHECKING:  # it brings the HTTP library along, which listing clouds does not need
    from capsule_adapters.rest.transport import JsonApi

_METAL = "metal-"
"""Before the ids of bare metal: a UUID alone does not tell where to ask for it."""
_REGIONS_AT_ONCE = 8


class VultrProvider:
    """One account, with its cloud instances and its bare metal."""

    def __init__(self, dialect: Dialect, api: "JsonApi", clock: Clock) -> None:
        self._api = api
        self._instances = _Kind(dialect, PLANS, api, clock)
        self._metal = _BareMetal(BARE_METAL, METAL_PLANS, api, clock)

    @property
    def name(self) -> str:
        return self._instances.name

    @property
    def capabilities(self) -> Capabilities:
        return self._instances.capabilities

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    def account(self) -> Account:
        return self._instances.account()

    def regions(self) -> list[Region]:
        return self._instances.regions()

    def offers(self) -> list[Offer]:
        """Every plan in every region that lists it or has it, with the stock there."""
        stocks = self._stocks()
        return [*self._instances.offers_in(stocks), *self._metal.offers_in(stocks)]

    def servers(self, *, deployment: DeploymentId | None = None) -> list[Server]:
        metal = self._metal.servers(deployment=deployment)
        return [*self._instances.servers(deployment=deployment), *map(_marked, metal)]

    def server(self, server_id: str) -> Server:
        kind, its_id = self._kind(server_id)
        server = kind.server(its_id)
        return _marked(server) if kind is self._metal else server

    def create(self, request: ServerRequest) -> Server:
        with nothing_rented():
            of_metal = self._metal.sells(request.slug)
        return _marked(self._metal.create(request)) if of_metal else self._instances.create(request)

    def start(self, server_id: str) -> None:
        kind, its_id = self._kind(server_id)
        kind.start(its_id)

    def stop(self, server_id: str) -> None:
        kind, its_id = self._kind(server_id)
        kind.stop(its_id)

    def restart(self, server_id: str, *, force: bool = False) -> None:
        kind, its_id = self._kind(server_id)
        kind.restart(its_id, force=force)

    def set_tags(self, server_id: str, tags: Sequence[str]) -> None:
        kind, its_id = self._kind(server_id)
        kind.set_tags(its_id, tags)

    def destroy(self, server_id: str) -> None:
        kind, its_id = self._kind(server_id)
        kind.destroy(its_id)

    def leftovers(self) -> list[Leftover]:
        """Keys, which both kinds share."""
        return self._instances.leftovers()

    def remove_leftover(self, leftover: Leftover) -> None:
        self._instances.remove_leftover(leftover)

    def _kind(self, server_id: str) -> tuple[RestProvider, str]:
        """Which of the two a server belongs to, and its id there."""
        if server_id.startswith(_METAL):
            return self._metal, server_id.removeprefix(_METAL)
        return self._instances, server_id

    def _stocks(self) -> Stocks:
        """What each region has. The lists of plans do not tell it, so each is asked."""
        regions = [region.region for region in self.regions()]
        with ThreadPoolExecutor(_REGIONS_AT_ONCE, thread_name_prefix="vultr") as pool:
            return dict(zip(regions, pool.map(self._stock, regions), strict=True))

    def _stock(self, region: str) -> frozenset[str]:
        """The plans that can be rented there with a public address."""
        path = f"/regions/{quote(region, safe='')}/availability"
        answer = self._api.get(path, query={"type": "all"})
        plans = pluck(answer.body, "available_plans")
        if not isinstance(plans, list):
            raise ProviderError(
                self.name,
                "the answer lacks the list available_plans",
                request_id=answer.request_id,
            )
        return frozenset(plan for plan in plans if isinstance(plan, str))


class _Kind(RestProvider):
    """One kind of servers, and the list of its plans."""

    def __init__(
        self, dialect: Dialect, plans: Collection[Plan], api: "JsonApi", clock: Clock
    ) -> None:
        super().__init__(dialect, api, clock)
        self._plans = plans
        self._slugs: frozenset[str] | None = None

    def offers_in(self, stocks: Stocks) -> list[Offer]:
        """What is sold in the regions of `stocks`."""
        plans = self._all(self._plans)
        self._slugs = frozenset(plan.id for plan in plans)
        reading, source = self._reading(), f"{self.name} {self._plans.path}"
        return [o for plan in plans for o in plan.offers(reading, stocks, source=source)]

    def sells(self, slug: str) -> bool:
        """Whether a plan is of this kind; the cloud is asked once at most."""
        if self._slugs is None:
            self._slugs = frozenset(plan.id for plan in self._all(self._plans))
        return slug in self._slugs


class _BareMetal(_Kind):
    """Its status says nothing about its power, so each request goes as it is wanted."""

    def start(self, server_id: str) -> None:
        self._switch(server_id, self._dialect.power.start, ServerStatus.RUNNING)

    def stop(self, server_id: str) -> None:
        self._switch(server_id, self._dialect.power.stop, ServerStatus.STOPPED)

    def _switch(self, server_id: str, call: PowerCall, until: ServerStatus) -> None:
        self._path(server_id)
        self._power.throw(server_id, call, until)


def _marked(server: Server) -> Server:
    return server.model_copy(update={"server_id": f"{_METAL}{server.server_id}"})
