"""SSH public keys: found again in whichever form a cloud keeps them."""

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.rest.public_key import PublicKey
from tests.tools import needs_tool

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5q me@home"


def test_the_comment_does_not_leave_the_house() -> None:
    assert PublicKey.parse(KEY).line == KEY.removesuffix(" me@home")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_fingerprints_are_those_of_ssh_keygen(tmp_path: Path, kind: str) -> None:
    keygen = needs_tool("ssh-keygen")
    file = tmp_path / "key"
    make: list[str] = [keygen, "-q", "-t", kind, "-N", "", "-f", str(file)]
    subprocess.run(make, check=True)
    key = PublicKey.parse(file.with_suffix(".pub").read_text(encoding="utf-8"))

    def shown(form: str) -> str:
        command: list[str] = [keygen, "-l", "-E", form, "-f", str(file)]
        told: str = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return told.split()[1]

    assert shown("md5") == f"MD5:{key.md5_fingerprint}"
    assert shown("sha256") == key.sha256_fingerprint


def test_a_key_is_the_same_by_its_text_or_by_either_fingerprint() -> None:
    key = PublicKey.parse(KEY)
    assert key.is_same(f"{key.line} another comment", "")
    assert key.is_same("", key.md5_fingerprint)
    assert key.is_same("unreadable", key.sha256_fingerprint)
    assert not key.is_same(OTHER, key.md5_fingerprint)
    assert not key.is_same("", "")


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 !!!",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p",
        "ssh-dss AAAA",
        f"{KEY}\n{OTHER}",
        f'command="x" {KEY}',
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_what_is_not_a_key_is_said_to_be_none(junk: str) -> None:
    with pytest.raises(ValueError, match=r"its|it is not"):
        PublicKey.parse(junk)


@given(st.text())
def test_no_text_makes_the_parser_fall(text: str) -> None:
    with suppress(ValueError):
        key = PublicKey.parse(text)
        assert PublicKey.parse(key.line) == key
