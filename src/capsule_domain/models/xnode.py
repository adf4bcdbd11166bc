"""xNodes: servers under Capsule's care."""

from pydantic import Field

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus


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
    profile: str | None = None
    tags: tuple[str, ...] = ()
    created_at: Moment
    expires_at: Moment | None = None
    terminated_at: Moment | None = None
    protected: bool = False
    generation: int | None = None
    deployment: str | None = None


class XNodeFilter(Model):
    """Which xNodes: all that match everything that is set. `tags`: each must be there."""

    status: ServerStatus | None = None
    region: str | None = None
    provider: str | None = None
    tags: tuple[str, ...] = ()
    include_gone: bool = False
