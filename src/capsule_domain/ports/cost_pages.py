"""Costs, drawn."""

from typing import Protocol

from capsule_domain.models.cost import CostPage


class CostPages(Protocol):
    """One page that needs nothing else: no script, no picture and no font from anywhere."""

    def text(self, page: CostPage) -> str:
        """The file's text."""
