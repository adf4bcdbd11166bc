"""A cloud's differences from the others, as data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import SecretStr

from capsule_adapters.rest.pacing import Pacing
from capsule_adapters.rest.paging import Paging, Query
from capsule_adapters.rest.prices import ListPrice
from capsule_adapters.rest.refusals import Refusal
from capsule_adapters.rest.wire import Reading
from capsule_domain.models.server import Account, Capabilities, Server, ServerRequest
from capsule_domain.models.template import Offer, Region

T_co = TypeVar("T_co", covariant=True)
Reader = Callable[[Any, Reading], Iterable[T_co]]
"""From one item of a cloud's JSON to our words; may give none or several."""


@dataclass(frozen=True)
class Collection(Generic[T_co]):
    """A list of the cloud's. `items`: the body's key of it; empty: it is the body.

    Each of `queries` is asked. `keyed`: it is a map, and `read` gets pairs of it.
    """

    path: str
    items: str
    read: Reader[T_co]
    queries: tuple[Query, ...] = ({},)
    keyed: bool = False
    paging: Paging | None = None
    """None: as the dialect's other lists."""


@dataclass(frozen=True)
class Joined(Generic[T_co]):
    """What only several lists together tell. `join` gets them whole, in their order."""

    lists: tuple[Collection[Any], ...]
    join: Callable[..., Iterable[T_co]]
    """Takes the Reading, and then a list for each of `lists`."""


@dataclass(frozen=True)
class Single(Generic[T_co]):
    """One thing of the cloud's. `item`: the body's key of it; empty: it is the body."""

    path: str
    item: str
    read: Callable[[Any, Reading], T_co]


@dataclass(frozen=True)
class RemoteKey:
    """An SSH key as the cloud keeps it. `key_id` is what create takes, in its own JSON type."""

    key_id: int | str
    public_key: str
    fingerprint: str = ""
    name: str = ""


@dataclass(frozen=True)
class KeyRing:
    """Where a cloud keeps SSH keys. `upload(name, public_key)` is the body that adds one.

    `{id}` in `path` is a key's id.
    """

    ring: Collection[RemoteKey]
    item: str
    path: str
    upload: Callable[[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class PowerCall:
    """One request that changes the power. `{id}` in `path` is the server's id.

    `body` None: none is sent.
    """

    path: str
    body: Mapping[str, Any] | None = None
    query: Query | None = None


@dataclass(frozen=True)
class ActionPoll:
    """Where to watch an action that a PowerCall began. `{id}` in `path` is the action's id."""

    path: str
    item: str
    done: str
    failed: str
    id: str = "id"
    status: str = "status"


@dataclass(frozen=True)
class ServerPoll:
    """There is no action to watch: the server itself tells when it is done.

    `restart_shows_seconds`: after so long a server that never stopped looking like one
    that runs counts as restarted.
    """

    restart_shows_seconds: float = 15.0


@dataclass(frozen=True)
class Power:
    """How servers are switched. Without `poll` a request answered is a thing done."""

    start: PowerCall
    stop: PowerCall
    restart: PowerCall
    force_restart: PowerCall
    poll: ActionPoll | ServerPoll | None = None


@dataclass(frozen=True)
class TagCall:
    """One request that changes tags, and may be repeated. `{id}` in `path` is the server's id."""

    method: str
    path: str
    body: Mapping[str, Any]


Retag = Callable[[Server, Sequence[str]], Iterable[TagCall]]
"""From a server, and the tags that it shall have, to the requests, in their order."""


def tag_field(method: str, path: str, *, field: str = "tags") -> Retag:
    """For a cloud that takes all tags of a server at once, as a field of what is at `path`."""
    return lambda _server, tags: (TagCall(method, path, {field: list(tags)}),)


@dataclass(frozen=True)
class Servers:
    """Where servers are listed, made and ended. `{id}` in `path` is the server's id."""

    every: Collection[Server]
    tagged: Callable[[str], tuple[Query, ...]]
    """The queries that together list every server with a tag; others among them are sorted out."""
    path: str
    item: str
    id_pattern: str
    """A whole server id matches it: nothing else ever gets into a path."""
    name_pattern: str
    create: Callable[[ServerRequest, RemoteKey | None], Mapping[str, Any]]
    """The body that rents; `image` is set, and secrets stay SecretStr."""
    default_image: str
    """The newest Ubuntu 24.04."""
    tagged_headers: Callable[[str], Mapping[str, str]] | None = None
    """For a cloud whose filter is a header: what goes with the `tagged` queries."""
    retag: Retag | None = None
    """None: the cloud does not change tags of what is there."""
    asking: Query = field(default_factory=dict)
    """What goes along when one server is read or made."""
    ending: Query = field(default_factory=dict)
    """What goes along when one is ended."""


@dataclass(frozen=True)
class Dialect:
    """Everything that sets one cloud apart."""

    name: str
    title: str
    base_url: str
    token_variables: tuple[str, ...]
    auth_headers: Callable[[SecretStr], Mapping[str, SecretStr]]
    capabilities: Capabilities
    pacing: Pacing
    paging: Paging
    refusals: tuple[Refusal, ...]
    account: Single[Account]
    regions: Collection[Region] | tuple[Region, ...]
    """Where they are listed; or all of them, for a cloud that lists them nowhere."""
    offers: Collection[Offer] | Joined[Offer]
    servers: Servers
    power: Power
    keys: KeyRing | None = None
    """None: the cloud takes the key's text with each create."""
    prices: Collection[ListPrice] | None = None
    """For a cloud whose servers come without their price."""


def bearer(token: SecretStr) -> Mapping[str, SecretStr]:
    """The usual header."""
    return {"authorization": SecretStr(f"Bearer {token.get_secret_value()}")}
