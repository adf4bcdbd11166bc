"""The keys that the person's own `ssh` would trust for a machine, and the way it would go."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from capsule_adapters.store.files import read_limited
from capsule_domain.ports.host import Destination

LIMIT_BYTES = 32 * 1024 * 1024
OWN_FILES = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
SYSTEM_FILES = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")


class UnknownMachine(Exception):
    """No key is known for the machine; the message is the name that was looked up."""


@dataclass(frozen=True)
class Trust:
    """Keys for a machine, those of authorities that vouch for it, and those that were lost."""

    keys: tuple[asyncssh.SSHKey, ...]
    authorities: tuple[asyncssh.SSHKey, ...]
    revoked: tuple[asyncssh.SSHKey, ...]


def way(destination: Destination, ssh_config: Path | None) -> dict[str, Any]:
    """The options of asyncssh: what the person said; the rest is for the config file to say."""
    config = [str(ssh_config)] if ssh_config and ssh_config.is_file() else None
    return {
        "host": destination.host,
        "port": destination.port if destination.port is not None else (),
        "username": destination.user if destination.user is not None else (),
        "config": config,
    }


def offered(destination: Destination, ssh_config: Path | None) -> dict[str, Any]:
    """The options of asyncssh for the keys of a machine that has another address now: those that
    the config names where it was met. What it says of the new address knows nothing of it.
    """
    met = destination.known_as
    if met is None or met.host == destination.host:
        return {}
    options = asyncssh.SSHClientConnectionOptions(**way(met, ssh_config), client_keys=None)
    files = _listed(options.config.get("IdentityFile", ()))
    return {"client_keys": [str(file) for file in files]} if files else {}


def trust(
    destination: Destination, ssh_config: Path | None, only_file: Path | None = None
) -> Trust:
    """What known_hosts says of `destination`; `only_file` stands for all such files.

    Looked up as OpenSSH does: under HostKeyAlias, else under the HostName of the config
    with its port, else without; one that moved as where it was met. Raises UnknownMachine,
    StoreError, and what asyncssh raises for a config file that does not hold.
    """
    options = asyncssh.SSHClientConnectionOptions(
        **way(destination.known_as or destination, ssh_config), client_keys=None
    )
    files = _files(options) if only_file is None else [only_file]
    known = _read(files)
    if options.host_key_alias:
        name, port = str(options.host_key_alias), None
    else:
        name, port = options.host.lower(), None if options.port == 22 else options.port
    keys, authorities, revoked, *_ = known.match(name, "", port)
    if not keys and not authorities:
        raise UnknownMachine(name if port is None else f"[{name}]:{port}")
    return Trust(tuple(keys), tuple(authorities), tuple(revoked))


def _files(options: asyncssh.SSHClientConnectionOptions) -> Sequence[Path]:
    """Those that the config names, else the usual ones. `none` there means that none is known."""
    mine = options.config.get("UserKnownHostsFile", OWN_FILES)
    systems = options.config.get("GlobalKnownHostsFile", SYSTEM_FILES)
    names = [str(name) for name in (*_listed(mine), *_listed(systems))]
    return [Path(name).expanduser() for name in names if name.lower() != "none"]


def _listed(value: object) -> Sequence[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _read(files: Sequence[Path]) -> asyncssh.SSHKnownHosts:
    """All lines that can be read: one that does not hold is passed over, as ssh does."""
    known = asyncssh.SSHKnownHosts()
    for file in files:
        content = (read_limited(file, LIMIT_BYTES) if file.is_file() else None) or b""
        for line in content.decode("utf-8", "replace").splitlines():
            try:
                known.load(line)
            except ValueError:
                continue
    return known
