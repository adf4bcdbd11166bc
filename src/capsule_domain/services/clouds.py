"""The clouds that there are, side by side."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from capsule_domain.models.cloud import CloudFacts, CloudSummary
from capsule_domain.ports.catalogue import Catalogue
from capsule_domain.ports.cloud_keys import CloudKeys


@dataclass(frozen=True)
class Clouds:
    """What is known of the clouds without asking them."""

    facts: Callable[[str], CloudFacts]
    keys: CloudKeys
    catalogue: Catalogue

    def summaries(
        self, providers: Iterable[str], configured: Sequence[str]
    ) -> Sequence[CloudSummary]:
        """Each of `providers`, in that order; `configured` are those with a key at hand."""
        templates = [template.provider for template in self.catalogue.templates()]
        regions = [region.provider for region in self.catalogue.regions()]
        return [
            CloudSummary(
                name=facts.name,
                title=facts.title,
                configured=facts.name in configured,
                key_from=self._key_from(facts.name) if facts.name in configured else None,
                templates=templates.count(facts.name),
                regions=regions.count(facts.name),
                bills_when_stopped=facts.capabilities.bills_when_stopped,
                ended=facts.ended,
                variables=tuple(v for part in self.keys.parts(facts.name) for v in part.variables),
                capabilities=facts.capabilities,
            )
            for facts in map(self.facts, providers)
        ]

    def _key_from(self, provider: str) -> str:
        first = self.keys.parts(provider)[0].field
        if first in self.keys.in_environment(provider):
            return "environment"
        return "providers.yml" if first in self.keys.kept(provider) else "elsewhere"
