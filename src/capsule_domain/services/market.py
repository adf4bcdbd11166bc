"""What the clouds sell now, asked side by side."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from capsule_domain.models.template import Offer, Region, Template
from capsule_domain.ports.provider import Provider

Item = TypeVar("Item")


@dataclass(frozen=True)
class Market:
    """The clouds that are asked, and the catalogue whose names people know.

    An offer whose slug stands in the catalogue bears the catalogue's name, so that
    `templates` and `deploy` speak of the same thing.
    """

    clouds: Sequence[Provider]
    catalogue: Sequence[Template]

    def offers(self) -> Sequence[Offer]:
        """Every offer of every cloud. Raises the first cloud's ProviderError."""
        names = self._names()
        found = self._ask(lambda cloud: list(cloud.offers()))
        return [
            offer.model_copy(update={"template": names[offer.provider, offer.slug]})
            if (offer.provider, offer.slug) in names
            else offer
            for offer in found
        ]

    def regions(self) -> Sequence[Region]:
        """Every region of every cloud."""
        return self._ask(lambda cloud: list(cloud.regions()))

    def _names(self) -> Mapping[tuple[str, str], str]:
        return {(t.provider, t.slug): t.template for t in self.catalogue}

    def _ask(self, question: Callable[[Provider], Sequence[Item]]) -> list[Item]:
        with ThreadPoolExecutor(max_workers=max(len(self.clouds), 1)) as pool:
            return [item for answer in pool.map(question, self.clouds) for item in answer]
