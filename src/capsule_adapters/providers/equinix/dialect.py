"""What sets Equinix Metal apart."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from pydantic import SecretStr

from capsule_adapters.providers.equinix.devices import KEYS, POWER, PROJECT, SERVERS
from capsule_adapters.providers.equinix.plans import OFFERS, REGIONS
from capsule_adapters.rest.dialect import Collection, Dialect, Single
from capsule_adapters.rest.pacing import Pacing
from capsule_adapters.rest.paging import NextLink
from capsule_adapters.rest.refusals import Busy, Refusal
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.errors import AccountLocked, OutOfStock, ProviderError, QuotaExceeded
from capsule_domain.models.server import Account, Capabilities, UserDataForm
from capsule_domain.models.template import Arch

T = TypeVar("T")

ENDED = date(2026, 6, 30)
"""The day on which the service was switched off, announced in November 2024."""
PROJECT_VARIABLE = "EQUINIX_PROJECT_ID"

CAPABILITIES = Capabilities(
    # The states in its description: `inactive` is off, and billed until it is deleted.
    bills_when_stopped=True,
    # API description, device create, `userdata`: plain text.
    user_data_form=UserDataForm.PLAIN,
    # No limit is published (unsourced): what the other clouds take.
    user_data_max_bytes=64 * 1024,
    # API description: no idempotency key; one hostname may be on many devices of a project.
    idempotent_create=False,
    # No figure is published (unsourced); the same caution as elsewhere.
    settling_seconds=60.0,
    # API description: a list of text, and no more is published (unsourced): a cautious choice.
    tag_pattern="[A-Za-z0-9:_.-]{1,80}",
    # API description: PUT /devices/{id} takes `tags`.
    tags_change_after_creation=True,
    # API description, `billing_cycle`: by the hour at the least. That a part of an hour
    # counts as a whole one is published nowhere any more (unsourced).
    minimum_billed_seconds=3600,
    billed_by_seconds=3600,
    # API description: a month at a price of its own is another `billing_cycle`.
    monthly_cap=False,
    # Its plans c3.large.arm64 and c1.large.arm.
    architectures=(Arch.X86_64, Arch.AARCH64),
    # GET /operating-systems had slugs nixos_*.
    nixos_image=True,
)


class User(Wire):
    """Whose key it is."""

    email: str
    full_name: str = ""
    default_project_id: str | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Account:
        user = cls.model_validate(raw)
        return Account(provider=reading.provider, identity=user.email, active=True)


def _token(token: SecretStr) -> Mapping[str, SecretStr]:
    return {"x-auth-token": token}


DIALECT = Dialect(
    name="equinix",
    title="Equinix Metal",
    base_url="https://api.equinix.com/metal/v1",
    token_variables=("EQUINIX_API_KEY",),
    auth_headers=_token,
    capabilities=CAPABILITIES,
    # Neither a limit nor a header that tells one is published: it is believed when it says 429.
    pacing=Pacing(),
    # Ten a page unless more are asked for.
    paging=NextLink(
        link=("meta", "next", "href"),
        take=("page", "per_page"),
        size=100,
        total_at=("meta", "total"),
    ),
    refusals=(
        Refusal(
            r"(account|user|organization)\b.*\b(locked|suspended|disabled)",
            AccountLocked,
            hint="settle it with Equinix",
        ),
        Refusal(
            r"\block(ed)?\b", ProviderError, hint="unlock the device at Equinix Metal, then again"
        ),
        Refusal(r"\bmust be (active|inactive)\b", Busy, hint="try again in a minute"),
        Refusal(
            r"no provisionable|(not enough|insufficient) capacity|out of (stock|capacity)",
            OutOfStock,
            hint="try another region: capsule openmesh templates --live",
        ),
        Refusal(
            r"(devices?|servers?|instances?)\b.*\blimit|limit\b.*\b(devices?|servers?)|max_devices",
            QuotaExceeded,
            hint="end a server, or ask Equinix to raise the limit",
        ),
    ),
    account=Single("/user", "", User.read),
    regions=REGIONS,
    offers=OFFERS,
    servers=SERVERS,
    power=POWER,
    keys=KEYS,
)


def in_project(project_id: str) -> Dialect:
    """The dialect for what belongs to one project: its devices and its keys."""
    return replace(
        DIALECT,
        servers=replace(SERVERS, every=_of(SERVERS.every, project_id)),
        keys=replace(KEYS, ring=_of(KEYS.ring, project_id)),
    )


def _of(collection: Collection[T], project_id: str) -> Collection[T]:
    return replace(collection, path=collection.path.replace(PROJECT, project_id))
