"""An SSH key as a recipient of age: the same private half opens both."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.nix.age import _bech32, age_recipient

LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def ssh_line(public: bytes) -> str:
    blob = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + public
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} alice@host"


def point(recipient: str) -> bytes:
    """The 32 bytes behind a recipient, its checksum left out."""
    words = [LETTERS.index(letter) for letter in recipient.removeprefix("age1")[:-6]]
    bits = "".join(f"{word:05b}" for word in words)
    return bytes(int(bits[place : place + 8], 2) for place in range(0, 256, 8))


@given(seed=st.binary(min_size=32, max_size=32))
def test_what_is_encrypted_for_the_recipient_the_ssh_key_opens(seed: bytes) -> None:
    signing = Ed25519PrivateKey.from_private_bytes(seed)
    recipient = age_recipient(ssh_line(signing.public_key().public_bytes_raw()))
    opening = X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:32])
    assert recipient is not None
    assert point(recipient) == opening.public_key().public_bytes_raw()


def test_the_text_form_is_that_of_bip_173() -> None:
    assert _bech32("a", b"") == "a12uel5l"
    assert _bech32("age", bytes(32)).startswith("age1qqqq")


@pytest.mark.parametrize(
    "key",
    [
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ== alice",
        "ssh-ed25519 AAAA alice",
        "ssh-ed25519 ==== alice",
        "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t alice",
        ssh_line(b"\x01" + b"\x00" * 31),
        ssh_line(b"\xff" * 31 + b"\x7f"),
    ],
)
def test_a_key_that_age_cannot_use_has_no_recipient(key: str) -> None:
    assert age_recipient(key) is None
