"""A cloud in memory, as unkind as a real one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from capsule_domain.errors import (
    CapsuleError,
    CredentialsRefused,
    NotFound,
    OutOfStock,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
)
from capsule_domain.models.deployment import TAG_PREFIX, DeploymentId
from capsule_domain.models.leftover import Leftover, LeftoverKind
from capsule_domain.models.server import (
    Account,
    Capabilities,
    Server,
    ServerRequest,
    ServerStatus,
    UserDataForm,
)
from capsule_domain.models.template import Arch, Offer, Region, Stock
from capsule_domain.ports.clock import Clock
from tests.fakes.clock import FakeClock
from tests.fakes.offers import DEFAULT_OFFERS

_FIRST_ID = 9001


class Lost(Enum):
    """How the answer to a create is lost."""

    BEFORE_SENDING = "before sending"
    BEFORE_ACTING = "before acting"
    AFTER_ACTING = "after acting"


CAPABILITIES = Capabilities(
    bills_when_stopped=True,
    user_data_form=UserDataForm.PLAIN,
    user_data_max_bytes=64 * 1024,
    idempotent_create=False,
    settling_seconds=60.0,
    tag_pattern="[A-Za-z0-9:_-]{1,255}",
    tags_change_after_creation=True,
    billed_by_seconds=1,
    minimum_billed_seconds=60,
    monthly_cap=True,
    architectures=(Arch.X86_64, Arch.AARCH64),
    nixos_image=False,
)


@dataclass
class FakeProvider:
    """Implements Provider. Change its attributes at any time to change its temper.

    A new server is PENDING without an address until it was asked for `boot_polls`
    times (by `server` or `servers`); None: it never becomes active. A list misses it for
    `capabilities.settling_seconds` when `lists_late` is set.
    """

    offers_: Sequence[Offer] = DEFAULT_OFFERS
    name: str = "fakecloud"
    clock: Clock = field(default_factory=FakeClock)
    boot_polls: int | None = 1
    addresses: Iterable[str] = ()
    """Addresses for new servers, in order; then 127.77.0.1 and on."""
    server_limit: int | None = None
    lists_late: bool = False
    create_fails: CapsuleError | Lost | None = None
    """What the next create does instead of answering; used up by it."""
    fails: CapsuleError | None = None
    """Raised by every call but `create` and the properties, until it is None again."""
    refuses_key: bool = False
    capabilities: Capabilities = CAPABILITIES
    created: list[ServerRequest] = field(default_factory=list)
    """Every request that was acted upon."""
    attempts: list[ServerRequest] = field(default_factory=list)
    """Every request that came, acted upon or not."""
    servers_by_id: dict[str, Server] = field(default_factory=dict)
    destroyed: list[str] = field(default_factory=list)
    left: dict[str, Leftover] = field(default_factory=dict)
    """What was made beside servers, by its id: the key of the first create, and what tests add."""
    calls: list[str] = field(default_factory=list)
    """Names of the methods called, in order."""

    def __post_init__(self) -> None:
        self._polls: dict[str, int] = {}
        self._addresses = iter(tuple(self.addresses))
        self._next_id = _FIRST_ID

    def account(self) -> Account:
        self._called("account")
        return Account(
            provider=self.name,
            identity="fake@example.com",
            active=True,
            server_limit=self.server_limit,
        )

    def regions(self) -> list[Region]:
        self._called("regions")
        slugs = dict.fromkeys(o.region for o in self.offers_)
        return [Region(provider=self.name, region=slug, name=slug.title()) for slug in slugs]

    def offers(self) -> list[Offer]:
        self._called("offers")
        return list(self.offers_)

    def servers(self, *, deployment: DeploymentId | None = None) -> list[Server]:
        self._called("servers")
        tag = None if deployment is None else f"{TAG_PREFIX}{deployment}"
        return [
            self._polled(server)
            for server in list(self.servers_by_id.values())
            if (tag is None or tag in server.tags) and not self._is_missing(server)
        ]

    def server(self, server_id: str) -> Server:
        self._called("server")
        return self._polled(self._found(server_id))

    def create(self, request: ServerRequest) -> Server:
        self.calls.append("create")
        self.attempts.append(request)
        if self.refuses_key:
            raise CredentialsRefused(self.name, "the key is not accepted")
        planned, self.create_fails = self.create_fails, None
        if isinstance(planned, CapsuleError):
            raise planned
        if planned is Lost.BEFORE_SENDING:
            raise ProviderUnavailable(self.name, "cannot connect", sent=False)
        if planned is Lost.BEFORE_ACTING:
            raise ProviderUnavailable(self.name, "the connection broke")
        server = self._rent(request)
        if planned is Lost.AFTER_ACTING:
            raise ProviderUnavailable(self.name, "the connection broke")
        return server

    def start(self, server_id: str) -> None:
        self._called("start")
        self._switch(server_id, ServerStatus.RUNNING)

    def stop(self, server_id: str) -> None:
        self._called("stop")
        self._switch(server_id, ServerStatus.STOPPED)

    def restart(self, server_id: str, *, force: bool = False) -> None:
        self._called("restart, forced" if force else "restart")
        self._switch(server_id, ServerStatus.RUNNING)

    def set_tags(self, server_id: str, tags: Sequence[str]) -> None:
        self._called("set_tags")
        server = self._found(server_id)
        self._check_tags(tag for tag in tags if tag not in server.tags)
        if not self.capabilities.tags_change_after_creation:
            raise ProviderError(self.name, "tags cannot be changed here")
        self._keep(server, tags=tuple(dict.fromkeys(tags)))

    def destroy(self, server_id: str) -> None:
        self._called("destroy")
        self._check_id(server_id)
        if self.servers_by_id.pop(server_id, None) is not None:
            self.destroyed.append(server_id)

    def leftovers(self) -> list[Leftover]:
        self._called("leftovers")
        return list(self.left.values())

    def remove_leftover(self, leftover: Leftover) -> None:
        self._called("remove_leftover")
        self.left.pop(leftover.id, None)

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if self.refuses_key:
            raise CredentialsRefused(self.name, "the key is not accepted")
        if self.fails is not None:
            raise self.fails

    def _rent(self, request: ServerRequest) -> Server:
        chosen = self._checked(request)
        key = Leftover(provider=self.name, kind=LeftoverKind.KEY, id="1", name="capsule-key")
        self.left.setdefault(key.id, key)
        server_id, self._next_id = str(self._next_id), self._next_id + 1
        server = Server(
            provider=self.name,
            server_id=server_id,
            name=request.name,
            status=ServerStatus.PENDING,
            region=request.region,
            slug=request.slug,
            tags=request.tags,
            created_at=self.clock.now(),
            price_per_hour=chosen.price_per_hour,
        )
        self.created.append(request)
        self.servers_by_id[server_id] = server
        self._polls[server_id] = 0
        return server

    def _checked(self, request: ServerRequest) -> Offer:
        """The offer that a request is for; refuses what a cloud would refuse."""
        self._check_tags(request.tags)
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", request.name):
            raise ProviderError(self.name, "not a host name")
        size = len(request.user_data.get_secret_value().encode())
        if size > self.capabilities.user_data_max_bytes:
            raise ProviderError(self.name, "too much user data")
        if len(request.ssh_public_key.split()) < 2:
            raise ProviderError(self.name, "not an SSH public key")
        if self.server_limit is not None and len(self.servers_by_id) >= self.server_limit:
            raise QuotaExceeded(self.name, "this would exceed your server limit")
        of_slug = [o for o in self.offers_ if o.slug == request.slug]
        if not of_slug:
            raise ProviderError(self.name, "no such size")
        here = next((o for o in of_slug if o.region == request.region), None)
        if here is None or here.stock is Stock.NONE:
            raise OutOfStock(self.name, "size is not available in this region")
        return here

    def _check_tags(self, tags: Iterable[str]) -> None:
        for tag in tags:
            if not re.fullmatch(self.capabilities.tag_pattern, tag):
                raise ProviderError(self.name, f"not a tag: {tag!r}")

    def _polled(self, server: Server) -> Server:
        """The server as it is at this look; the right number of looks boots it."""
        if server.status is not ServerStatus.PENDING or self.boot_polls is None:
            return server
        polls = self._polls.get(server.server_id, 0) + 1
        self._polls[server.server_id] = polls
        if polls < self.boot_polls:
            return server
        number = int(server.server_id) - _FIRST_ID
        address = next(self._addresses, f"127.77.{number // 250}.{number % 250 + 1}")
        return self._keep(server, status=ServerStatus.RUNNING, address=address)

    def _switch(self, server_id: str, status: ServerStatus) -> None:
        server = self._found(server_id)
        if server.status is ServerStatus.PENDING:
            raise ProviderError(self.name, "the server is not up yet")
        self._keep(server, status=status)

    def _keep(self, server: Server, **changes: object) -> Server:
        changed = server.model_copy(update=changes)
        self.servers_by_id[server.server_id] = changed
        return changed

    def _found(self, server_id: str) -> Server:
        try:
            return self.servers_by_id[server_id]
        except KeyError:
            raise NotFound(f"{self.name} server", server_id) from None

    def _check_id(self, server_id: str) -> None:
        if not (server_id.isascii() and server_id.isdecimal()):
            raise NotFound(f"{self.name} server", server_id)

    def _is_missing(self, server: Server) -> bool:
        """Whether lists do not show it yet."""
        if not self.lists_late or server.created_at is None:
            return False
        age = (self.clock.now() - server.created_at).total_seconds()
        return age < self.capabilities.settling_seconds
