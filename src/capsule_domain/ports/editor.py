"""A person's own editor."""

from typing import Protocol


class Editor(Protocol):
    """Lets a person change a text."""

    def edit(self, text: str, *, file_name: str) -> str:
        """What the person saved; `file_name` tells the editor what kind of text it is.

        Raises ToolMissing when there is no editor, UsageError when there is nobody at a
        terminal for it, Declined when it ends with a failure, StoreError.
        """
