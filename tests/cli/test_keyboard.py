"""Keys as a terminal sends them."""

import io
import os
import pty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from capsule_cli.keyboard import Keyboard


@contextmanager
def a_keyboard() -> Iterator[tuple[Keyboard, int]]:
    near, far = pty.openpty()
    with Keyboard(io.StringIO(), far) as keyboard:
        yield keyboard, near
    os.close(near)
    os.close(far)


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("q", ["q"]),
        ("\x1b[A\x1b[B\x1bOA\x1bOB", ["up", "down", "up", "down"]),
        ("\x1b[5~\x1b[6~\x1b[H\x1b[4~", ["page-up", "page-down", "home", "end"]),
        ("\x1b", ["escape"]),
        ("\r\x7f", ["enter", "backspace"]),
        ("é/", ["é", "/"]),
        ("\x1b[15~\x01", ["", ""]),
        ("\x1b[1;5A", [""]),
    ],
)
def test_keys_have_letters_or_names(sent: str, keys: list[str]) -> None:
    with a_keyboard() as (keyboard, near):
        os.write(near, sent.encode())
        assert list(keyboard.keys(5)) == keys


def test_what_is_pasted_is_no_key_of_its_own() -> None:
    """An answer to a question must not come out of the clipboard."""
    with a_keyboard() as (keyboard, near):
        os.write(near, b"yes")
        assert keyboard.key(5) == ""
        os.write(near, b"y")
        assert keyboard.key(5) == "y"
        assert keyboard.key(0) is None
