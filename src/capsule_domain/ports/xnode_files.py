"""Files of xNodes, anywhere on this machine."""

from collections.abc import Iterable, Iterator
from typing import Protocol


class XNodeFiles(Protocol):
    """Text in and out, never a whole file at once.

    Every implementation passes tests/contracts/test_xnode_files.py and fails only with
    NotFound, Conflict, ConfigurationError or StoreError.
    """

    def lines(self, path: str) -> Iterator[str]:
        """The file's lines with their ends, a long one in pieces; without a byte order mark.

        Raises NotFound, and ConfigurationError with the line for what is no UTF-8.
        """

    def write(self, path: str, chunks: Iterable[str], *, replace: bool) -> str:
        """Write the file, whole or not at all, readable by the user alone when it is new.

        Returns its absolute path. Raises Conflict when it is there, unless `replace`.
        """

    def original(self) -> str | None:
        """The path of the original Capsule's inventory.json in the home, if there is one."""

    def set_aside(self, path: str) -> str:
        """Rename a file that was taken in to `<path>.orig`, or the next free one; returns it."""
