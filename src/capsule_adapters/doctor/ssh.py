"""SSH on this machine: the program, the agent, keys and their rights."""

import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from shlex import quote

from capsule_adapters.store.faults import reporting
from capsule_domain.models.diagnosis import Diagnosis, error, ok, skipped, warning
from capsule_domain.ports.host import KnownHosts
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.settings import Choices

_ANSWER_SECONDS = 3.0
_ASK_IDENTITIES, _IDENTITIES = 11, 12
_BEGIN = b"-----BEGIN "
_SHOWN = 5


def ssh(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """OpenSSH's client, for what opens a shell. Capsule's own connections need none."""
    found = shutil.which("ssh", path=environment.get("PATH", os.defpath))
    if found:
        yield ok("ssh", f"{found} is there")
    else:
        hint = "install openssh-client (apt) or openssh (dnf, brew)"
        yield warning("ssh", "OpenSSH's client is not installed: no shell on an xNode", hint=hint)


def ssh_agent(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Whether the agent answers, and how many keys it holds."""
    place = environment.get("SSH_AUTH_SOCK")
    if not place:
        yield skipped("ssh-agent", "no agent runs: keys are read from their files")
        return
    try:
        count = _identities(place)
    except OSError:
        yield warning(
            "ssh-agent",
            f"the agent at {place} does not answer",
            hint="eval $(ssh-agent), or unset SSH_AUTH_SOCK",
        )
        return
    if count:
        yield ok("ssh-agent", f"the agent holds {count} key{'' if count == 1 else 's'}")
    else:
        yield ok("ssh-agent", "the agent answers, and holds no key")


def _identities(place: str) -> int:
    """How many keys an agent holds. Raises OSError when it is none."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as agent:
        agent.settimeout(_ANSWER_SECONDS)
        agent.connect(place)
        agent.sendall(b"\0\0\0\x01" + bytes([_ASK_IDENTITIES]))
        answer = b""
        while len(answer) < 9:
            part = agent.recv(9 - len(answer))
            if not part:
                raise ConnectionError
            answer += part
    if answer[4] != _IDENTITIES:
        raise ConnectionError
    return int.from_bytes(answer[5:9], "big")


def ssh_keys(environment: Mapping[str, str], home: Path, choices: Choices) -> Iterator[Diagnosis]:
    """Rights in ~/.ssh, which OpenSSH refuses to overlook; and the key that is configured."""
    folder = Path(environment.get("HOME", "/")) / ".ssh"
    faults = list(_faults(folder))
    yield from faults[:_SHOWN]
    if not faults and folder.is_dir():
        yield ok("ssh-keys", f"{folder} and the keys in it are yours alone")
    yield from _configured(home, choices)


def _faults(folder: Path) -> Iterator[Diagnosis]:
    with reporting("look at", folder):
        if not folder.is_dir():
            return
        if folder.stat().st_mode & 0o022:
            hint = f"chmod 700 {quote(str(folder))}"
            yield error("ssh-keys", f"{folder} can be written by others", hint=hint)
        for file in sorted(folder.iterdir()):
            mode = file.stat().st_mode if file.exists() else 0
            if stat.S_ISREG(mode) and mode & 0o077 and _is_private_key(file):
                hint = f"chmod 600 {quote(str(file))}"
                yield error("ssh-keys", f"the private key {file} is open to others", hint=hint)
            elif file.name == "config" and mode & 0o022:
                hint = f"chmod 600 {quote(str(file))}"
                yield error("ssh-keys", f"{file} can be written by others", hint=hint)


def _is_private_key(file: Path) -> bool:
    with file.open("rb") as stream:
        first = stream.readline(100)
    return first.startswith(_BEGIN) and b"PRIVATE KEY" in first


def _configured(home: Path, choices: Choices) -> Iterator[Diagnosis]:
    chosen = choices.openmesh().ssh_key
    own = home / "ssh" / "id_ed25519"
    if chosen is not None:
        key = Path(chosen).expanduser()
        if key.is_file():
            yield ok("ssh-keys", f"xNodes open to {key}")
        else:
            hint = "correct ssh_key in openmesh.yml, or ssh-keygen -t ed25519"
            yield error("ssh-keys", f"the key {chosen} of openmesh.yml is not there", hint=hint)
    elif own.is_file():
        yield ok("ssh-keys", f"xNodes open to Capsule's own key, {own}")
    else:
        yield ok("ssh-keys", "Capsule makes a key of its own with the first xNode")


def known_hosts(
    home: Path, inventory: Callable[[], Inventory], hosts: KnownHosts
) -> Iterator[Diagnosis]:
    """Every living xNode with an address has a host key that is trusted for it."""
    there = (home / "state.db").exists()  # asking an inventory that is not there makes one
    living = [xnode for xnode in inventory().list() if xnode.address] if there else []
    unknown = [xnode.name for xnode in living if not hosts.pinned(xnode.id)]
    if unknown:
        names = ", ".join(unknown[:_SHOWN]) + ("…" if len(unknown) > _SHOWN else "")
        yield warning(
            "known-hosts",
            f"no host key is kept of {names}: connections will be refused",
            hint="restore known_hosts: capsule restore",
        )
    elif living:
        yield ok("known-hosts", f"the host keys of {len(living)} xNodes are kept")
    else:
        yield ok("known-hosts", "no xNode, no host key")
