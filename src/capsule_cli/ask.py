"""Questions before anything costs, destroys or reconfigures."""

import select
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capsule_cli.output import Output
from capsule_domain.errors import Declined, UsageError

_MOST_PIPED_CHARS = 16 * 1024
_SLICE_SECONDS = 0.5


@dataclass(frozen=True)
class Ask:
    """Asks on stderr and reads stdin; refuses where nobody can answer."""

    out: Output
    yes: bool = False
    no_input: bool = False
    interactive: bool = True

    @classmethod
    def at_terminal(cls, out: Output, *, yes: bool, no_input: bool) -> "Ask":
        """Over this process's own stdin."""
        return cls(out, yes=yes, no_input=no_input, interactive=sys.stdin.isatty())

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there to answer."""
        return self.interactive and not self.no_input

    def confirm(self, question: str) -> None:
        """Go on only with a yes. Raises Declined, or UsageError where nobody can answer."""
        if self.yes:
            return
        answer = self._answer(f"{question} [y/N] ")
        if answer.lower() not in ("y", "yes"):
            raise Declined

    def yes_within(self, question: str, seconds: float, *, go_on: Callable[[], bool]) -> bool:
        """Whether a yes comes in time, and while `go_on`; `--yes` is one.

        Raises UsageError where nobody can answer.
        """
        if self.yes:
            return True
        answer = self._answer_within(question, seconds, go_on)
        return answer.lower() in ("y", "yes")

    def confirm_by_name(self, name: str, question: str) -> None:
        """Go on only when the name itself is typed; `--yes` stands for it."""
        if self.yes:
            return
        answer = self._answer(f"{question}\nType its name, {name}, to go on: ")
        if answer != name:
            raise Declined

    def confirm_by_count(self, count: int, question: str) -> None:
        """Go on only when it is typed how many they are; `--yes` stands for it."""
        if self.yes:
            return
        answer = self._answer(f"{question}\nType how many these are, to go on: ")
        if answer != str(count):
            raise Declined

    def choose(self, question: str, words: Sequence[str]) -> str:
        """One of `words`, by its first letters; asked again until it is one of them.

        Raises Declined when there is no answer any more, UsageError where nobody can answer.
        """
        while True:
            answer = self._answer(f"{question} [{'/'.join(words)}] ").lower()
            if not answer:
                raise Declined
            fitting = [word for word in words if word.startswith(answer)]
            if len(fitting) == 1:
                return fitting[0]

    def text(self, question: str, current: str = "") -> str:
        """A line; an empty answer is `current`. Raises UsageError where nobody can answer."""
        shown = f" [{current}]" if current else ""
        return self._answer(f"{question}{shown}: ") or current

    def secret(self, question: str) -> str:
        """A line that is not shown while it is typed. Raises as `text` does."""
        self._refuse_silence()
        return self._hidden(f"{question}: ")

    def piped(self) -> str:
        """All of stdin. Raises UsageError at a terminal, where it would be shown, or is no text."""
        if self.interactive:
            raise UsageError(
                "--stdin is for a pipe; at a terminal it is asked for unseen",
                hint="leave --stdin out",
            )
        text = self._read(_MOST_PIPED_CHARS + 1)
        if len(text) > _MOST_PIPED_CHARS or not text.replace("\n", "").isprintable():
            raise UsageError("what came on stdin is no key", hint="one line a part, nothing else")
        return text

    def refuse_alone(self) -> None:
        """Raises UsageError where a question has no answer. For what takes long before it asks."""
        if not self.yes:
            self._refuse_silence()

    def _refuse_silence(self) -> None:
        if not self.can_ask:
            raise UsageError(
                "this needs a yes, and nobody is there to give it", hint="add --yes, or --dry-run"
            )

    def _hidden(self, question: str) -> str:
        from getpass import getpass

        try:
            return getpass(question, stream=self.out.stderr).strip()
        except EOFError as error:
            raise Declined from error

    def _read(self, most: int) -> str:
        try:
            return sys.stdin.read(most)
        except UnicodeDecodeError as error:
            raise UsageError("what came on stdin is not UTF-8 text") from error

    def _answer_within(self, question: str, seconds: float, go_on: Callable[[], bool]) -> str:
        """Empty when none came in time."""
        self._refuse_silence()
        self.out.stderr.write(question)
        self.out.stderr.flush()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and go_on():
            if select.select([sys.stdin], [], [], _SLICE_SECONDS)[0]:
                return sys.stdin.readline().strip()
        self.out.stderr.write("\n")
        return ""

    def _answer(self, question: str) -> str:
        self._refuse_silence()
        self.out.stderr.write(question)
        self.out.stderr.flush()
        return sys.stdin.readline().strip()
