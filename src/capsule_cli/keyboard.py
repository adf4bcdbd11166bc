"""Single keys from a terminal, and a screen of one's own on it."""

import os
import re
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self, TextIO

_OWN_SCREEN = "\x1b[?1049h\x1b[?25l\x1b[2J"
_OWN_SCREEN_ENDS = "\x1b[?25h\x1b[?1049l"
_ENDINGS = (signal.SIGINT, signal.SIGTERM)
_MOST_BYTES = 1024
_KEY = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Za-z]|[\s\S]")
_LETTERS = {"A": "up", "B": "down", "H": "home", "F": "end"}
_NUMBERS = {"1": "home", "4": "end", "5": "page-up", "6": "page-down"}
_NAMES = {
    "\x1b": "escape",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\x08": "backspace",
    **{f"\x1b{begin}{letter}": name for letter, name in _LETTERS.items() for begin in "[O"},
    **{f"\x1b[{number}~": name for number, name in _NUMBERS.items()},
}

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
        try:
            self._take()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Who is impatient presses Ctrl-C twice: the second must not come in between.
        handlers = {one: signal.signal(one, _pass_over) for one in _ENDINGS}
        try:
            self._give_back()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.signal(signal.SIGTSTP, self._on_pause)

    def key(self, wait_seconds: float) -> str | None:
        """The key that is pressed within that time; "" for several at once, which were pasted.

        Raises EOFError when the terminal is gone.
        """
        pressed = self.keys(wait_seconds)
        if not pressed:
            return None
        return pressed[0] if len(pressed) == 1 else ""

    def keys(self, wait_seconds: float) -> Sequence[str]:
        """The keys that are pressed within that time, in order; none when it is over.

        One without a letter has a name, such as `up`, `page-down` or `enter`; "" for one
        that has none here. Raises EOFError when the terminal is gone.
        """
        ready, _, _ = select.select([self._descriptor], [], [], wait_seconds)
        if not ready:
            return ()
        content = os.read(self._descriptor, _MOST_BYTES)
        if not content:
            raise EOFError
        found = _KEY.findall(content.decode("utf-8", "replace"))
        return [
            _NAMES.get(one, one if len(one) == 1 and one.isprintable() else "") for one in found
        ]

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
