"""Is it them, or is it us?"""

from collections.abc import Sequence
from typing import Protocol


class Anchors(Protocol):
    """Places that nearly never go away, each independent of the others."""

    def answering(self, places: Sequence[str]) -> int:
        """How many of them, each `host:port`, answer now, in some seconds."""
