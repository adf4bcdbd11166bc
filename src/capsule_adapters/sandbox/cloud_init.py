"""What a rehearsed machine makes of its user data, as far as cloud-init's does it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from capsule_domain.models.operating_system import OperatingSystem

LIMIT_BYTES = 64 * 1024
HEADER = "#cloud-config"
HONOURED = ("ssh_keys", "ssh_authorized_keys", "ssh_deletekeys", "disable_root")
IMAGE_HOST_KEY = re.compile(r"^SSH_HOST_ED25519_KEY:(.+)$", re.MULTILINE)
"""As images by NixOS itself are told, which have no cloud-init."""
XNODE_INSTALLER = re.compile(r"/xnodeos/[^/ ]+/install\.sh\b")


@dataclass(frozen=True)
class FirstBoot:
    """What user data asks for. `notes` go to the machine's /var/log/cloud-init.log."""

    host_key: str | None = field(default=None, repr=False)
    """A private ed25519 key in OpenSSH's form."""
    authorized_keys: tuple[str, ...] = ()
    system: OperatingSystem = OperatingSystem.STOCK
    """XnodeOS where its installer is run, which is taken to have ended well."""
    notes: tuple[str, ...] = ()


def read_user_data(text: str) -> FirstBoot:
    """Read `#cloud-config`. What it cannot read it ignores, and says so: never an error."""
    if not text.strip():
        return FirstBoot(notes=("no user data",))
    if len(text.encode()) > LIMIT_BYTES:
        return FirstBoot(notes=("user data ignored: larger than 64 KiB",))
    of_image = IMAGE_HOST_KEY.search(text)
    if of_image is not None:
        lines = of_image[1].replace("|", "\n") + "\n"
        private, notes = _as_host_key(lines, "SSH_HOST_ED25519_KEY")
        return FirstBoot(private, system=OperatingSystem.NIXOS, notes=notes)
    if text.split("\n", 1)[0].strip() != HEADER:
        return FirstBoot(notes=(f"user data ignored: it does not begin with {HEADER}",))
    try:
        content = _parsed(text)
    except ValueError as error:
        return FirstBoot(notes=(f"user data ignored: {error}",))
    host_key, said = _host_key(content.get("ssh_keys"))
    keys, more = _authorized_keys(content.get("ssh_authorized_keys"))
    is_xnode = XNODE_INSTALLER.search(repr(content.get("runcmd"))) is not None
    honoured = (*HONOURED, "runcmd") if is_xnode else HONOURED
    unknown = tuple(f"{key}: not rehearsed" for key in content if key not in honoured)
    system = OperatingSystem.XNODEOS if is_xnode else OperatingSystem.STOCK
    return FirstBoot(host_key, keys, system, (*said, *more, *unknown))


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
    if value is None:
        return None, ()
    private = value.get("ed25519_private") if isinstance(value, dict) else None
    if not isinstance(private, str):
        return None, ("ssh_keys: no ed25519_private, a new host key was made",)
    return _as_host_key(private, "ssh_keys: ed25519_private")


def _as_host_key(private: str, name: str) -> tuple[str | None, tuple[str, ...]]:
    import asyncssh

    try:
        key = asyncssh.import_private_key(private)
    except (ValueError, asyncssh.KeyEncryptionError) as error:
        return None, (f"{name} is not a key ({type(error).__name__})",)
    if key.get_algorithm() != "ssh-ed25519":
        return None, (f"{name} is not an ed25519 key",)
    return private, ()


def _authorized_keys(value: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if value is None:
        return (), ()
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        return (), ("ssh_authorized_keys: not a list of keys",)
    return tuple(value), ()
