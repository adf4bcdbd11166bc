"""The address of a wallet, and the checksum that its capital letters are."""

import re
from typing import Annotated

from pydantic import BeforeValidator

_FORM = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_LANES = 25
_RATE_BYTES = 136
"""What one round takes in, where 256 bits come out."""
_ALL_ONES = (1 << 64) - 1


def checksummed(address: str) -> str:
    """`address` with the capital letters that EIP-55 gives it; it must have the form already."""
    digits = address[2:].lower()
    marks = keccak_256(digits.encode()).hex()
    raised = (
        d.upper() if int(mark, 16) >= 8 else d for d, mark in zip(digits, marks, strict=False)
    )
    return "0x" + "".join(raised)


def keccak_256(message: bytes) -> bytes:
    """Keccak as Ethereum uses it: hashlib's sha3_256 is the later standard, padded otherwise."""
    fill = _RATE_BYTES - len(message) % _RATE_BYTES
    padded = bytearray(message + bytes(fill))
    padded[len(message)] ^= 0x01
    padded[-1] ^= 0x80
    state = [0] * _LANES
    for start in range(0, len(padded), _RATE_BYTES):
        for lane in range(_RATE_BYTES // 8):
            at = start + 8 * lane
            state[lane] ^= int.from_bytes(padded[at : at + 8], "little")
        state = _permuted(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _permuted(state: list[int]) -> list[int]:
    """Keccak-f[1600]; the lane of column x and row y is at x + 5y."""
    register = 1
    for _ in range(24):
        columns = [
            state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]
            for x in range(5)
        ]
        mixed = [columns[(x + 4) % 5] ^ _rotated(columns[(x + 1) % 5], 1) for x in range(5)]
        state = [lane ^ mixed[at % 5] for at, lane in enumerate(state)]
        state = _moved(state)
        state = [
            state[at] ^ (~state[at - at % 5 + (at + 1) % 5] & state[at - at % 5 + (at + 2) % 5])
            for at in range(_LANES)
        ]
        for power in range(7):
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
            if register & 2:
                state[0] ^= 1 << ((1 << power) - 1)
    return state


def _moved(state: list[int]) -> list[int]:
    """Each lane turned, and put where the permutation wants it."""
    found = list(state)
    x, y, lane = 1, 0, state[1]
    for step in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        lane, found[x + 5 * y] = state[x + 5 * y], _rotated(lane, (step + 1) * (step + 2) // 2)
    return found


def _rotated(lane: int, by: int) -> int:
    by %= 64
    return ((lane << by) | (lane >> (64 - by))) & _ALL_ONES if by else lane


def _address(value: object) -> str:
    if isinstance(value, int):
        raise ValueError("it needs quotes around it: YAML takes it for a number")  # noqa: TRY004
    if not isinstance(value, str) or not _FORM.fullmatch(value):
        raise ValueError("a wallet is 0x and 40 hexadecimal digits")
    letters = value[2:]
    mixed = letters not in (letters.lower(), letters.upper())
    if mixed and value != checksummed(value):
        raise ValueError(
            "its capital letters do not agree with its digits (EIP-55): a digit is mistyped"
        )
    return value


Wallet = Annotated[str, BeforeValidator(_address)]
"""An Ethereum address; where its letters are of both cases they are its checksum."""
