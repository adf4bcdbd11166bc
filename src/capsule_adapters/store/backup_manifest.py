"""manifest.json, read with suspicion."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from capsule_domain.errors import ConfigurationError, StoreError
from capsule_domain.models.backup import FORMAT_VERSION, Manifest


def read_manifest(path: Path, told: bytes) -> Manifest:
    """The manifest in `told`, of the archive at `path`.

    Raises StoreError for a newer form, ConfigurationError for what is none.
    """
    version = _version(path, told)
    if version > FORMAT_VERSION:
        raise StoreError(
            f"{path} was written by a newer Capsule: its form is {version}, "
            f"this Capsule knows {FORMAT_VERSION}",
            hint="capsule update, or use the newer Capsule",
        )
    try:
        manifest = Manifest.model_validate_json(told)
    except ValidationError as error:
        first = error.errors()[0]
        what = str(first["msg"]).removeprefix("Value error, ")
        place = ".".join(str(step) for step in first["loc"] if step != "files")
        raise damaged(path, f"its manifest does not hold: {place or 'files'}: {what}") from error
    if not (manifest.note + manifest.capsule).isprintable():
        raise damaged(path, "its manifest holds characters that are no text")
    return manifest


def _version(path: Path, told: bytes) -> int:
    try:
        values: Any = json.loads(told)
    except (ValueError, RecursionError) as error:
        raise damaged(path, "its manifest is no JSON") from error
    version = values.get("version") if isinstance(values, dict) else None
    if type(version) is not int:
        raise damaged(path, "its manifest has no version")
    return version


def damaged(path: Path, why: str) -> ConfigurationError:
    """The refusal of an archive, whole."""
    return ConfigurationError(
        f"{path} is no backup to restore: {why}",
        hint="nothing was changed; take another: capsule restore FILE",
    )
