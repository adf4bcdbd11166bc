"""Public keys as OpenSSH writes them: `type base64 [comment]`, one a line."""

import base64
import binascii
import re

from capsule_domain.errors import ConfigurationError

_TYPE = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+")
_LENGTH_BYTES = 4


def public_key_line(text: str) -> str:
    """`text` as `type base64`, without options and comment.

    Raises ConfigurationError for what is not one public key.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    words = lines[0].split() if len(lines) == 1 else []
    if len(words) < 2 or not _TYPE.fullmatch(words[0]) or not _holds(words[1], words[0]):
        raise ConfigurationError(
            "not a public key in OpenSSH's form", hint="ssh-keygen -y -f PRIVATE_KEY"
        )
    return f"{words[0]} {words[1]}"


def _holds(encoded: str, kind: str) -> bool:
    """Whether the blob is base64 and begins, as the format wants, with its own type."""
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    length = int.from_bytes(blob[:_LENGTH_BYTES], "big")
    return blob[_LENGTH_BYTES : _LENGTH_BYTES + length] == kind.encode() and len(blob) > (
        _LENGTH_BYTES + length
    )
