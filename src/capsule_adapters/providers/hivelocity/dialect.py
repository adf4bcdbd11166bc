"""What sets Hivelocity apart, once for bare metal and once for VPS."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from capsule_adapters.providers.hivelocity.devices import Device, SshKey, rent
from capsule_adapters.providers.hivelocity.products import OFFERS
from capsule_adapters.rest.dialect import (
    Collection,
    Dialect,
    KeyRing,
    Power,
    PowerCall,
    ServerPoll,
    Servers,
    Single,
    tag_field,
)
from capsule_adapters.rest.pacing import Pacing, RateHeaders
from capsule_adapters.rest.paging import Unpaged
from capsule_adapters.rest.refusals import Refusal
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.errors import OutOfStock, PermissionMissing, ProviderError, QuotaExceeded
from capsule_domain.models.server import Account, Capabilities, UserDataForm
from capsule_domain.models.template import Arch, Region

CAPABILITIES = Capabilities(
    # API description: a device is the account's until it is cancelled (DELETE); no word of a
    # rebate for one that is off.
    bills_when_stopped=True,
    # API description, `script`: the text itself. "User Data" in Hivelocity's guide names no
    # limit: as much as other clouds take.
    user_data_form=UserDataForm.PLAIN,
    user_data_max_bytes=64 * 1024,
    # API description: no idempotency key on any operation.
    idempotent_create=False,
    # Hivelocity's own Terraform provider waits an hour for a device that was ordered, and says
    # that it is in no answer until its order is done.
    settling_seconds=3600.0,
    # Not published. Hivelocity's Cluster API provider uses `a:b=c`; these surely fit.
    tag_pattern="[A-Za-z0-9:._-]{1,64}",
    # API description: PUT /device/{deviceId}/tags.
    tags_change_after_creation=True,
    # API description: `period` hourly. That a part of an hour counts whole is not published;
    # it is the caution.
    minimum_billed_seconds=3600,
    billed_by_seconds=3600,
    # Not published, and the monthly price is that of another `period`.
    monthly_cap=False,
    architectures=(Arch.X86_64,),
    # No product's operating systems have it; iPXE with a script of one's own is another matter.
    nixos_image=False,
)


class AlreadySo(ProviderError):
    """The power is as it was asked for."""


class AlreadyEnding(ProviderError):
    """It was cancelled before."""


class _Profile(Wire):
    email: str
    login: str | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Account:
        profile = cls.model_validate(raw)
        return Account(
            provider=reading.provider,
            identity=profile.email,
            active=True,
            detail=f"login {profile.login}" if profile.login else "",
        )


class _City(Wire):
    city: str | None = None
    country: str | None = None


class _Location(Wire):
    code: str
    title: str | None = None
    location: _City | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Region]:
        place = cls.model_validate(raw)
        where = place.location or _City()
        yield Region(
            provider=reading.provider,
            region=place.code,
            name=where.city or place.title or "",
            country=(where.country or "").upper(),
        )


def _power(action: str) -> PowerCall:
    return PowerCall("/device/{id}/power", query={"action": action})


def _key(token: SecretStr) -> dict[str, SecretStr]:
    return {"x-api-key": token}


# The slashes at the ends are the description's: without them it answers with a redirect.
DIALECT = Dialect(
    name="hivelocity",
    title="Hivelocity",
    base_url="https://core.hivelocity.net/api/v2",
    token_variables=("HIVELOCITY_API_KEY",),
    auth_headers=_key,
    capabilities=CAPABILITIES,
    # "API Rate Limiting" in Hivelocity's guide: 3600 an hour from one address; the reset is
    # in seconds left.
    pacing=Pacing(
        RateHeaders(
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
            reset_is="seconds",
        )
    ),
    paging=Unpaged(),
    refusals=(
        # Seen by Hivelocity's Cluster API provider when a device is off already.
        Refusal(r"while (the )?(server|device) is powered|already powered", AlreadySo),
        Refusal(r"already being cancel", AlreadyEnding),
        Refusal(
            r"not been granted permission",
            PermissionMissing,
            hint="ask whoever owns the account for the right, in the myVelocity portal",
        ),
        Refusal(
            r"access to deployment not allowed",
            PermissionMissing,
            hint="is it a server of another account?",
        ),
        Refusal(
            r"out of stock|sold out|no (devices|servers|stock)\b|insufficient (stock|inventory)"
            r"|\b(product|device|server|stock)\b.*\b(not |un)available\b",
            OutOfStock,
            hint="try another region: capsule openmesh templates --live",
        ),
        Refusal(
            r"\b(limit|quota)\b.*\b(reached|exceeded)|maximum number",
            QuotaExceeded,
            hint="end a server, or ask Hivelocity to raise the limit",
        ),
    ),
    account=Single("/profile/basic", "", _Profile.read),
    regions=Collection("/inventory/locations", "", _Location.read),
    offers=OFFERS,
    servers=Servers(
        every=Collection("/bare-metal-devices/", "", Device.read),
        # There is no filter: all of them are looked at.
        tagged=lambda _tag: ({},),
        path="/bare-metal-devices/{id}",
        item="",
        id_pattern="[1-9][0-9]{0,18}",
        name_pattern="[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
        create=rent,
        # What each product calls it is asked before.
        default_image="Ubuntu 24.04",
        retag=tag_field("PUT", "/device/{id}/tags"),
    ),
    # There is no harder restart than this one.
    power=Power(
        start=_power("boot"),
        stop=_power("shutdown"),
        restart=_power("reboot"),
        force_restart=_power("reboot"),
        poll=ServerPoll(),
    ),
    keys=KeyRing(
        Collection("/ssh_key/", "", SshKey.read),
        "",
        "/ssh_key/{id}",
        upload=lambda name, public_key: {"name": name, "publicKey": public_key},
    ),
)

COMPUTE = replace(
    DIALECT,
    servers=replace(
        DIALECT.servers,
        every=Collection("/compute/", "", Device.read),
        path="/compute/{id}",
        default_image="Ubuntu 24.04 (VPS)",
    ),
)
