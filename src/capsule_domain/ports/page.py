"""Pages to read, as files."""

from typing import Protocol

from capsule_domain.models.page import Page


class Pages(Protocol):
    """Makes pages. Every implementation passes tests/contracts/test_pages.py."""

    def text(self, page: Page) -> str:
        """The whole page as one file's text: it asks for nothing else. The same gives the same."""

    def place(self, page: Page, output: str | None = None) -> str:
        """Where `write` would put it: `output`, or a file of the home. Nothing is written."""

    def write(self, page: Page, output: str | None = None, *, force: bool = False) -> str:
        """Write it and return its path.

        Raises Conflict when a file is there that Capsule did not make, unless `force`,
        and StoreError.
        """

    def open(self, path: str) -> bool:
        """Ask for it to be shown; False where there is nothing to show it with."""
