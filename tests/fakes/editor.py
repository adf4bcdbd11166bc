"""An editor whose person is the test."""

from collections.abc import Callable

from capsule_domain.errors import CapsuleError

Change = Callable[[str], str] | CapsuleError


class FakeEditor:
    """Makes one change after the other, one an opening; an error is raised instead."""

    def __init__(self, *changes: Change) -> None:
        self._changes = list(changes)
        self.opened: list[tuple[str, str]] = []

    def edit(self, text: str, *, file_name: str) -> str:
        self.opened.append((file_name, text))
        change = self._changes.pop(0)
        if isinstance(change, CapsuleError):
            raise change
        return change(text)
