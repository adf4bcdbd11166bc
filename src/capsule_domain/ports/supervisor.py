"""Whoever started the collector and watches over it."""

from typing import Protocol


class Supervisor(Protocol):
    """Whoever started the collector and watches over it, such as systemd; or nobody.

    Nothing here fails: who is not heard is not in the way of the work.
    """

    def ready(self, status: str) -> None:
        """The work has begun, or goes on after a reload. `status` is one line for people."""

    def alive(self, status: str) -> None:
        """A sign of life."""

    def reloading(self) -> None:
        """The settings are read anew."""

    def stopping(self) -> None:
        """The end has begun."""
