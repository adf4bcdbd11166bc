"""What the rehearsal account holds, in memory and in a file."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from capsule_adapters.sandbox.account_file import keep, kept

_FIRST_ID = 30_000_001

Kind = Literal["metal", "vps"]


@dataclass
class Device:
    """A device. Times are Unix seconds; `power` is PENDING until `power_at`."""

    id: int
    kind: Kind
    hostname: str
    product: int
    location: str
    system: str
    period: str
    tags: list[str]
    key_id: int
    public_keys: list[str]
    user_data: str
    order_id: int
    ordered_at: float
    done_at: float
    """Until then there is only an order."""
    installed_at: float
    power: str = "ON"
    power_at: float = 0.0
    address: str | None = None
    cancelled: bool = False
    ends_at: float | None = None
    """When a cancelled one is gone; None for a term that goes on."""

    @property
    def name(self) -> str:
        """What the machine calls itself."""
        return self.hostname.partition(".")[0]


@dataclass
class Order:
    """An order is for ever. `status`: provisioning, complete or cancelled."""

    id: int
    status: str = "provisioning"


@dataclass
class Key:
    """An SSH key. The cloud shows no fingerprint, and takes the same key twice."""

    id: int
    name: str
    public_key: str


@dataclass
class State:
    """One account."""

    devices: dict[int, Device] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    next_id: int = _FIRST_ID

    def new_id(self) -> int:
        """A number that nothing had before."""
        self.next_id += 1
        return self.next_id - 1

    def save(self, file: Path) -> None:
        """Write it all or not at all, for the owner's eyes only. Raises OSError."""
        account = {
            "devices": [asdict(device) for device in self.devices.values()],
            "orders": [asdict(order) for order in self.orders.values()],
            "keys": [asdict(key) for key in self.keys.values()],
            "next_id": self.next_id,
        }
        keep(file, account)

    @classmethod
    def load(cls, file: Path) -> "State":
        """What was saved, or an empty account. Raises OSError, and ValueError for junk."""
        raw: Any = kept(file)
        if raw is None:
            return cls()
        try:
            return cls(
                devices={device["id"]: Device(**device) for device in raw["devices"]},
                orders={order["id"]: Order(**order) for order in raw["orders"]},
                keys={key["id"]: Key(**key) for key in raw["keys"]},
                next_id=int(raw["next_id"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{file} does not hold a rehearsal account") from error
