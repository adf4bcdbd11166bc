"""Single keys from a terminal, and a screen of one's own on it."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self, TextIO

_OWN_SCREEN = "\x1b[?1049h\x1b[?25l\x1b[2J"
_OWN_SCREEN_ENDS = "\x1b[?25h\x1b[?1049l"
_ESCAPE = b"\x1b"
_MOST_BYTES = 64
"""Of one key: an arrow is three, what is pasted is many and means nothing here."""

_Handler = Any


class Keyboard:
    """The terminal, for the length of a block: keys come one by one and are not shown.

    However the block ends, by Ctrl-C or an error too, the terminal is as it was before.
    """

    def __init__(self, output: TextIO, descriptor: int | None = None) -> None:
        self._output = output
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor
        self._before: list[Any] = []
        self._on_pause: _Handler = signal.SIG_DFL

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._descriptor)
        # Stopped by Ctrl-Z, the shell would be left with a screen that is not its own.
        self._on_pause = signal.signal(signal.SIGTSTP, _pass_over)
        self._take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._give_back()
        signal.signal(signal.SIGTSTP, self._on_pause)

    def key(self, wait_seconds: float) -> str | None:
        """The key that is pressed within that time; "" for one that has no letter.

        Raises EOFError when the terminal is gone.
        """
        ready, _, _ = select.select([self._descriptor], [], [], wait_seconds)
        if not ready:
            return None
        content = os.read(self._descriptor, _MOST_BYTES)
        if not content:
            raise EOFError
        if len(content) > 1 or content == _ESCAPE:
            return ""
        return content.decode("ascii", "replace")

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The terminal as it was, for a question or another program."""
        self._give_back()
        try:
            yield
        finally:
            self._take()

    def paint(self, lines: str) -> None:
        """Replace what the screen shows; `lines` end with a line feed each."""
        shown = lines.replace("\n", "\x1b[K\r\n").removesuffix("\r\n")
        self._output.write(f"\x1b[H{shown}\x1b[J")
        self._output.flush()

    def _take(self) -> None:
        tty.setcbreak(self._descriptor, termios.TCSADRAIN)
        self._output.write(_OWN_SCREEN)
        self._output.flush()

    def _give_back(self) -> None:
        self._output.write(_OWN_SCREEN_ENDS)
        self._output.flush()
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)


def _pass_over(_signal: int, _frame: FrameType | None) -> None: ...
