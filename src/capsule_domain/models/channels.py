"""Channels on which people are told: how each is reached, and the secrets that open it."""

import base64
import binascii
import re
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from capsule_domain.models.base import Model
from capsule_domain.models.look import Port

_MAILBOX = re.compile(r"[^\s@<>,;:\"\\()\[\]]+@[^\s@<>,;:\"\\()\[\]]+")
_KEY_PREFIX = "whsec_"
_FEWEST_KEY_BYTES = 16


class ChannelName(StrEnum):
    """The channels there are, by the names that monitoring.yml and the outbox have for them."""

    CONSOLE = "console"
    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"
    APPRISE = "apprise"


class SmtpSecurity(StrEnum):
    """STARTTLS: refused unless the server turns to TLS. TLS: from the first byte. NONE."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


_PORTS = {SmtpSecurity.STARTTLS: 587, SmtpSecurity.TLS: 465, SmtpSecurity.NONE: 25}


def _mailbox(text: str) -> str:
    if not _MAILBOX.fullmatch(text) or not text.isascii() or not text.isprintable():
        raise ValueError("an address is such as ops@example.org, without blanks or line breaks")
    return text


Mailbox = Annotated[str, AfterValidator(_mailbox)]


class EmailChannel(Model):
    """E-mail: the server that takes it, and from whom to whom it goes.

    `ca_file`: certificates to trust besides the system's, for a server with its own authority.
    """

    enabled: bool = False
    host: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._:-]+$")
    port: Port | None = None
    security: SmtpSecurity = SmtpSecurity.STARTTLS
    username: str | None = Field(default=None, min_length=1)
    sender: Mailbox | None = None
    recipients: tuple[Mailbox, ...] = ()
    ca_file: str | None = Field(default=None, min_length=1)

    @property
    def reached_at(self) -> int:
        """The port: the one that is set, or else the usual one."""
        return self.port or _PORTS[self.security]

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields without which no e-mail can be sent."""
        needed = {"host": self.host, "sender": self.sender, "recipients": self.recipients}
        return tuple(name for name, value in needed.items() if not value)

    @model_validator(mode="after")
    def _is_whole_when_enabled(self) -> Self:
        if self.enabled and self.missing:
            raise ValueError(f"it is enabled, and there is no {', no '.join(self.missing)}")
        if self.security is SmtpSecurity.NONE and self.username:
            raise ValueError("a password never goes over a connection without TLS")
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _secret_url(secret: SecretStr) -> SecretStr:
    """The URL is the secret: no message repeats any of it."""
    url = secret.get_secret_value()
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("it is not a URL") from None
    if not host or not url.isascii() or not url.isprintable() or " " in url or "@" in parts.netloc:
        raise ValueError("it is not a URL with a host and without a user")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError("it must be https (plain http only to this machine)")
    return secret


def _signing_key(secret: SecretStr) -> SecretStr:
    if len(signing_key_bytes(secret)) < _FEWEST_KEY_BYTES:
        raise ValueError(f"it is shorter than {_FEWEST_KEY_BYTES} bytes")
    return secret


def signing_key_bytes(secret: SecretStr) -> bytes:
    """The key that a webhook is signed with. Raises ValueError, which shows nothing of it."""
    text = secret.get_secret_value()
    if not text.startswith(_KEY_PREFIX):
        raise ValueError(f"it begins with {_KEY_PREFIX}, as Standard Webhooks has it")
    try:
        return base64.b64decode(text.removeprefix(_KEY_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"after {_KEY_PREFIX} it is base64") from None


def _not_empty(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("it is empty")
    return secret


SecretUrl = Annotated[SecretStr, AfterValidator(_secret_url)]
SigningKey = Annotated[SecretStr, AfterValidator(_signing_key)]
SomeSecret = Annotated[SecretStr, AfterValidator(_not_empty)]


class ChannelSecrets(Model):
    """What opens the channels. A webhook's URL is one: whoever has it may write there."""

    smtp_password: SomeSecret | None = None
    webhook_url: SecretUrl | None = None
    webhook_secret: SigningKey | None = None
    """Signs what is sent, by Standard Webhooks; without one it goes unsigned."""
    slack_webhook: SecretUrl | None = None
    apprise_url: SomeSecret | None = None
    """Any of apprise's URLs; several with blanks between them."""
    heartbeat_url: SecretUrl | None = None
    """Where signs of life go."""

    def needed_by(self, channel: ChannelName) -> str | None:
        """The field without which `channel` cannot send, when it is not set."""
        field = _NEEDS.get(channel)
        return field if field is not None and getattr(self, field) is None else None


_NEEDS = {
    ChannelName.WEBHOOK: "webhook_url",
    ChannelName.SLACK: "slack_webhook",
    ChannelName.APPRISE: "apprise_url",
}
