"""How the sandbox's process says that it is there, and how others know it is really it."""

import json
from pathlib import Path

from pydantic import SecretStr, ValidationError

from capsule_adapters.processes import process_started
from capsule_adapters.store.files import read_limited, write_atomically
from capsule_domain.models.base import Model

LIMIT_BYTES = 64 * 1024
FILE_NAME = "sandbox.json"
LOCK_NAME = "sandbox.lock"
LOG_NAME = "sandbox.log"
MACHINES = "machines"


class Announcement(Model):
    """What `<folder>/sandbox.json` holds while the sandbox runs (0600)."""

    pid: int
    started: str
    """When the process of that pid began, as `process_started` tells it: pids come again."""
    endpoints: dict[str, str]
    token: SecretStr
    ssh_config: str
    isolation: str

    @property
    def holds(self) -> bool:
        """Whether that very process still runs."""
        return process_started(self.pid) == self.started


def announce(folder: Path, announcement: Announcement) -> None:
    """Write the file, atomically, for nobody else to read."""
    content = announcement.model_dump(mode="json")
    content["token"] = announcement.token.get_secret_value()
    write_atomically(folder / FILE_NAME, json.dumps(content).encode(), mode=0o600)


def announced(folder: Path) -> Announcement | None:
    """The sandbox that runs in `folder`; None when none does, whatever the file says."""
    content = read_limited(folder / FILE_NAME, LIMIT_BYTES)
    if content is None:
        return None
    try:
        found = Announcement.model_validate_json(content)
    except ValidationError:
        return None  # not a whole file of ours: it announces nothing
    return found if found.holds else None
