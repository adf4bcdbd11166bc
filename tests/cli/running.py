"""Runs a command line inside the test, with ports of the test's own."""

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from capsule_cli import log
from capsule_cli.ask import Ask
from capsule_cli.main import run
from capsule_cli.output import Output
from capsule_cli.wiring import Wiring


@dataclass(frozen=True)
class Ran:
    """How a command line ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def data(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.stdout)

    @property
    def error(self) -> Any:
        """The error that stands on stderr as JSON."""
        return json.loads(self.stderr)["error"]


def wired(**ports: Any) -> Wiring:
    """A wiring with these ports; asking for another one fails the test."""
    given = {name: port if _is_plain(name) else _always(port) for name, port in ports.items()}
    needed = [f.name for f in fields(Wiring) if f.name not in _DEFAULTED]
    filled: dict[str, Any] = {**{name: _missing(name) for name in needed}, **given}
    return Wiring(**filled)


_PLAIN = (
    *("provider", "provider_with", "facts", "bills_when_stopped", "ended"),
    *("username", "new_id", "clock_ahead", "actor"),
)
_DEFAULTED = ("username", "new_id", "clock_ahead", "actor", "closers")


def _is_plain(name: str) -> bool:
    return name in _PLAIN


def _always(port: Any) -> Callable[[], Any]:
    return lambda *_given: port


def _missing(name: str) -> Callable[..., Any]:
    def ask(*_given: Any) -> Any:
        raise AssertionError(f"the command asked for {name}, which this test does not give")

    return ask


def capsule(
    *arguments: str,
    wiring: Wiring | None = None,
    answer: Callable[[str], str] | None = None,
    piped: str = "",
    home: Path | None = None,
) -> Ran:
    """Run `capsule arguments…`. `answer` is the person at the terminal, if there is one.

    Without one stdin is a pipe, which holds `piped`.

    With `home` the ports are the real ones over it.
    """
    stdout, stderr = io.StringIO(), io.StringIO()
    yes = "--yes" in arguments
    with redirect_stdout(stdout), redirect_stderr(stderr):
        out = Output(stdout, stderr)
        ask = (
            _Person(out, yes=yes, interactive=True, answer=answer)
            if answer
            else _Pipe(out, yes=yes, interactive=False, holds=piped)
        )
        if home is not None:
            code = run(["--home", str(home), *arguments], ask=ask)
            log.stop()
        else:
            code = run(arguments, wire=lambda _options: wiring or wired(), ask=ask)
    return Ran(code, stdout.getvalue(), stderr.getvalue())


@dataclass(frozen=True)
class _Pipe(Ask):
    holds: str = ""

    def _read(self, most: int) -> str:
        return self.holds[:most]


@dataclass(frozen=True)
class _Person(Ask):
    answer: Callable[[str], str] | None = None

    def _answer(self, question: str) -> str:
        assert self.answer is not None
        return self.answer(question)

    def _hidden(self, question: str) -> str:
        return self._answer(question)

    def _answer_within(self, question: str, seconds: float, go_on: Callable[[], bool]) -> str:
        return self._answer(question)
