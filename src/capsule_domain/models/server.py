"""What a cloud rents, in our words, and what the cloud can do."""

from enum import StrEnum

from pydantic import Field, SecretStr

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.money import Money
from capsule_domain.models.template import Arch


class ServerStatus(StrEnum):
    """The state of a server or xNode. A cloud's word that we do not know is UNKNOWN."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPED = "stopped"
    RESTARTING = "restarting"
    UNKNOWN = "unknown"
    GONE = "gone"


class Server(Model):
    """A server as its cloud shows it. `address` is a public IP address, once there is one."""

    provider: str
    server_id: str
    name: str
    status: ServerStatus
    region: str
    slug: str
    address: str | None = None
    tags: tuple[str, ...] = ()
    created_at: Moment | None = None
    price_per_hour: Money | None = None


class ServerRequest(Model):
    """What to rent. `user_data` may hold a private host key, so it is a secret."""

    name: str
    region: str
    slug: str
    image: str | None = None
    """The cloud's image id; None takes the cloud's newest Ubuntu 24.04."""
    ssh_public_key: str
    """One line in OpenSSH's form. Found again by its fingerprint, never uploaded twice."""
    user_data: SecretStr = SecretStr("")
    tags: tuple[str, ...] = ()


class Account(Model):
    """Whose credentials these are. `server_limit` is the cloud's quota, if it says one."""

    provider: str
    identity: str
    active: bool
    detail: str = ""
    server_limit: int | None = None


class UserDataForm(StrEnum):
    """How cloud-init's text travels: as it is, as base64, or in a request of its own."""

    PLAIN = "plain"
    BASE64 = "base64"
    SEPARATE = "separate"


class Capabilities(Model):
    """What a cloud can do, as data. Every figure has its source in the adapter."""

    bills_when_stopped: bool
    """Whether a stopped server costs what a running one does."""
    stopped_costs: str = ""
    """What else a stopped one costs where it costs less, such as `disk and IP address`."""
    address_per_hour: Money | None = None
    """What the public IPv4 address of one that runs costs beside the price, where that is known."""
    not_counted: str = ""
    """What is billed beside the price at a price that is not known here, such as `disk`."""
    user_data_form: UserDataForm
    user_data_max_bytes: int = Field(ge=0)
    idempotent_create: bool
    settling_seconds: float = Field(ge=0)
    """How long a new server may be missing from lists: absence is believed only after it."""
    tag_pattern: str
    """A regular expression that a whole tag must match."""
    name_pattern: str = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    """The same for a server's name; every cloud takes that of the default unless it says so."""
    tags_change_after_creation: bool
    billed_by_seconds: int = Field(gt=0)
    """What a bill is rounded up to: 1, or 3600 for whole hours."""
    minimum_billed_seconds: int = Field(ge=0)
    monthly_cap: bool
    """Whether a month costs `price_per_month` at most, however many hours it has."""
    architectures: tuple[Arch, ...]
    nixos_image: bool
    """Whether the cloud has an image of NixOS of its own, or one by NixOS itself."""
    currency: str = "USD"
