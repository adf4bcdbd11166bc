"""Where words go: data to stdout, talk to stderr, JSON or a picture, chosen once."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from capsule_cli.theme import Screen


@dataclass
class Output:
    """The two streams. With `json` stdout is data alone; `quiet` silences the talk."""

    stdout: TextIO
    stderr: TextIO
    json: bool = False
    quiet: bool = False
    program: str = "capsule"
    """How the person called Capsule: hints repeat it."""

    @cached_property
    def screen(self) -> "Screen":
        """Paints on stdout."""
        from capsule_cli.theme import Screen

        return Screen(self.stdout, self.program)

    @cached_property
    def margin(self) -> "Screen":
        """Paints on stderr."""
        from capsule_cli.theme import Screen

        return Screen(self.stderr, self.program)

    def show(self, value: Any, paint: Callable[["Screen"], None]) -> None:
        """The data itself as JSON, or `paint` it for a person."""
        if self.json:
            self.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")
        else:
            paint(self.screen)

    def text(self, text: str) -> None:
        """Data that is text already, such as a rendered file."""
        self.stdout.write(text)

    def talk(self, text: str) -> None:
        """A word to the person: on stderr, and only when somebody listens."""
        if not (self.quiet or self.json):
            self.margin.line(text)

    def success(self, text: str) -> None:
        """Something was done, and was seen to be done."""
        if not (self.quiet or self.json):
            self.margin.success(text)

    def warn(self, text: str) -> None:
        """Something is amiss, and the work goes on; with `json` an object on stderr."""
        if self.json:
            self.stderr.write(json.dumps({"warning": {"message": text}}, ensure_ascii=False) + "\n")
        elif not self.quiet:
            self.margin.warning(text)

    def advise(self, command: str) -> None:
        """What to run next."""
        if not (self.quiet or self.json):
            self.margin.hint(command)

    def complain(self, message: str, hint: str | None) -> None:
        """An error and its remedy; never silenced."""
        self.margin.failure(message)
        if hint:
            self.margin.hint(hint)


def plain(value: Any) -> Any:
    """`value` as JSON takes it: models dumped, the rest as it is."""
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value
