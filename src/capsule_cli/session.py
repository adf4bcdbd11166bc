"""What a command is given: the options, where to print, whom to ask, and the wiring."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from capsule_cli.ask import Ask
from capsule_cli.options import GlobalOptions
from capsule_cli.output import Output

if TYPE_CHECKING:
    from capsule_cli.wiring import Wiring

Wire = Callable[[GlobalOptions], "Wiring"]
"""Fills the ports for one run. Tests pass one that fills them with fakes."""


@dataclass
class Session:
    """One run of the command line."""

    options: GlobalOptions
    out: Output
    ask: Ask
    wire: Wire

    @cached_property
    def wiring(self) -> "Wiring":
        """The ports, filled on first use."""
        return self.wire(self.options)


def session(ctx: typer.Context) -> Session:
    """The session of a command's context."""
    found = ctx.obj
    if not isinstance(found, Session):
        raise TypeError("a command runs inside capsule_cli.main.run")
    return found
