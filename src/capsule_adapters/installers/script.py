"""Shell scripts of ours on a machine, and what they answer."""

import re
import secrets
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from unicodedata import category

from capsule_domain.ports.host import Host

PACKAGE = "capsule_adapters.installers"
"""Whose `places.sh` stands before every script."""


@dataclass(frozen=True)
class Answer:
    """What a script said: its facts by name, in order, and its last complaints."""

    exit_code: int
    facts: Sequence[tuple[str, str]]
    complaints: Sequence[str]

    def one(self, name: str) -> str | None:
        """The value of that name; None when it was not said, or is empty."""
        return next((value for said, value in self.facts if said == name and value), None)

    def every(self, name: str) -> Sequence[str]:
        """All values of that name."""
        return [value for said, value in self.facts if said == name]

    @property
    def last_words(self) -> str:
        """The last line that it complained in, fit for a message."""
        line = self.complaints[-1] if self.complaints else f"exit code {self.exit_code}"
        return line[:300]


def ask(
    host: Host,
    name: str,
    *arguments: str,
    timeout_seconds: float,
    heard: Callable[[str], None] | None = None,
    package: str = PACKAGE,
    lines: Sequence[str] = (),
) -> Answer:
    """Run `package`'s `scripts/<name>.sh` there; `lines` are what it reads, more than arguments
    could hold.
    """
    script = text(name, package, lines)
    return ask_script(host, script, *arguments, timeout_seconds=timeout_seconds, heard=heard)


def ask_script(
    host: Host,
    script: str,
    *arguments: str,
    timeout_seconds: float,
    heard: Callable[[str], None] | None = None,
) -> Answer:
    """Run a script there. Its first argument is a marker that no banner knows.

    The script travels on stdin and is read whole before it begins, so the command is one
    line for whatever shell the person logs in with.
    """
    marker = secrets.token_hex(16)
    command = f"sh -s -- {shlex.join([marker, *arguments])}"
    done = host.run(command, stdin=script, timeout_seconds=timeout_seconds, heard=heard)
    return Answer(done.exit_code, list(_facts(done.stdout, marker)), _lines(done.stderr))


def text(name: str, package: str = PACKAGE, lines: Sequence[str] = ()) -> str:
    """The script with `places.sh` before it, and `lines` on its stdin, or nothing."""
    body = f"{{\n{_whole(name, package)}\n}}"
    if not lines:
        return f"{body} </dev/null\n"
    end = secrets.token_hex(16)
    return "\n".join([f"{body} <<'{end}'", *lines, end, ""])


@contextmanager
def staying(host: Host, name: str, fact: str, *, timeout_seconds: float) -> Iterator[str]:
    """Run `scripts/<name>.sh` there for the length of the block, which gets the value of `fact`.

    Its stdin stays open, so the script travels in the command. Raises HostError.
    """
    marker = secrets.token_hex(16)
    command = shlex.join(["sh", "-c", _whole(name, PACKAGE), name, marker])
    with host.keep(command, until=f"{marker} {fact} ", timeout_seconds=timeout_seconds) as line:
        yield line.rpartition(" ")[2]


def _whole(name: str, package: str) -> str:
    parts = ((PACKAGE, "places"), (package, name))
    return "\n".join((files(p) / "scripts" / f"{n}.sh").read_text("utf-8") for p, n in parts)


def _facts(output: str, marker: str) -> Iterator[tuple[str, str]]:
    """Nothing in them is a word to a terminal; else they are as they were said."""
    for line in output.split("\n"):  # and not where Unicode has other ends of lines
        if line.startswith(f"{marker} "):
            name, _, value = line[len(marker) + 1 :].partition(" ")
            yield name, "".join(c for c in value if c == "\t" or category(c) != "Cc").strip()


def _lines(complaint: str) -> Sequence[str]:
    clean = (re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line) for line in complaint.splitlines())
    shown = ("".join(c for c in line if c.isprintable()).strip() for line in clean)
    return [line for line in shown if line][-40:]
