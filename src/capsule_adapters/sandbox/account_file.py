"""Where a rehearsal account is kept from one run of the sandbox to the next."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def keep(file: Path, account: Mapping[str, Any]) -> None:
    """Write it all or not at all, for the owner's eyes only. Raises OSError.

    Not synced to the disk: a rehearsal is not worth the wait.
    """
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(account))
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def kept(file: Path) -> Any:
    """What was kept, or None. Raises OSError, and ValueError for what is not JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
