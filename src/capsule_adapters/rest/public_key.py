"""SSH public keys, as far as clouds care."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


@dataclass(frozen=True)
class PublicKey:
    """A key without its comment, which is nobody's business but the owner's."""

    type: str
    data: bytes

    @classmethod
    def parse(cls, line: str) -> "PublicKey":
        """Read one line in OpenSSH's form. Raises ValueError, which says what is wrong."""
        parts = line.split()
        if len(line.strip().splitlines()) != 1 or len(parts) < 2:
            raise ValueError("it is not one line of a type and a key")
        kind, text = parts[:2]
        if kind not in _TYPES:
            raise ValueError("its type is not one that OpenSSH knows")
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("its key is not base64") from error
        if not data.startswith(len(kind).to_bytes(4, "big") + kind.encode()):
            raise ValueError("its key is not of the type that it says")
        return cls(kind, data)

    @property
    def line(self) -> str:
        """`ssh-ed25519 AAAA…`"""
        return f"{self.type} {base64.b64encode(self.data).decode()}"

    @property
    def md5_fingerprint(self) -> str:
        """`3b:16:…`, the form in which the older clouds show it."""
        digest = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
        return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))

    @property
    def sha256_fingerprint(self) -> str:
        """`SHA256:…`, as ssh-keygen shows it."""
        digest = hashlib.sha256(self.data).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    def is_same(self, public_key: str, fingerprint: str) -> bool:
        """Whether a cloud's key is this one, by its text or else by its fingerprint."""
        try:
            return PublicKey.parse(public_key) == self
        except ValueError:
            return fingerprint in (self.md5_fingerprint, self.sha256_fingerprint)
