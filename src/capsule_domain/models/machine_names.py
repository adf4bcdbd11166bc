"""Words that name parts of a machine, each with the rule that NixOS has for it."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_USERNAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}", re.ASCII)
_TIMEZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", re.ASCII)
_PUBLIC_KEY = re.compile(
    r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r" [A-Za-z0-9+/]+={0,3}( [^\r\n\x00]*)?"
)
_RELEASE = re.compile(r"25\.11|26\.05|26\.11")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# The last label has a letter in it, so that an address is no domain.
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)+(?!\d+\Z){_LABEL}", re.ASCII)
_MAILBOX = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*", re.ASCII)
_DISK = re.compile(
    r"/dev/[A-Za-z0-9][A-Za-z0-9_.:+@=-]*(/[A-Za-z0-9][A-Za-z0-9_.:+@=-]*)*", re.ASCII
)
_PARTITION = re.compile(r"/dev/((sd|vd|xvd|hd)[a-z]+\d+|(nvme|mmcblk)\S*p\d+|disk/\S*-part\d+)")

# Those that NixOS, the stacks and the sprouts declare: a person cannot have one of them.
_RESERVED = re.compile(
    r"acme|code-server|dhcpcd|grafana|messagebus|nginx|nixbld\d*|nobody|node-exporter|nscd|ollama"
    r"|polkituser|postgres|prometheus|redis|sshd|systemd-.*"
)


def _matching(pattern: re.Pattern[str], rule: str) -> AfterValidator:
    return _such(lambda text: bool(pattern.fullmatch(text)), rule)


def _such(holds: Callable[[str], bool], rule: str) -> AfterValidator:
    def check(text: str) -> str:
        if not holds(text):
            raise ValueError(rule)
        return text

    return AfterValidator(check)


def _is_free(name: str) -> bool:
    return not _RESERVED.fullmatch(name)


def _is_email(text: str) -> bool:
    mailbox, _, domain = text.rpartition("@")
    return bool(_MAILBOX.fullmatch(mailbox) and _DOMAIN.fullmatch(domain))


Hostname = Annotated[
    str,
    _matching(_HOSTNAME, "a host name is lower-case letters, digits and inner dashes, 63 at most"),
]
Username = Annotated[
    str,
    _matching(_USERNAME, "a user name is lower-case letters, digits, _ and -, 31 at most"),
    _such(_is_free, "NixOS has an account of that name for a service of its own"),
]
Timezone = Annotated[
    str, _matching(_TIMEZONE, "a time zone is a name such as UTC or Europe/Berlin")
]
PublicKey = Annotated[
    str, _matching(_PUBLIC_KEY, "a public key is one line, such as ssh-ed25519 AAAA… name")
]
Release = Annotated[str, _matching(_RELEASE, "a release is 25.11, 26.05 or 26.11")]
DomainName = Annotated[
    str,
    _matching(
        _DOMAIN,
        "a domain is lower-case labels with dots between them, such as www.example.org; "
        "letters beyond ASCII are written as xn--…",
    ),
]
Email = Annotated[str, _such(_is_email, "an address is such as admin@example.org")]
Disk = Annotated[
    str,
    _matching(_DISK, "a disk is a device such as /dev/vda or /dev/disk/by-id/…"),
    _such(
        lambda text: not _PARTITION.fullmatch(text), "that is a partition; a whole disk is needed"
    ),
]
