"""Is it them, or is it us?"""

from typing import Protocol


class Anchors(Protocol):
    """Places that nearly never go away, each independent of the others."""

    def answering(self) -> tuple[int, int]:
        """How many of how many answer now, in some seconds. (0, 0): there are none to ask."""
