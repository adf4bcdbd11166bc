"""Plans in files: private, bounded, and never written over another file."""

import errno
import os
from pathlib import Path

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import PRIVATE_FILE, read_limited, write_atomically
from capsule_domain.errors import Conflict, NotFound, UsageError

LIMIT_BYTES = 4 * 1024 * 1024


class LocalPlanFiles:
    """Implements `PlanFiles` on this machine; 0600, replaced by nobody but the person."""

    def store(self, path: str, text: str) -> str:
        """Write a new file; returns its whole path. Raises Conflict when one is there."""
        file = Path(path).expanduser().absolute()
        with reporting("write", file):
            if os.path.lexists(file):
                raise Conflict(f"{file} is there already", hint="write to another file")
            if not file.parent.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        write_atomically(file, text.encode(), mode=PRIVATE_FILE)
        return str(file)

    def load(self, path: str) -> str:
        """What the file holds: 4 MB of UTF-8 at most."""
        content = read_limited(Path(path).expanduser(), LIMIT_BYTES)
        if content is None:
            raise NotFound("file", path)
        if len(content) > LIMIT_BYTES:
            raise UsageError(f"{path} is too large for a plan")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise UsageError(f"{path} is no text") from error
