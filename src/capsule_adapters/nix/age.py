"""From an SSH key to the recipient that age, and so sops, knows it by. Public halves only."""

import base64
import binascii

_ED25519 = "ssh-ed25519"
_BLOB_HEAD = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"
_PRIME = 2**255 - 19
_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def age_recipient(public_key: str) -> str | None:
    """`age1…` of a line `ssh-ed25519 AAAA… name`; None for other kinds, which age has not.

    An Ed25519 key is a point on a curve that has another form, X25519, which is what age
    encrypts for: u = (1 + y) / (1 - y). The machine finds the private half the same way.
    """
    kind, _, rest = public_key.partition(" ")
    if kind != _ED25519:
        return None
    try:
        blob = base64.b64decode(rest.split(" ", 1)[0], validate=True)
    except binascii.Error:
        return None
    if len(blob) != len(_BLOB_HEAD) + 32 or not blob.startswith(_BLOB_HEAD):
        return None
    y = int.from_bytes(blob[len(_BLOB_HEAD) :], "little") & ~(1 << 255)
    if y >= _PRIME or y == 1:
        return None
    u = (1 + y) * pow(1 - y, -1, _PRIME) % _PRIME
    return _bech32("age", u.to_bytes(32, "little"))


def _bech32(prefix: str, data: bytes) -> str:
    """BIP 173's text form of `data`."""
    words = _words_of_five_bits(data)
    spread = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = _polymod([*spread, *words, 0, 0, 0, 0, 0, 0]) ^ 1
    words += [(check >> 5 * (5 - place)) & 31 for place in range(6)]
    return f"{prefix}1{''.join(_LETTERS[word] for word in words)}"


def _words_of_five_bits(data: bytes) -> list[int]:
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return [int(bits[place : place + 5], 2) for place in range(0, len(bits), 5)]


def _polymod(words: list[int]) -> int:
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for place, generator in enumerate(_GENERATOR):
            check ^= generator if (top >> place) & 1 else 0
    return check
