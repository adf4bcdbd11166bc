"""What the rehearsal account holds beyond moto's memory, and what brings moto's back.

moto keeps nothing over the end of its process. So every request that made something is
written down, and asked again at the next start, with the same ids. What became of an
instance since is in its `Rental`.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from secrets import randbelow
from typing import Any

from capsule_adapters.sandbox import account_file

CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
"""AWS's words for what an instance is at, and their numbers."""


@dataclass
class Rental:
    """An instance. Times are Unix seconds; `user_data` is kept only until it has booted.

    `due_at`: when it leaves a state that is a way to another.
    """

    id: str
    region: str
    slug: str
    name: str
    public_keys: list[str]
    user_data: str
    created_at: float
    launched_at: float
    due_at: float
    state: str = "pending"
    address: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether it ended, or is ending."""
        return self.state in ("shutting-down", "terminated")


@dataclass
class Deed:
    """A request that made something, when, and the `ids` of what it must make again."""

    number: int
    at: float
    region: str
    operation: str
    parameters: dict[str, str]
    ids: list[str] = field(default_factory=list)


@dataclass
class Promise:
    """What a ClientToken stands for: these instances, for a request with that digest."""

    digest: str
    region: str
    ids: list[str]


@dataclass
class State:
    """One account."""

    account_id: str = field(default_factory=lambda: f"{100_000_000_000 + randbelow(8 * 10**11)}")
    rentals: dict[str, Rental] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)
    promises: dict[str, Promise] = field(default_factory=dict)
    next_number: int = 1

    def living(self, region: str | None = None) -> list[Rental]:
        """What has not ended."""
        return [r for r in self.rentals.values() if not r.is_over and region in (None, r.region)]

    def new_number(self) -> int:
        """A number for a deed, which no other has."""
        self.next_number += 1
        return self.next_number - 1

    def save(self, file: Path) -> None:
        """Raises OSError."""
        account_file.keep(
            file,
            {
                "account_id": self.account_id,
                "rentals": [asdict(rental) for rental in self.rentals.values()],
                "deeds": [asdict(deed) for deed in self.deeds],
                "promises": {token: asdict(promise) for token, promise in self.promises.items()},
                "next_number": self.next_number,
            },
        )

    @classmethod
    def load(cls, file: Path) -> "State":
        """What was saved, or an empty account. Raises OSError, and ValueError for junk."""
        raw: Any = account_file.kept(file)
        if raw is None:
            return cls()
        try:
            return cls(
                account_id=str(raw["account_id"]),
                rentals={r["id"]: Rental(**r) for r in raw["rentals"]},
                deeds=[Deed(**deed) for deed in raw["deeds"]],
                promises={token: Promise(**made) for token, made in raw["promises"].items()},
                next_number=int(raw["next_number"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{file} does not hold a rehearsal account") from error
