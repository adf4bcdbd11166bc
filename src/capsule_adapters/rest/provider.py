"""The Provider port over any cloud that a Dialect describes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from capsule_adapters.rest.answer import Answer, within
from capsule_adapters.rest.dialect import Collection, Dialect, Joined, KeyRing, RemoteKey
from capsule_adapters.rest.keys import AccountKeys
from capsule_adapters.rest.paging import Query, collect
from capsule_adapters.rest.power import PowerSwitch, when_free
from capsule_adapters.rest.prices import PriceBook
from capsule_adapters.rest.public_key import PublicKey
from capsule_adapters.rest.refusals import Subject
from capsule_adapters.rest.wire import Reading, understood
from capsule_domain.errors import NotFound, ProviderError, ProviderUnavailable
from capsule_domain.models.deployment import TAG_PREFIX, DeploymentId
from capsule_domain.models.leftover import Leftover, LeftoverKind
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

T = TypeVar("T")

_INSTALLING_SECONDS = 300.0
"""How long a cloud may be busy with a server before it can be ended."""


class RestProvider:
    """The Provider port over a cloud's own words. Lists are whole when they are returned."""

    def __init__(self, dialect: Dialect, api: "JsonApi", clock: Clock) -> None:
        self._dialect = dialect
        self._api = api
        self._clock = clock
        self._power = PowerSwitch(dialect, api, clock, lambda id_: self._look(id_).status)
        self._prices = PriceBook(lambda: self._all(dialect.prices) if dialect.prices else (), clock)

    @property
    def name(self) -> str:
        return self._dialect.name

    @property
    def capabilities(self) -> Capabilities:
        return self._dialect.capabilities

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    def account(self) -> Account:
        single = self._dialect.account
        answer = self._api.get(single.path)
        with understood(self.name, single.item, answer.request_id):
            return single.read(within(answer.body, single.item), self._reading())

    def regions(self) -> list[Region]:
        regions = self._dialect.regions
        return list(regions) if isinstance(regions, tuple) else self._all(regions)

    def offers(self) -> list[Offer]:
        offers = self._dialect.offers
        if isinstance(offers, Joined):
            lists = [self._all(each) for each in offers.lists]
            with understood(self.name, "offers"):
                return list(offers.join(self._reading(), *lists))
        return self._all(offers)

    def servers(self, *, deployment: DeploymentId | None = None) -> list[Server]:
        servers = self._dialect.servers
        if deployment is None:
            found = self._all(servers.every)
        else:
            tag = f"{TAG_PREFIX}{deployment}"
            headers = servers.tagged_headers(tag) if servers.tagged_headers else None
            tagged = self._all(servers.every, servers.tagged(tag), headers)
            found = [server for server in tagged if tag in server.tags]
        # One that was made while we read may be on two pages.
        return [self._prices.priced(s) for s in {s.server_id: s for s in found}.values()]

    def server(self, server_id: str) -> Server:
        return self._prices.priced(self._look(server_id))

    def _look(self, server_id: str) -> Server:
        answer = self._api.get(
            self._path(server_id),
            query=self._dialect.servers.asking,
            subject=Subject("server", server_id),
        )
        return self._one_server(answer)

    def create(self, request: ServerRequest) -> Server:
        self._refuse_unfit(request)
        request = request.model_copy(update={"ssh_public_key": self._public_key(request).line})
        with nothing_rented():
            key = self._ensure_key(self._dialect.keys, request) if self._dialect.keys else None
        servers = self._dialect.servers
        image = request.image or servers.default_image
        return self._rented(servers.create(request.model_copy(update={"image": image}), key))

    def _rented(self, body: Mapping[str, Any]) -> Server:
        """Rent, once."""
        servers = self._dialect.servers
        answer = self._api.post(servers.every.path, body=body, query=servers.asking)
        try:
            return self._one_server(answer)
        except ProviderUnavailable:
            raise
        except ProviderError as error:
            # It was rented, and we cannot say which it is: the same as a lost answer.
            raise ProviderUnavailable(
                self.name, "rented, but the answer is not understood", request_id=answer.request_id
            ) from error

    def start(self, server_id: str) -> None:
        if self._look(server_id).status is not ServerStatus.RUNNING:
            self._power.throw(server_id, self._dialect.power.start, ServerStatus.RUNNING)

    def stop(self, server_id: str) -> None:
        if self._look(server_id).status is not ServerStatus.STOPPED:
            self._power.throw(server_id, self._dialect.power.stop, ServerStatus.STOPPED)

    def restart(self, server_id: str, *, force: bool = False) -> None:
        power = self._dialect.power
        self._path(server_id)
        call = power.force_restart if force else power.restart
        self._power.throw(server_id, call, ServerStatus.RUNNING, restart=True)

    def set_tags(self, server_id: str, tags: Sequence[str]) -> None:
        server = self._look(server_id)
        wanted = tuple(dict.fromkeys(tags))
        refuse_unfit_tags(self.name, self.capabilities, set(wanted).difference(server.tags))
        retag = self._dialect.servers.retag
        if retag is None:
            raise ProviderError(self.name, "tags cannot be changed after a server is made")
        if set(wanted) == set(server.tags):
            return
        for call in retag(server, wanted):
            self._api.send(
                call.method,
                call.path.format(id=quote(server_id, safe="")),
                body=call.body,
                subject=Subject("server", server_id),
                reads=False,
                idempotent=True,
            )

    def destroy(self, server_id: str) -> None:
        path, subject = self._path(server_id), Subject("server", server_id)
        ending = self._dialect.servers.ending

        def delete() -> object:
            return self._api.delete(path, query=ending, subject=subject, idempotent=True)

        with suppress(NotFound):
            when_free(self._clock, delete, _INSTALLING_SECONDS)

    def leftovers(self) -> list[Leftover]:
        """Keys: none of these clouds has more that we make."""
        return self._account_keys(self._dialect.keys).ours() if self._dialect.keys else []

    def remove_leftover(self, leftover: Leftover) -> None:
        if self._dialect.keys is None or leftover.kind is not LeftoverKind.KEY:
            raise NotFound(f"{self.name} {leftover.kind}", leftover.id)
        self._account_keys(self._dialect.keys).remove(leftover)

    def _account_keys(self, ring: KeyRing) -> AccountKeys:
        return AccountKeys(ring, self._api, lambda: self._all(ring.ring), self._reading)

    def _reading(self) -> Reading:
        return Reading(self.name, self._clock.now())

    def _all(
        self,
        collection: Collection[T],
        queries: tuple[Query, ...] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> list[T]:
        found: list[T] = []
        for query in collection.queries if queries is None else queries:
            raw = collect(
                self.name,
                lambda asked: self._api.get(collection.path, query=asked, headers=headers),
                collection.paging or self._dialect.paging,
                items=collection.items,
                query=query,
                keyed=collection.keyed,
            )
            for item in raw:
                with understood(self.name, collection.items):
                    found += collection.read(item, self._reading())
        return found

    def _one_server(self, answer: Answer) -> Server:
        servers = self._dialect.servers
        with understood(self.name, servers.item, answer.request_id):
            raw = within(answer.body, servers.item)
            return next(iter(servers.every.read(raw, self._reading())))

    def _path(self, server_id: str) -> str:
        """The server's path. Raises NotFound for what cannot be an id: `?tag=x` is not one."""
        if not re.fullmatch(self._dialect.servers.id_pattern, server_id, re.ASCII):
            raise NotFound(f"{self.name} server", server_id)
        return self._dialect.servers.path.format(id=quote(server_id, safe=""))

    def _refuse_unfit(self, request: ServerRequest) -> None:
        """Refuse here what the cloud would refuse, with a better sentence. Nothing is sent."""
        can = self.capabilities
        refuse_unfit_tags(self.name, can, request.tags)
        if not re.fullmatch(self._dialect.servers.name_pattern, request.name, re.ASCII):
            raise ProviderError(
                self.name, f"a name must match {self._dialect.servers.name_pattern}"
            )
        size = len(request.user_data.get_secret_value().encode())
        if size > can.user_data_max_bytes:
            raise ProviderError(
                self.name, f"user data of {size} bytes; at most {can.user_data_max_bytes} go"
            )

    def _ensure_key(self, ring: KeyRing, request: ServerRequest) -> RemoteKey:
        return self._account_keys(ring).ensure(self._public_key(request))

    def _public_key(self, request: ServerRequest) -> PublicKey:
        try:
            return PublicKey.parse(request.ssh_public_key)
        except ValueError as error:
            raise ProviderError(self.name, f"the SSH public key cannot be used: {error}") from error


def refuse_unfit_tags(provider: str, can: Capabilities, tags: Iterable[str]) -> None:
    """Raises ProviderError for a tag that the cloud does not take."""
    for tag in tags:
        if not re.fullmatch(can.tag_pattern, tag, re.ASCII):
            raise ProviderError(provider, f"a tag must match {can.tag_pattern}, not {tag!r}")


@contextmanager
def nothing_rented() -> Iterator[None]:
    """Whatever failed in here, the renting request was not sent."""
    try:
        yield
    except ProviderUnavailable as error:
        error.sent = False
        raise
