"""What the rehearsal account holds, in memory and in a file."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal
from uuid import uuid4

from capsule_adapters.sandbox import account_file

Kind = Literal["instance", "bare_metal"]


@dataclass
class Rental:
    """An instance or a bare metal server. Times are Unix seconds.

    `user_data` is text, and kept only until it has booted. `locked_until`: until then
    something is done to it.
    """

    id: str
    kind: Kind
    label: str
    hostname: str
    region: str
    plan: str
    os_id: int
    tags: list[str]
    public_keys: list[str]
    user_data: str
    created_at: float
    active_at: float
    locked_until: float
    ipv6: bool = False
    status: str = "pending"
    power: str = "running"
    becomes: str | None = None
    """What `power` will be once it is no longer locked."""
    address: str | None = None

    @property
    def name(self) -> str:
        """What the machine calls itself."""
        return self.hostname or self.label or "guest"


@dataclass
class Key:
    """An SSH key. The cloud shows no fingerprint, and takes the same key twice."""

    id: str
    name: str
    public_key: str
    created_at: float


@dataclass
class State:
    """One account."""

    rentals: dict[str, Rental] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)

    def of(self, kind: Kind) -> list[Rental]:
        """Those of one kind, newest first."""
        return [rental for rental in reversed(self.rentals.values()) if rental.kind == kind]

    def save(self, file: Path) -> None:
        """Raises OSError."""
        rentals = [asdict(rental) for rental in self.rentals.values()]
        account_file.keep(
            file, {"rentals": rentals, "keys": [asdict(key) for key in self.keys.values()]}
        )

    @classmethod
    def load(cls, file: Path) -> "State":
        """What was saved, or an empty account. Raises OSError, and ValueError for junk."""
        raw = account_file.kept(file)
        if raw is None:
            return cls()
        try:
            return cls(
                rentals={r["id"]: Rental(**r) for r in raw["rentals"]},
                keys={k["id"]: Key(**k) for k in raw["keys"]},
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{file} does not hold a rehearsal account") from error


def new_id() -> str:
    """An id that nothing had before."""
    return str(uuid4())
