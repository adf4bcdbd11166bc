"""What the rehearsal account holds, in memory and in a file."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from capsule_adapters.sandbox import account_file

_FIRST_ID = 500_000_001


@dataclass
class Droplet:
    """A droplet. Times are Unix seconds; `user_data` is kept only until it has booted."""

    id: int
    name: str
    region: str
    size: str
    image: int
    tags: list[str]
    public_keys: list[str]
    user_data: str
    created_at: float
    active_at: float
    status: str = "new"
    address: str | None = None


@dataclass
class Key:
    """An SSH key. `fingerprint` is MD5 with colons."""

    id: int
    name: str
    public_key: str
    fingerprint: str


@dataclass
class Action:
    """Something done to a droplet, done at `due_at` at the earliest."""

    id: int
    droplet_id: int
    region: str
    type: str
    started_at: float
    due_at: float
    status: str = "in-progress"
    completed_at: float | None = None
    argument: str = ""


@dataclass
class State:
    """One account."""

    droplets: dict[int, Droplet] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    actions: dict[int, Action] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    next_id: int = _FIRST_ID

    def new_id(self) -> int:
        """An id that nothing had before."""
        self.next_id += 1
        return self.next_id - 1

    def action_on(self, droplet_id: int) -> Action | None:
        """The action that locks a droplet."""
        running = (a for a in self.actions.values() if a.status == "in-progress")
        return next((a for a in running if a.droplet_id == droplet_id), None)

    def save(self, file: Path) -> None:
        """Raises OSError."""
        account_file.keep(
            file,
            {
                "droplets": [asdict(d) for d in self.droplets.values()],
                "keys": [asdict(k) for k in self.keys.values()],
                "actions": [asdict(a) for a in self.actions.values()],
                "tags": self.tags,
                "next_id": self.next_id,
            },
        )

    @classmethod
    def load(cls, file: Path) -> "State":
        """What was saved, or an empty account. Raises OSError, and ValueError for junk."""
        raw = account_file.kept(file)
        if raw is None:
            return cls()
        try:
            return cls(
                droplets={d["id"]: Droplet(**d) for d in raw["droplets"]},
                keys={k["id"]: Key(**k) for k in raw["keys"]},
                actions={a["id"]: Action(**a) for a in raw["actions"]},
                tags=list(raw["tags"]),
                next_id=int(raw["next_id"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{file} does not hold a rehearsal account") from error
