"""What we log in with: one named key and no other, or the agent and ~/.ssh."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh

from capsule_adapters.ssh.keys import key_path, load_private_key
from capsule_domain.errors import HostUnreachable

KeyFile = Callable[[Path], "asyncssh.SSHKey | None"]
"""The private key in a file; None when a passphrase protects it."""


class KeysRead:
    """A `KeyFile` that reads each file once, and again when it has changed."""

    def __init__(self) -> None:
        self._keys: dict[Path, tuple[tuple[int, int], asyncssh.SSHKey | None]] = {}

    def __call__(self, path: Path) -> "asyncssh.SSHKey | None":
        """Raises ConfigurationError for what is not a private key, StoreError, OSError."""
        facts = path.stat()
        mark = (facts.st_mtime_ns, facts.st_size)
        kept = self._keys.get(path)
        if kept is None or kept[0] != mark:
            kept = self._keys[path] = (mark, load_private_key(path))
        return kept[1]


@asynccontextmanager
async def identity(
    private_key: str | None, read: KeyFile = load_private_key
) -> AsyncIterator[dict[str, Any]]:
    """The options of `asyncssh.connect` for a login with `private_key`, a path.

    None leaves it to the agent and ~/.ssh. A key that a passphrase protects, or of which
    only the .pub file is here, is asked of the agent. Raises HostUnreachable when the key
    cannot be had, ConfigurationError for what is not a key, StoreError.
    """
    if private_key is None:
        yield {}
        return
    path = key_path(private_key)
    key = read(path) if path.exists() else None
    if key is not None:
        yield {"client_keys": [key], "agent_path": None}
        return
    async with _agent_for(path) as agent:
        yield {"client_keys": await _held_by(agent, path), "agent_path": None}


@asynccontextmanager
async def _agent_for(path: Path) -> AsyncIterator[asyncssh.SSHAgentClient]:
    if not path.exists() and not _beside(path).is_file():
        raise HostUnreachable(f"the ssh key {path} is not there", hint=f"ls -l {path}")
    try:
        agent = await asyncssh.connect_agent()
    except OSError as error:
        raise HostUnreachable(
            f"the ssh key {path} has a passphrase, and no ssh agent runs", hint=f"ssh-add {path}"
        ) from error
    async with agent:
        yield agent


async def _held_by(agent: asyncssh.SSHAgentClient, path: Path) -> list[asyncssh.SSHKeyPair]:
    try:
        wanted = asyncssh.read_public_key(_beside(path)).public_data
    except (OSError, asyncssh.KeyImportError) as error:
        raise HostUnreachable(
            f"the ssh key {path} has a passphrase and no .pub file beside it",
            hint=f"ssh-keygen -y -f {path} > {_beside(path)}",
        ) from error
    held: list[asyncssh.SSHKeyPair] = [
        key for key in await agent.get_keys() if key.public_data == wanted
    ]
    if not held:
        raise HostUnreachable(f"the ssh agent does not hold the key {path}", hint=f"ssh-add {path}")
    return held


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.pub")
