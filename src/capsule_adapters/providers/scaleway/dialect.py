"""What sets Scaleway apart, once for each zone: zones are in the paths."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from capsule_adapters.providers.scaleway.capabilities import CAPABILITIES, NAME, UUID_PATTERN
from capsule_adapters.providers.scaleway.instances import SshKey, rent, servers_in
from capsule_adapters.providers.scaleway.places import HOME, ZONES
from capsule_adapters.providers.scaleway.products import (
    Availability,
    Product,
    offers_in,
    prices_in,
)
from capsule_adapters.providers.scaleway.projects import Project
from capsule_adapters.providers.scaleway.volumes import BLOCK, LOCAL, loose_in
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
    tag_field,
)
from capsule_adapters.rest.pacing import Pacing
from capsule_adapters.rest.paging import ItemCount
from capsule_adapters.rest.refusals import Busy, Refusal
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.errors import (
    AccountLocked,
    OutOfStock,
    PermissionMissing,
    ProviderError,
    QuotaExceeded,
)
from capsule_domain.models.leftover import Leftover
from capsule_domain.models.server import Account
from capsule_domain.models.template import Offer, Region

LARGEST_PAGE = 100
_NEEDED_RIGHTS = (
    "InstancesFullAccess, BlockStorageFullAccess, SSHKeysFullAccess and ProjectReadOnly"
)

# The first word of each is the type of the cloud's error.
REFUSALS = (
    Refusal(
        r"\bout_of_stock\b|out of stock",
        OutOfStock,
        hint="try another region: capsule openmesh templates --live",
    ),
    Refusal(
        # The older form says it in words alone.
        r"\bquotas?_exceeded\b|quota exceeded",
        QuotaExceeded,
        hint="end a server, or ask Scaleway to raise the quota",
    ),
    Refusal(r"\btransient_state\b|still_in_use", Busy, hint="try again in a minute"),
    Refusal(
        # Which words a locked organization is refused with is published nowhere.
        r"(organization|account|project)\b.*\b(locked|suspended)",
        AccountLocked,
        hint="see the organization's state at console.scaleway.com",
    ),
    Refusal(
        r"\bresource_locked\b",
        ProviderError,
        hint="Scaleway has locked it: ask its support",
    ),
    Refusal(
        r"\bpermissions_denied\b|\bauthorization_required\b",
        PermissionMissing,
        hint=f"give the key a policy with {_NEEDED_RIGHTS}",
    ),
)


def auth_headers(token: SecretStr) -> Mapping[str, SecretStr]:
    """The secret half of a key alone."""
    return {"x-auth-token": token}


class _Dashboard(Wire):
    servers_count: int = 0


class LocalImage(Wire):
    """An image of one label, for one architecture in one zone."""

    id: str
    arch: str
    compatible_commercial_types: tuple[str, ...] = ()

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["LocalImage"]:
        yield cls.model_validate(raw)


def projects(size: int) -> Collection[Project]:
    """Those that the key reaches."""
    return Collection("/account/v3/projects", "projects", Project.read, paging=_in_body(size))


def images(zone: str, label: str, product: Product, size: int) -> Collection[LocalImage]:
    """Those of a label that may fit a type."""
    query = {"image_label": label, "zone": zone, "arch": product.arch, "type": product.image_type}
    path = "/marketplace/v2/local-images"
    return Collection(path, "local_images", LocalImage.read, (query,), paging=_in_body(size))


def keys(project_id: str, size: int) -> KeyRing:
    """The keys of a project."""
    return KeyRing(
        Collection(
            "/iam/v1alpha1/ssh-keys",
            "ssh_keys",
            SshKey.read,
            ({"project_id": project_id},),
            paging=_in_body(size),
        ),
        "",
        "/iam/v1alpha1/ssh-keys/{id}",
        upload=lambda name, public_key: {
            "name": name,
            "public_key": public_key,
            "project_id": project_id,
        },
    )


def loose_volumes(zone: str, size: int) -> tuple[Collection[Leftover], ...]:
    """Those of ours that no server has: two APIs keep volumes."""
    block = f"/block/v1/zones/{zone}/volumes"
    return (
        Collection(block, "volumes", loose_in(zone, BLOCK), paging=_in_body(size)),
        Collection(_at(zone, "volumes"), "volumes", loose_in(zone, LOCAL)),
    )


def products(zone: str) -> Collection[Product]:
    """The types of a zone, sold or not."""
    return Collection(_at(zone, "products/servers"), "servers", Product.read, keyed=True)


def in_zone(zone: str, size: int) -> Dialect:
    """One zone. `size`: how many items a page has."""
    servers, place = _at(zone, "servers"), ZONES[zone]
    action = f"{servers}/{{id}}/action"
    reboot = PowerCall(action, {"action": "reboot"})
    return Dialect(
        name=NAME,
        title="Scaleway",
        base_url="https://api.scaleway.com",
        token_variables=("SCALEWAY_API_KEY", "SCW_SECRET_KEY"),
        auth_headers=auth_headers,
        capabilities=CAPABILITIES,
        # No limit is published, and no header tells one.
        pacing=Pacing(),
        paging=ItemCount(size, size_name="per_page", header="x-total-count"),
        refusals=REFUSALS,
        account=_dashboard(zone),
        regions=(Region(provider=NAME, region=zone, name=place.name, country=place.country),),
        offers=_offers(zone),
        servers=Servers(
            every=Collection(servers, "servers", servers_in(zone)),
            tagged=lambda tag: ({"tags": tag},),
            path=f"{servers}/{{id}}",
            item="server",
            id_pattern=UUID_PATTERN,
            name_pattern="[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?",
            create=rent,
            # A label: the newest image that has it.
            default_image="ubuntu_noble",
            retag=tag_field("PATCH", f"{servers}/{{id}}"),
        ),
        power=Power(
            start=PowerCall(action, {"action": "poweron"}),
            # `stop_in_place` would be billed on.
            stop=PowerCall(action, {"action": "poweroff"}),
            # There is no harder restart than this one.
            restart=reboot,
            force_restart=reboot,
            poll=ServerPoll(),
        ),
        prices=Collection(_at(zone, "products/servers"), "servers", prices_in(zone), keyed=True),
    )


def _offers(zone: str) -> Joined[Offer]:
    stock = _at(zone, "products/servers/availability")
    return Joined(
        (products(zone), Collection(stock, "servers", Availability.read, keyed=True)),
        offers_in(zone, f"{NAME} {_at(zone, 'products/servers')}"),
    )


def _dashboard(zone: str) -> Single[Account]:
    """Whether the key may ask for servers at all, and how many there are."""

    def read(raw: Any, reading: Reading) -> Account:
        count = _Dashboard.model_validate(raw).servers_count
        told = f"{count} server{'s' if count != 1 else ''} in {zone}"
        return Account(provider=reading.provider, identity="", active=True, detail=told)

    return Single(_at(zone, "dashboard"), "dashboard", read)


def _at(zone: str, what: str) -> str:
    return f"/instance/v1/zones/{zone}/{what}"


def _in_body(size: int) -> ItemCount:
    """All but the Instance API count there."""
    return ItemCount(size, size_name="page_size", total_at=("total_count",))


DIALECT = in_zone(HOME, LARGEST_PAGE)
