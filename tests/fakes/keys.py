"""SSH keys without a disk."""

import asyncssh
from pydantic import SecretStr

from capsule_domain.errors import ConfigurationError, NotFound
from capsule_domain.ports.host import DeployKey, HostKey


class FakeKeys:
    """True key pairs in memory. `files` is the disk: text by path."""

    def __init__(self, files: dict[str, str] | None = None) -> None:
        self.files = files or {}
        self.made: list[HostKey] = []

    def deploy_key(self, path: str | None = None) -> DeployKey:
        if path is None:
            path = "capsule/id_ed25519"
            self.files.setdefault(path, _pair()[0])
        if path not in self.files:
            raise NotFound("ssh key", path, hint="ssh-keygen -t ed25519")
        private = path.removesuffix(".pub")
        return DeployKey(private_path=private, public_openssh=self._public(path))

    def new_host_key(self) -> HostKey:
        private, public = _pair()
        self.made.append(HostKey(private_openssh=SecretStr(private), public_openssh=public))
        return self.made[-1]

    def _public(self, path: str) -> str:
        try:
            if path.endswith(".pub"):
                return _line(asyncssh.import_public_key(self.files[path]))
            return _line(asyncssh.import_private_key(self.files[path]))
        except asyncssh.KeyImportError as error:
            if "assphrase" in str(error) and f"{path}.pub" in self.files:
                return self._public(f"{path}.pub")
            raise ConfigurationError("not an SSH key", file=path) from error


def _pair() -> tuple[str, str]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    return key.export_private_key().decode(), _line(key)


def _line(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key().decode().split()[:2])
