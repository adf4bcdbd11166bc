"""What the rehearsal account holds, in memory and in a file."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from capsule_adapters.sandbox.account_file import keep, kept

_FIRST_ID = 70_000_001


@dataclass
class Linode:
    """A Linode. Times are Unix seconds; `user_data` is kept only until it has booted.

    `job`: what is being done to it, seen in its status from `job_shows_at` and done at
    `job_due_at`. Until `busy_until` nothing else may be asked of it.
    """

    id: int
    name: str
    region: str
    type: str
    image: str
    tags: list[str]
    public_keys: list[str]
    user_data: str
    has_user_data: bool
    private_ip: bool
    created_at: float
    running_at: float
    status: str = "provisioning"
    address: str | None = None
    job: str | None = None
    job_shows_at: float = 0.0
    job_due_at: float = 0.0
    busy_until: float = 0.0

    @property
    def is_new(self) -> bool:
        """Whether it never ran."""
        return self.status in ("provisioning", "booting") and self.job is None


@dataclass
class Key:
    """An SSH key of the account's user."""

    id: int
    label: str
    ssh_key: str
    created_at: float


@dataclass
class State:
    """One account."""

    linodes: dict[int, Linode] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    next_id: int = _FIRST_ID

    def new_id(self) -> int:
        """An id that nothing had before."""
        self.next_id += 1
        return self.next_id - 1

    def save(self, file: Path) -> None:
        """Write it all or not at all, for the owner's eyes only. Raises OSError."""
        account = {
            "linodes": [asdict(linode) for linode in self.linodes.values()],
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
                linodes={linode["id"]: Linode(**linode) for linode in raw["linodes"]},
                keys={key["id"]: Key(**key) for key in raw["keys"]},
                next_id=int(raw["next_id"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{file} does not hold a rehearsal account") from error
