"""xNodes: servers under Capsule's care."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field, JsonValue

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.money import Money
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.server import ServerStatus


class FirstContact(StrEnum):
    """How the host key of an xNode came to be the one that we trust.

    REPLACED: the one that we sent was met, and gave way to one made on the machine, which
    nobody else has seen. LEARNT: the one that it showed first, which nobody vouched for.
    """

    REPLACED = "replaced"
    LEARNT = "learnt"


class XNode(Model):
    """A server under Capsule's care, as the inventory keeps it.

    Prices are those of the moment it was rented. `address` is None until the cloud
    gave one. `terminated_at` is set when Capsule, or the cloud, ended it.
    """

    id: str
    name: str
    provider: str
    server_id: str
    region: str
    template: str
    status: ServerStatus
    address: str | None = None
    ssh_user: str = "root"
    ssh_port: int = Field(default=22, ge=1, le=65535)
    ssh_key: str | None = None
    """Path of the private key that opens it; None leaves the choice to the SSH agent."""
    price_per_hour: Money
    price_per_month: Money
    os: OperatingSystem = OperatingSystem.STOCK
    profile: str | None = None
    tags: tuple[str, ...] = ()
    created_at: Moment
    expires_at: Moment | None = None
    terminated_at: Moment | None = None
    protected: bool = False
    first_contact: FirstContact | None = None
    """None until it was entered, and for those from before this was kept."""
    generation: int | None = None
    deployment: str | None = None


class XNodeFilter(Model):
    """Which xNodes: all that match everything that is set. `tags`: each must be there."""

    status: ServerStatus | None = None
    region: str | None = None
    provider: str | None = None
    tags: tuple[str, ...] = ()
    currency: str | None = None
    include_gone: bool = False


class XNodeOrder(StrEnum):
    """What stands first in a list of xNodes. DEAREST compares amounts, whatever the currency."""

    NAME = "name"
    DEAREST = "dearest"
    OLDEST = "oldest"


class ChangeKind(StrEnum):
    """What happened to an xNode in the inventory."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field as JSON, before and after; None where there was none.

    Not a model: an import of a million xNodes makes twenty million of these.
    """

    before: JsonValue = None
    after: JsonValue = None


class XNodeChange(Model):
    """One change in the inventory: when, by whom, of which xNode, and what.

    `xnode` is the id. `fields` of one added or removed are all that it has.
    """

    time: Moment
    actor: str
    """Whose doing it was, such as `anna@laptop`."""
    kind: ChangeKind
    xnode: str
    name: str
    fields: dict[str, FieldChange] = Field(default_factory=dict)


def change_between(
    before: XNode | None, after: XNode | None, *, time: Moment, actor: str
) -> XNodeChange | None:
    """What changed from `before` to `after`, of which one may be None; None when nothing did."""
    old = {} if before is None else before.model_dump(mode="json", exclude_none=True)
    new = {} if after is None else after.model_dump(mode="json", exclude_none=True)
    fields = {
        name: FieldChange(before=old.get(name), after=new.get(name))
        for name in XNode.model_fields
        if old.get(name) != new.get(name)
    }
    one = after or before
    if one is None or not fields:
        return None
    kind = ChangeKind.ADDED if before is None else ChangeKind.CHANGED
    return XNodeChange(
        time=time,
        actor=actor,
        kind=ChangeKind.REMOVED if after is None else kind,
        xnode=one.id,
        name=one.name,
        fields=fields,
    )
