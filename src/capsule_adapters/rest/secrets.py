"""Secrets on their way to the wire, and nowhere else."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from capsule_domain.errors import ConfigurationError

_SHORTEST_PART = 8


@dataclass(frozen=True)
class InBase64:
    """A secret whose JSON is its base64, as many clouds want user data."""

    secret: SecretStr


def encode(body: Mapping[str, Any] | SecretStr) -> tuple[bytes, tuple[SecretStr, ...]]:
    """`body` as JSON, and the secrets in it (SecretStr and InBase64 anywhere as a value).

    One that is a secret itself is its text as it is.
    """
    if isinstance(body, SecretStr):
        return body.get_secret_value().encode(), (body,)
    found: list[SecretStr] = []

    def reveal(value: Any) -> str:
        if isinstance(value, InBase64):
            found.append(value.secret)
            text = base64.b64encode(value.secret.get_secret_value().encode()).decode()
            value = SecretStr(text)
        if not isinstance(value, SecretStr):
            raise TypeError(f"{type(value).__name__} is not JSON")
        found.append(value)
        return str(value.get_secret_value())

    return json.dumps(body, default=reveal).encode(), tuple(found)


def redacted(text: str, secrets: Iterable[SecretStr]) -> str:
    """`text` without any secret: clouds like to quote what they refuse.

    A secret goes word by word too, since quoting reflows and cuts it.
    """
    for secret in secrets:
        value = secret.get_secret_value().strip()
        words = {word for word in value.split() if len(word) >= _SHORTEST_PART}
        for part in sorted(words | {value}, key=len, reverse=True):
            text = text.replace(part, "[secret]") if part else text
    return text


def check_header_secret(provider: str, secret: SecretStr) -> None:
    """Refuse a key that cannot be an HTTP header. Raises ConfigurationError.

    HTTP libraries quote the bad header, key and all, in the error they raise.
    """
    value = secret.get_secret_value()
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise ConfigurationError(
            f"the key of {provider} holds a blank, a line break or another character "
            "that no key has",
            hint=f"set its key anew: capsule openmesh provider configure {provider}",
        )
