"""Files that hold a plan."""

from typing import Protocol


class PlanFiles(Protocol):
    """Plans in files of the person's, anywhere; nobody else may read them.

    Every implementation passes tests/contracts/test_plan_files.py and fails only with
    NotFound, Conflict, UsageError or StoreError.
    """

    def store(self, path: str, text: str) -> str:
        """Write a new file; returns its whole path. Raises Conflict when one is there."""

    def load(self, path: str) -> str:
        """What the file holds. Raises NotFound, and UsageError for what is no text."""
