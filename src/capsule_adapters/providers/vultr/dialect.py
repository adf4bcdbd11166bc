"""What sets Vultr apart, once for cloud instances and once for bare metal."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from capsule_adapters.providers.vultr.plans import (
    METAL_PLANS,
    METAL_PRICES,
    PLANS,
    PRICES,
    Plan,
    Stocks,
)
from capsule_adapters.providers.vultr.servers import (
    ID_PATTERN,
    BareMetal,
    Instance,
    SshKey,
    rent_bare_metal,
    rent_instance,
)
from capsule_adapters.rest.dialect import (
    Collection,
    Dialect,
    Joined,
    KeyRing,
    Power,
    PowerCall,
    ServerPoll,
    Servers,
    Single,
    bearer,
    tag_field,
)
from capsule_adapters.rest.pacing import Pacing, Window
from capsule_adapters.rest.paging import Cursor
from capsule_adapters.rest.refusals import Busy, Refusal
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.errors import CredentialsRefused, OutOfStock, QuotaExceeded
from capsule_domain.models.server import Account, Capabilities, UserDataForm
from capsule_domain.models.template import Arch, Offer, Region

CAPABILITIES = Capabilities(
    # "How Am I Billed for My Servers?", 2025-09-15: a stopped server is charged until destroyed.
    bills_when_stopped=True,
    # Not published. As much as other clouds take; Vultr may take more.
    user_data_form=UserDataForm.BASE64,
    user_data_max_bytes=64 * 1024,
    # API description: no idempotency key on any operation.
    idempotent_create=False,
    # Not published.
    settling_seconds=60.0,
    # Not published; the description's examples even have blanks. These surely fit.
    tag_pattern="[A-Za-z0-9:._-]{1,255}",
    # API description: PATCH /instances/{instance-id}, `tags`.
    tags_change_after_creation=True,
    # "How Am I Billed for My Servers?", 2025-09-15: the minimum billing unit is one hour.
    minimum_billed_seconds=3600,
    # "How Am I Billed for My Servers?": by the hour.
    billed_by_seconds=3600,
    # The same page: up to the monthly rate.
    monthly_cap=True,
    architectures=(Arch.X86_64,),
    # /os has none; an ISO of one's own is another matter.
    nixos_image=False,
)
_NEEDED_RIGHTS = ("subscriptions_view", "subscriptions", "provisioning")


class _Account(Wire):
    email: str
    acls: tuple[str, ...] = ()
    balance: Decimal | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Account:
        account = cls.model_validate(raw)
        lacking = [r for r in _NEEDED_RIGHTS if account.acls and r not in account.acls]
        rights = f"the key lacks the right {', '.join(lacking)}" if lacking else ""
        return Account(
            provider=reading.provider,
            identity=account.email,
            active=not lacking,
            detail=rights or account.money(),
        )

    def money(self) -> str:
        """What is owed is a positive balance, and a credit a negative one."""
        if self.balance is None:
            return ""
        owed = self.balance > 0
        return f"owes {self.balance} USD" if owed else f"credit of {-self.balance} USD"


class _Region(Wire):
    id: str
    city: str = ""
    country: str = ""

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Region]:
        region = cls.model_validate(raw)
        yield Region(
            provider=reading.provider, region=region.id, name=region.city, country=region.country
        )


def _listed(reading: Reading, plans: Iterable[Plan]) -> Iterator[Offer]:
    """Each plan where it is listed; VultrProvider.offers asks for the stock, too."""
    for plan in plans:
        unasked: Stocks = dict.fromkeys(filter(None, plan.locations))
        yield from plan.offers(reading, unasked, source=f"{reading.provider} plans")


def _power(kind: str, poll: ServerPoll | None) -> Power:
    """There is no gentle stop: a halt is a power cut, and a reboot a reset."""
    start, halt, reboot = (
        PowerCall(f"/{kind}/{{id}}/{verb}") for verb in ("start", "halt", "reboot")
    )
    return Power(start=start, stop=halt, restart=reboot, force_restart=reboot, poll=poll)


DIALECT = Dialect(
    name="vultr",
    title="Vultr",
    base_url="https://api.vultr.com/v2",
    token_variables=("VULTR_API_KEY",),
    auth_headers=bearer,
    capabilities=CAPABILITIES,
    # API description: 429 beyond 30 requests a second from one address. No header tells it.
    # One by one, since a second's worth at once meets the last second's stragglers there.
    pacing=Pacing(windows=(Window(requests=1, seconds=0.035),)),
    paging=Cursor(("meta", "links", "next"), size=500, total_at=("meta", "total")),
    refusals=(
        Refusal(
            r"\bnot available in the selected\b|sold out|out of stock",
            OutOfStock,
            hint="try another region: capsule openmesh templates --live",
        ),
        Refusal(
            r"maximum (monthly fee limit|number of)|request a limit increase",
            QuotaExceeded,
            hint="end a server, or ask Vultr to raise the limit",
        ),
        Refusal(r"currently locked|pending destruction", Busy, hint="try again in some minutes"),
        Refusal(
            "unauthorized ip address",
            CredentialsRefused,
            hint="allow this address under Access Control at my.vultr.com/settings/#settingsapi",
        ),
    ),
    account=Single("/account", "account", _Account.read),
    regions=Collection("/regions", "regions", _Region.read),
    offers=Joined((PLANS,), _listed),
    servers=Servers(
        every=Collection("/instances", "instances", Instance.read),
        # The filter by tag is deprecated, and bare metal has none: all of them are looked at.
        tagged=lambda _tag: ({},),
        path="/instances/{id}",
        item="instance",
        id_pattern=ID_PATTERN,
        name_pattern="[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?",
        create=rent_instance,
        # Ubuntu 24.04 LTS x64; there is no name for the newest.
        default_image="2284",
        retag=tag_field("PATCH", "/instances/{id}"),
    ),
    power=_power("instances", ServerPoll()),
    keys=KeyRing(
        Collection("/ssh-keys", "ssh_keys", SshKey.read),
        "ssh_key",
        "/ssh-keys/{id}",
        upload=lambda name, public_key: {"name": name, "ssh_key": public_key},
    ),
    prices=PRICES,
)

BARE_METAL = replace(
    DIALECT,
    offers=Joined((METAL_PLANS,), _listed),
    servers=replace(
        DIALECT.servers,
        every=Collection("/bare-metals", "bare_metals", BareMetal.read),
        path="/bare-metals/{id}",
        item="bare_metal",
        create=rent_bare_metal,
        retag=tag_field("PATCH", "/bare-metals/{id}"),
    ),
    # Nothing tells whether it is on: a request that is answered is a thing done.
    power=_power("bare-metals", None),
    prices=METAL_PRICES,
)
