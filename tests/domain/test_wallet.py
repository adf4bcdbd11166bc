"""Wallets: the checksum of EIP-55, and what is no address."""

import pytest
from pydantic import ValidationError

from capsule_domain.models.wallet import checksummed, keccak_256
from capsule_domain.ports.settings import OpenmeshSettings

KNOWN = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
)
"""The examples of EIP-55 itself."""


@pytest.mark.parametrize("address", KNOWN)
def test_the_examples_of_the_standard_have_their_checksums(address: str) -> None:
    assert checksummed(address.lower()) == address
    for form in (address, address.lower(), "0x" + address[2:].upper()):
        assert OpenmeshSettings(owner=form).owner == form


@pytest.mark.parametrize("address", KNOWN)
def test_one_letter_of_the_wrong_case_is_noticed(address: str) -> None:
    for at, letter in enumerate(address):
        if at > 1 and letter.isalpha():
            wrong = address[:at] + letter.swapcase() + address[at + 1 :]
            with pytest.raises(ValidationError, match="EIP-55"):
                OpenmeshSettings(owner=wrong)


@pytest.mark.parametrize("text", ["", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "me.eth"])
def test_what_has_not_the_form_is_no_wallet(text: str) -> None:
    with pytest.raises(ValidationError, match="0x and 40 hexadecimal digits"):
        OpenmeshSettings(owner=text)


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_keccak_is_ethereums_and_not_the_later_standard(message: bytes, digest: str) -> None:
    assert keccak_256(message).hex() == digest


def test_a_message_that_fills_its_last_block_is_padded_with_another() -> None:
    digests = {keccak_256(bytes(length)) for length in (135, 136, 137, 272)}
    assert len(digests) == 4
