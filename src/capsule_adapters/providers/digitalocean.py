"""DigitalOcean: droplets."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from pydantic import AliasPath, Field

from capsule_adapters.rest.dialect import (
    ActionPoll,
    Collection,
    Dialect,
    KeyRing,
    Power,
    PowerCall,
    RemoteKey,
    Servers,
    Single,
    TagCall,
    bearer,
)
from capsule_adapters.rest.pacing import Pacing, RateHeaders, Window
from capsule_adapters.rest.paging import NextLink
from capsule_adapters.rest.refusals import Refusal
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.errors import OutOfStock, QuotaExceeded
from capsule_domain.models.money import Money
from capsule_domain.models.server import (
    Account,
    Capabilities,
    Server,
    ServerRequest,
    ServerStatus,
    UserDataForm,
)
from capsule_domain.models.template import Arch, Gpu, Offer, Region, Stock

_STATUS = {
    "new": ServerStatus.PENDING,
    "active": ServerStatus.RUNNING,
    "off": ServerStatus.STOPPED,
    "archive": ServerStatus.STOPPED,
}

CAPABILITIES = Capabilities(
    # Billing documentation: a droplet that is off keeps its disk, CPU and memory, and its price.
    bills_when_stopped=True,
    # API description, droplet create, `user_data`: plain text of at most 64 KiB.
    user_data_form=UserDataForm.PLAIN,
    user_data_max_bytes=64 * 1024,
    # API description: no idempotency key on any operation.
    idempotent_create=False,
    # A list right after create may miss the droplet (api-v2 issue 202); no figure is published.
    settling_seconds=60.0,
    # API description, tags: letters, digits, colon, dash, underscore; up to 255.
    tag_pattern="[A-Za-z0-9:_-]{1,255}",
    # API description: POST and DELETE /v2/tags/{tag}/resources.
    tags_change_after_creation=True,
    # Billing since 2026-01-01: by the second, 60 seconds or $0.01 at least.
    minimum_billed_seconds=60,
    # Billing since 2026-01-01: by the second.
    billed_by_seconds=1,
    # API description, sizes: price_monthly is what a whole month costs.
    monthly_cap=True,
    architectures=(Arch.X86_64,),
    # API description, images: its distributions are without NixOS.
    nixos_image=False,
)


class _Account(Wire):
    email: str
    status: str
    status_message: str = ""
    droplet_limit: int | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Account:
        account = cls.model_validate(raw)
        return Account(
            provider=reading.provider,
            identity=account.email,
            active=account.status in ("active", "warning"),
            detail=account.status_message.strip() or account.status,
            server_limit=account.droplet_limit,
        )


class _Region(Wire):
    slug: str
    name: str = ""
    available: bool = True

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Region]:
        region = cls.model_validate(raw)
        if region.available:
            yield Region(provider=reading.provider, region=region.slug, name=region.name)


class _Gpu(Wire):
    count: int = 0
    model: str = ""
    vram_gib: int = Field(default=0, validation_alias=AliasPath("vram", "amount"))

    def read(self) -> Gpu | None:
        if self.count < 1:
            return None
        # The amount is of all of them together: gpu-h100x8-640gb has 640.
        model = self.model.replace("_", " ").upper()
        return Gpu(model=model, count=self.count, memory_gib=self.vram_gib // self.count)


class _Size(Wire):
    slug: str
    vcpus: int
    memory: int
    disk: int
    price_hourly: Decimal
    price_monthly: Decimal
    regions: tuple[str, ...]
    available: bool
    description: str = ""
    gpu_info: _Gpu | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Offer]:
        size = cls.model_validate(raw)
        for region in size.regions:
            yield Offer(
                provider=reading.provider,
                template=size.slug,
                slug=size.slug,
                name=size.description,
                region=region,
                regions=size.regions,
                vcpus=size.vcpus,
                memory_mib=size.memory,
                disk_gib=size.disk,
                gpu=size.gpu_info.read() if size.gpu_info else None,
                price_per_hour=_dollars(size.price_hourly),
                price_per_month=_dollars(size.price_monthly),
                stock=Stock.AVAILABLE if size.available else Stock.NONE,
                as_of=reading.at,
                source=f"{reading.provider} /v2/sizes",
            )


class _Network(Wire):
    ip_address: str
    type: str


class _Droplet(Wire):
    id: int
    name: str
    status: str
    region: str = Field(validation_alias=AliasPath("region", "slug"))
    size_slug: str
    price_hourly: Decimal | None = Field(None, validation_alias=AliasPath("size", "price_hourly"))
    v4: tuple[_Network, ...] = Field((), validation_alias=AliasPath("networks", "v4"))
    v6: tuple[_Network, ...] = Field((), validation_alias=AliasPath("networks", "v6"))
    tags: tuple[str, ...] = ()
    created_at: datetime | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Server]:
        droplet = cls.model_validate(raw)
        price = droplet.price_hourly
        addresses = (n.ip_address for n in (*droplet.v4, *droplet.v6) if n.type == "public")
        yield Server(
            provider=reading.provider,
            server_id=str(droplet.id),
            name=droplet.name,
            status=_STATUS.get(droplet.status, ServerStatus.UNKNOWN),
            region=droplet.region,
            slug=droplet.size_slug,
            address=next(addresses, None),
            tags=droplet.tags,
            created_at=droplet.created_at,
            price_per_hour=None if price is None else _dollars(price),
        )


class _Key(Wire):
    id: int
    public_key: str
    fingerprint: str = ""
    name: str = ""

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator[RemoteKey]:
        key = cls.model_validate(raw)
        yield RemoteKey(key.id, key.public_key, key.fingerprint, key.name)


def _dollars(amount: Decimal) -> Money:
    """The published price: the API widens 0.00744 to 0.00743999984115362."""
    return Money(amount=round(amount, 5), currency="USD")


def _create(request: ServerRequest, key: RemoteKey | None) -> Mapping[str, Any]:
    image = request.image or ""
    return {
        "name": request.name,
        "region": request.region,
        "size": request.slug,
        "image": int(image) if image.isdecimal() and image.isascii() else image,
        "ssh_keys": [] if key is None else [key.key_id],
        "tags": list(request.tags),
        **({"user_data": request.user_data} if request.user_data.get_secret_value() else {}),
    }


def _retag(droplet: Server, tags: Sequence[str]) -> Iterator[TagCall]:
    """A tag is a thing of its own: made where it is new, which it may be twice, then linked."""
    these = {"resources": [{"resource_id": droplet.server_id, "resource_type": "droplet"}]}
    for tag in tags:
        if tag not in droplet.tags:
            yield TagCall("POST", "/v2/tags", {"name": tag})
            yield TagCall("POST", _tagged(tag), these)
    for tag in droplet.tags:
        if tag not in tags:
            yield TagCall("DELETE", _tagged(tag), these)


def _tagged(tag: str) -> str:
    return f"/v2/tags/{quote(tag, safe='')}/resources"


def _action(type_: str) -> PowerCall:
    return PowerCall("/v2/droplets/{id}/actions", {"type": type_})


DIALECT = Dialect(
    name="digitalocean",
    title="DigitalOcean",
    base_url="https://api.digitalocean.com",
    token_variables=("DIGITALOCEAN_API_KEY", "DIGITALOCEAN_TOKEN"),
    auth_headers=bearer,
    capabilities=CAPABILITIES,
    # Headers tell the hourly 5000; the 250 a minute are in the description only.
    pacing=Pacing(
        RateHeaders("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
        windows=(Window(requests=250, seconds=60.0),),
    ),
    paging=NextLink(
        link=("links", "pages", "next"),
        take=("page", "per_page"),
        size=200,
        total_at=("meta", "total"),
    ),
    refusals=(
        Refusal(
            r"(size|region)\b.*(unavailable|not available)|sold out|out of (stock|capacity)",
            OutOfStock,
            hint="try another region: capsule openmesh templates --live",
        ),
        Refusal(
            r"droplet limit|exceed\w* .*limit|currently restricted",
            QuotaExceeded,
            hint="end a server, or ask DigitalOcean to raise the limit",
        ),
    ),
    account=Single("/v2/account", "account", _Account.read),
    regions=Collection("/v2/regions", "regions", _Region.read),
    offers=Collection("/v2/sizes", "sizes", _Size.read),
    servers=Servers(
        # GPU droplets are in no list that does not ask for them by type.
        every=Collection("/v2/droplets", "droplets", _Droplet.read, ({}, {"type": "gpus"})),
        # tag_name cannot be combined with type, so the GPU droplets all come along.
        tagged=lambda tag: ({"tag_name": tag}, {"type": "gpus"}),
        path="/v2/droplets/{id}",
        item="droplet",
        id_pattern="[1-9][0-9]{0,18}",
        name_pattern="[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?",
        create=_create,
        # Always the newest build of it.
        default_image="ubuntu-24-04-x64",
        retag=_retag,
    ),
    power=Power(
        start=_action("power_on"),
        stop=_action("shutdown"),
        restart=_action("reboot"),
        force_restart=_action("power_cycle"),
        poll=ActionPoll("/v2/actions/{id}", "action", done="completed", failed="errored"),
    ),
    keys=KeyRing(
        Collection("/v2/account/keys", "ssh_keys", _Key.read),
        "ssh_key",
        "/v2/account/keys/{id}",
        upload=lambda name, public_key: {"name": name, "public_key": public_key},
    ),
)
