"""Questions before anything costs, destroys or reconfigures."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from capsule_cli.output import Output
from capsule_domain.errors import Declined, UsageError


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

    def confirm_by_name(self, name: str, question: str) -> None:
        """Go on only when the name itself is typed; `--yes` stands for it."""
        if self.yes:
            return
        answer = self._answer(f"{question}\nType its name, {name}, to go on: ")
        if answer != name:
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

    def _answer(self, question: str) -> str:
        if self.no_input or not self.interactive:
            raise UsageError(
                "this needs a yes, and nobody is there to give it", hint="add --yes, or --dry-run"
            )
        self.out.stderr.write(question)
        self.out.stderr.flush()
        return sys.stdin.readline().strip()
