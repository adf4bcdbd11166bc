"""The shell's search path, and the start-up file that sets it."""

from pathlib import PurePath
from typing import Protocol


class SearchPath(Protocol):
    """Where the person's shell looks for programs. Raises StoreError."""

    def holds(self, folder: PurePath) -> bool:
        """Whether `folder` is on the path of this process."""

    def start_up_file(self) -> PurePath:
        """The file that the person's shell reads when it starts."""

    def line(self, folder: PurePath) -> str:
        """What has to stand in that file."""

    def is_written(self, folder: PurePath) -> bool:
        """Whether our line for `folder` stands in that file: new terminals will have it."""

    def add(self, folder: PurePath) -> bool:
        """Put that line between our markers; False when exactly that stands there already.

        Whatever else is in the file stays as it is.
        """
