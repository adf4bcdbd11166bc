"""What the rehearsal account holds, in memory and in a file."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from capsule_adapters.sandbox import account_file

CLOUD_INIT = "cloud-init"
"""The key of the user data that the first boot reads."""


@dataclass
class Server:
    """An Instance. Times are Unix seconds.

    `texts` are its user data by key, kept only until it has booted. `becomes`: what its
    state will be from `due_at` on; `gone` when it is to end.
    """

    id: str
    zone: str
    name: str
    commercial_type: str
    image: str
    project: str
    tags: list[str]
    dynamic_ip: bool
    created_at: float
    state: str = "stopped"
    becomes: str | None = None
    due_at: float = 0.0
    has_booted: bool = False
    address: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    public_keys: list[str] = field(default_factory=list)
    """Those that its project had when it first booted."""

    @property
    def user_data(self) -> str:
        return self.texts.get(CLOUD_INIT, "")


@dataclass
class Volume:
    """A disk. One that has no server stays, and is billed. `loose_at`: until then it is in use."""

    id: str
    zone: str
    kind: str
    size: int
    project: str
    name: str
    created_at: float
    server: str | None
    loose_at: float = 0.0


@dataclass
class Ip:
    """A reserved address. One that has no server stays, and is billed."""

    id: str
    zone: str
    address: str
    project: str
    tags: list[str]
    server: str | None


@dataclass
class Key:
    """An SSH key of a project."""

    id: str
    name: str
    public_key: str
    project: str
    created_at: float
    disabled: bool = False


@dataclass
class State:
    """One account."""

    servers: dict[str, Server] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    ips: dict[str, Ip] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)

    def volumes_of(self, server: Server) -> list[Volume]:
        return [volume for volume in self.volumes.values() if volume.server == server.id]

    def ips_of(self, server: Server) -> list[Ip]:
        return [ip for ip in self.ips.values() if ip.server == server.id]

    def save(self, file: Path) -> None:
        """Raises OSError."""
        account = {
            name: [asdict(item) for item in items.values()]
            for name, items in (
                ("servers", self.servers),
                ("volumes", self.volumes),
                ("ips", self.ips),
                ("keys", self.keys),
            )
        }
        account_file.keep(file, account)

    @classmethod
    def load(cls, file: Path) -> "State":
        """What was saved, or an empty account. Raises OSError, and ValueError for junk."""
        raw = account_file.kept(file)
        if raw is None:
            return cls()
        try:
            return cls(
                servers={s["id"]: Server(**s) for s in raw["servers"]},
                volumes={v["id"]: Volume(**v) for v in raw["volumes"]},
                ips={i["id"]: Ip(**i) for i in raw["ips"]},
                keys={k["id"]: Key(**k) for k in raw["keys"]},
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{file} does not hold a rehearsal account") from error


def new_id() -> str:
    """An id that nothing had before."""
    return str(uuid4())
