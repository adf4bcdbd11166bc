"""What the rehearsal account holds, in memory and in a file."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from capsule_adapters.sandbox.account_file import keep, kept

HOME_PROJECT = "6a1bd5b8-6a3c-4a52-a4a8-4a6d7c1f0e11"
"""The project that every rehearsal account begins with."""


@dataclass
class Device:
    """A device. Times are Unix seconds; `user_data` is kept only until it is active.

    `becomes`: the state that is reached at `due_at`.
    """

    id: str
    project: str
    name: str
    metro: str
    plan: str
    operating_system: str
    billing_cycle: str
    tags: list[str]
    public_keys: list[str]
    key_ids: list[str]
    user_data: str
    created_at: float
    state: str = "queued"
    address: str | None = None
    locked: bool = False
    becomes: str | None = "active"
    due_at: float = 0.0

    @property
    def is_new(self) -> bool:
        """Whether it was never active."""
        return self.state in ("queued", "provisioning")


@dataclass
class Key:
    """An SSH key: of a project, or of a member where `project` is None."""

    id: str
    project: str | None
    label: str
    text: str
    fingerprint: str
    created_at: float


@dataclass
class State:
    """One account."""

    devices: dict[str, Device] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=lambda: {HOME_PROJECT: "Rehearsal"})
    """Names by id."""
    taken: set[str] = field(default_factory=set)
    """Devices that failed, and that the cloud took to itself."""

    def save(self, file: Path) -> None:
        """Write it all or not at all, for the owner's eyes only. Raises OSError."""
        account = {
            "devices": [asdict(device) for device in self.devices.values()],
            "keys": [asdict(key) for key in self.keys.values()],
            "projects": self.projects,
            "taken": sorted(self.taken),
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
                keys={key["id"]: Key(**key) for key in raw["keys"]},
                projects=dict(raw["projects"]),
                taken=set(raw["taken"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file} does not hold a rehearsal account") from error


def new_id() -> str:
    """A UUID."""
    return str(uuid4())
