"""SSH keys on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from capsule_adapters.ssh.openssh import public_key_line
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_adapters.store.lock import FileLock
from capsule_domain.errors import ConfigurationError, NotFound, StoreError
from capsule_domain.ports.host import DeployKey, HostKey

if TYPE_CHECKING:
    import asyncssh

LIMIT_BYTES = 64 * 1024
OWN_KEY = "id_ed25519"


class SshKeys:
    """Implements the `Keys` port. Capsule's own key is `<folder>/id_ed25519`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deploy_key(self, path: str | None = None) -> DeployKey:
        """The key at `path`, or Capsule's own; `private_path` is where its secret half lies."""
        if path is None:
            return self._own()
        given = key_path(path)
        private = given.with_suffix("") if given.suffix == ".pub" else given
        with reporting("read", given):
            if not given.is_file():
                raise NotFound("ssh key", path, hint="ssh-keygen -t ed25519")
        return DeployKey(private_path=str(private), public_openssh=_public_half(private, given))

    def new_host_key(self) -> HostKey:
        """A fresh ed25519 key pair, kept nowhere."""
        private, public = _new_pair("")
        return HostKey(private_openssh=SecretStr(private), public_openssh=public)

    def _own(self) -> DeployKey:
        make_private_folder(self._folder)
        private = self._folder / OWN_KEY
        # Two Capsules that start at once must come to one key.
        with FileLock(self._folder / f"{OWN_KEY}.lock"):
            if not private.exists():
                secret, public = _new_pair("capsule")
                write_atomically(private, secret.encode(), mode=0o600)
                write_atomically(private.with_suffix(".pub"), f"{public}\n".encode(), mode=0o644)
        return DeployKey(private_path=str(private), public_openssh=_public_half(private, private))


def key_path(path: str) -> Path:
    """`path` with its `~` resolved. Raises NotFound for the home of nobody."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise NotFound("ssh key", path, hint="ssh-keygen -t ed25519") from error


def load_private_key(path: Path) -> "asyncssh.SSHKey | None":
    """The private key in a file; None when a passphrase protects it.

    Raises ConfigurationError for what is not a private key, StoreError.
    """
    import asyncssh

    content = read_limited(path, LIMIT_BYTES)
    if content is None:
        raise StoreError(f"cannot read {path}: it does not exist", hint=f"ls -l {path}")
    try:
        return asyncssh.import_private_key(content)
    except asyncssh.KeyImportError as error:
        if "passphrase" in str(error).lower():
            return None
        raise _not_a_key(path) from error
    except (asyncssh.KeyEncryptionError, ValueError) as error:
        raise _not_a_key(path) from error


def _public_half(private: Path, given: Path) -> str:
    beside = private.with_name(f"{private.name}.pub")
    if given == beside:
        return _read_public(beside)
    key = load_private_key(private)
    if key is not None:
        return public_key_line(key.export_public_key().decode())
    if beside.is_file():
        return _read_public(beside)
    raise ConfigurationError(
        "the key has a passphrase and no .pub file beside it",
        hint=f"ssh-keygen -y -f {private} > {beside}",
        file=str(private),
    )


def _read_public(path: Path) -> str:
    content = read_limited(path, LIMIT_BYTES) or b""
    try:
        return public_key_line(content.decode())
    except (ConfigurationError, UnicodeDecodeError) as error:
        raise _not_a_key(path) from error


def _not_a_key(path: Path) -> ConfigurationError:
    return ConfigurationError(
        "not an SSH key that Capsule can read", hint="ssh-keygen -t ed25519", file=str(path)
    )


def _new_pair(comment: str) -> tuple[str, str]:
    """The private key as OpenSSH's PEM, and the public one as `type base64`."""
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment or None)
    return key.export_private_key().decode(), public_key_line(key.export_public_key().decode())
