"""DigitalOcean: droplets."""

from typing import Any

from capsule_adapters.providers.digitalocean.droplets import (
    WireDroplet,
    WireKey,
    action,
    create,
    retag,
)
from capsule_adapters.providers.digitalocean.selling import WireRegion, WireSize
from capsule_adapters.rest.dialect import (
    ActionPoll,
    Collection,
    Dialect,
    KeyRing,
    Power,
    Servers,
    Single,
    bearer,
)
from capsule_adapters.rest.pacing import Pacing, RateHeaders, Window
from capsule_adapters.rest.paging import NextLink
from capsule_adapters.rest.refusals import Refusal
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.errors import OutOfStock, QuotaExceeded
from capsule_domain.models.server import Account, Capabilities, UserDataForm
from capsule_domain.models.template import Arch

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
    regions=Collection("/v2/regions", "regions", WireRegion.read),
    offers=Collection("/v2/sizes", "sizes", WireSize.read),
    servers=Servers(
        # GPU droplets are in no list that does not ask for them by type.
        every=Collection("/v2/droplets", "droplets", WireDroplet.read, ({}, {"type": "gpus"})),
        # tag_name cannot be combined with type, so the GPU droplets all come along.
        tagged=lambda tag: ({"tag_name": tag}, {"type": "gpus"}),
        path="/v2/droplets/{id}",
        item="droplet",
        id_pattern="[1-9][0-9]{0,18}",
        name_pattern="[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?",
        create=create,
        # Always the newest build of it.
        default_image="ubuntu-24-04-x64",
        retag=retag,
    ),
    power=Power(
        start=action("power_on"),
        stop=action("shutdown"),
        restart=action("reboot"),
        force_restart=action("power_cycle"),
        poll=ActionPoll("/v2/actions/{id}", "action", done="completed", failed="errored"),
    ),
    keys=KeyRing(
        Collection("/v2/account/keys", "ssh_keys", WireKey.read),
        "ssh_key",
        "/v2/account/keys/{id}",
        upload=lambda name, public_key: {"name": name, "public_key": public_key},
    ),
)
