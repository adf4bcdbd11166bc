"""Profiles as the text that people edit, send and keep."""

from typing import Protocol

from capsule_domain.models.profile import Profile


class ProfileTexts(Protocol):
    """A profile's text in its file's own form.

    Raises ConfigurationError with file and line for a text that does not hold; StoreError.
    """

    def of_file(self, name: str) -> str | None:
        """The user's own file as it is, whether it holds or not; None when there is none."""

    def written(self, profile: Profile) -> str:
        """`profile` as it would be written into a new file."""

    def read(self, text: str, *, name: str, source: str, renamed: bool = False) -> Profile:
        """The profile that `text` says, called `name`; `source` names it in errors.

        A text that calls itself otherwise is a fault, unless it is to be `renamed`.
        """

    def line_of(self, text: str, word: str) -> int | None:
        """The line, from 1, on which a text that holds names `word`, such as a stack."""

    def save(self, name: str, text: str) -> None:
        """Make `text` the user's own file, comments and all; it calls itself `name` then."""

    def keep_aside(self, name: str, text: str) -> str:
        """Keep `text` beside the user's own file as `<file>.rejected`; returns the path."""

    def load(self, path: str) -> str:
        """A file of the person's, anywhere. Raises NotFound."""

    def store(self, path: str, text: str, *, replace: bool) -> str:
        """Write `text` to a file anywhere; returns the path. Raises Conflict when one is there."""
