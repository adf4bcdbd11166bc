"""What clouds sell, as far as it is known without asking them."""

from collections.abc import Sequence
from typing import Protocol

from capsule_domain.models.template import Region, Template


class Catalogue(Protocol):
    """The offline catalogue: prices with their source and date."""

    def providers(self) -> Sequence[str]:
        """The clouds that have a catalogue."""

    def templates(self) -> Sequence[Template]:
        """Every template of every cloud."""

    def regions(self) -> Sequence[Region]:
        """Every region of every cloud."""
