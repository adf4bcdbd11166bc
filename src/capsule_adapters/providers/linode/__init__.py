"""Linode: compute instances."""

from typing import Any

from capsule_adapters.providers.linode import instances, selling
from capsule_adapters.rest.dialect import Dialect, Single, bearer
from capsule_adapters.rest.pacing import Lane, Pacing, RateHeaders, Window
from capsule_adapters.rest.paging import PageNumber
from capsule_adapters.rest.refusals import Busy, Refusal
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.errors import OutOfStock, PermissionMissing, ProviderError, QuotaExceeded
from capsule_domain.models.server import Account, Capabilities, UserDataForm
from capsule_domain.models.template import Arch

CAPABILITIES = Capabilities(
    # Linode's billing guide: a Linode that is powered off is billed until it is deleted.
    bills_when_stopped=True,
    # API description, `metadata.user_data`: "must not exceed 65535 bytes, or about 16kb
    # encoded". The two disagree; Linode's own Cluster API provider takes 16384 before encoding.
    user_data_form=UserDataForm.BASE64,
    user_data_max_bytes=16_384,
    # API description: no idempotency key; but a label that is taken is refused.
    idempotent_create=False,
    # No figure is published (unsourced); the same caution as elsewhere.
    settling_seconds=60.0,
    # Tests of Linode's own CLI: 3 to 50 characters, else 400. Which characters is published
    # nowhere (unsourced): these are a cautious choice.
    tag_pattern="[A-Za-z0-9:_.-]{3,50}",
    name_pattern=instances.NAME_PATTERN,
    # API description: PUT /v4/linode/instances/{linodeId} takes `tags`.
    tags_change_after_creation=True,
    # Linode's billing guide: by the hour, rounded up, to a cap a month.
    minimum_billed_seconds=3600,
    # Linode's billing guide: partial hours are rounded up.
    billed_by_seconds=3600,
    # The same guide: each service has a monthly cap.
    monthly_cap=True,
    architectures=(Arch.X86_64,),
    # GET /images has none.
    nixos_image=False,
)


class _Profile(Wire):
    username: str
    email: str
    restricted: bool = False

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Account:
        profile = cls.model_validate(raw)
        user = f"user {profile.username}"
        return Account(
            provider=reading.provider,
            identity=profile.email,
            active=True,
            detail=f"{user}, restricted" if profile.restricted else user,
        )


DIALECT = Dialect(
    name="linode",
    title="Linode",
    base_url="https://api.linode.com",
    token_variables=("LINODE_API_KEY", "LINODE_TOKEN"),
    auth_headers=bearer,
    capabilities=CAPABILITIES,
    # Linode's page of rate limits (2026-09-15); each kind is counted by itself.
    pacing=Pacing(
        RateHeaders("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
        windows=(Window(requests=1600, seconds=60.0),),
        lanes=(
            Lane("POST", "/v4/linode/instances", (Window(requests=20, seconds=15.0),)),
            Lane(
                "GET",
                "/v4/(linode/instances|linode/types|regions|regions/availability)",
                (Window(requests=200, seconds=60.0),),
            ),
        ),
    ),
    paging=PageNumber(pages=("pages",), size=500, size_name="page_size", total_at=("results",)),
    refusals=(
        Refusal(r"linode busy", Busy, hint="try again in a minute"),
        Refusal(r"label must be unique", ProviderError, hint="choose another --name"),
        Refusal(
            r"not authorized to use this endpoint|unrestricted user",
            PermissionMissing,
            hint="make a token with the scope linodes:read_write, as an unrestricted user",
        ),
        Refusal(
            r"no availability|sold out|out of stock|capacity"
            r"|(plan|type|region)\b.*\b(not available|unavailable)",
            OutOfStock,
            hint="try another region: capsule openmesh templates --live",
        ),
        Refusal(
            r"account limit|limit for the number of",
            QuotaExceeded,
            hint="end a server, or ask Linode to raise the limit",
        ),
    ),
    account=Single("/v4/profile", "", _Profile.read),
    regions=selling.REGIONS,
    offers=selling.OFFERS,
    servers=instances.SERVERS,
    power=instances.POWER,
    prices=selling.PRICES,
)
