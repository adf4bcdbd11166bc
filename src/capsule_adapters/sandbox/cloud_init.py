"""What a rehearsed machine makes of its user data, as far as cloud-init's does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LIMIT_BYTES = 64 * 1024
HEADER = "#cloud-config"
HONOURED = ("ssh_keys", "ssh_authorized_keys", "ssh_deletekeys", "disable_root")


@dataclass(frozen=True)
class FirstBoot:
    """What user data asks for. `notes` go to the machine's /var/log/cloud-init.log."""

    host_key: str | None = field(default=None, repr=False)
    """A private ed25519 key in OpenSSH's form."""
    authorized_keys: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_user_data(text: str) -> FirstBoot:
    """Read `#cloud-config`. What it cannot read it ignores, and says so: never an error."""
    if not text.strip():
        return FirstBoot(notes=("no user data",))
    if len(text.encode()) > LIMIT_BYTES:
        return FirstBoot(notes=("user data ignored: larger than 64 KiB",))
    if text.split("\n", 1)[0].strip() != HEADER:
        return FirstBoot(notes=(f"user data ignored: it does not begin with {HEADER}",))
    try:
        content = _parsed(text)
    except ValueError as error:
        return FirstBoot(notes=(f"user data ignored: {error}",))
    host_key, notes = _host_key(content.get("ssh_keys"))
    keys, more = _authorized_keys(content.get("ssh_authorized_keys"))
    unknown = tuple(f"{key}: not rehearsed" for key in content if key not in HONOURED)
    return FirstBoot(host_key, keys, (*notes, *more, *unknown))


def _parsed(text: str) -> Mapping[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        # Not the error's text: it quotes the document, and the document may hold a key.
        raise ValueError(f"not valid YAML ({type(error).__name__})") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ValueError("not a mapping")
    return content


def _host_key(value: Any) -> tuple[str | None, tuple[str, ...]]:
    import asyncssh

    if value is None:
        return None, ()
    private = value.get("ed25519_private") if isinstance(value, dict) else None
    if not isinstance(private, str):
        return None, ("ssh_keys: no ed25519_private, a new host key was made",)
    try:
        key = asyncssh.import_private_key(private)
    except (ValueError, asyncssh.KeyEncryptionError) as error:
        return None, (f"ssh_keys: ed25519_private is not a key ({type(error).__name__})",)
    if key.get_algorithm() != "ssh-ed25519":
        return None, ("ssh_keys: ed25519_private is not an ed25519 key",)
    return private, ()


def _authorized_keys(value: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if value is None:
        return (), ()
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        return (), ("ssh_authorized_keys: not a list of keys",)
    return tuple(value), ()
