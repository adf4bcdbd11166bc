"""Signs of life from a long work: seconds, and what was said last."""

from collections.abc import Iterator
from contextlib import contextmanager

from capsule_cli.output import Output


class Heartbeat:
    """On a terminal one line that changes; elsewhere a line for each sign."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._shown = False

    def __call__(self, elapsed_seconds: float, line: str) -> None:
        """Show it, unless nobody listens."""
        if self._out.quiet or self._out.json:
            return
        text = f"{elapsed_seconds:5.0f} s  {line or 'nix works'}"
        screen = self._out.margin
        if not screen.fancy:
            screen.line(text)
            return
        self._out.stderr.write(f"\r\x1b[2K{text[: max(screen.console.width - 1, 10)]}")
        self._out.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        """Before anything else is written."""
        if self._shown:
            self._out.stderr.write("\r\x1b[2K")
            self._out.stderr.flush()
            self._shown = False


@contextmanager
def listening(out: Output) -> Iterator[Heartbeat]:
    """A heartbeat for the block; when Nix fails, its own last words come before the error."""
    from capsule_domain.errors import NixFailed

    heartbeat = Heartbeat(out)
    try:
        yield heartbeat
    except NixFailed as error:
        heartbeat.clear()
        if not out.json:
            for line in error.lines:
                out.margin.line(f"  {line}", style="advice")
        raise
    finally:
        heartbeat.clear()
