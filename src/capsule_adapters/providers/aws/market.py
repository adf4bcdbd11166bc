"""What EC2 sells: types, where they are offered, and for how much. No one answer has it all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from capsule_adapters.providers.aws import NAME
from capsule_adapters.providers.aws.api import AwsApi
from capsule_adapters.providers.aws.prices import SOURCE, Prices, monthly
from capsule_adapters.providers.aws.readings import InstanceType
from capsule_adapters.providers.aws.site import root_gib
from capsule_adapters.rest.wire import understood
from capsule_domain.models.money import Money
from capsule_domain.models.template import Offer, Stock

_RENTABLE = {
    "supported-usage-class": ["on-demand"],
    "supported-root-device-type": ["ebs"],
    "supported-virtualization-type": ["hvm"],
}
_MOST_TYPES_AT_ONCE = 100
"""API description, DescribeInstanceTypes: 100 names in a request, and on a page."""


@dataclass(frozen=True)
class _Place:
    """What is said of one region."""

    offered: frozenset[str]
    prices: Mapping[str, Money]


class Sale:
    """Asks all regions side by side."""

    def __init__(self, api: AwsApi, prices: Prices) -> None:
        self._api = api
        self._prices = prices

    def offers(self, now: datetime) -> list[Offer]:
        """Every type in every region where it has a price."""
        places = self._api.side_by_side(self._api.regions, self._place)
        types = self._types(places)
        where = {
            slug: tuple(region for region, place in places.items() if slug in place.offered)
            for slug in types
        }
        return [
            offer
            for region, place in places.items()
            for offer in _offers(region, place, types, where, now)
        ]

    def _place(self, region: str) -> _Place:
        offered = self._api.pages(
            "ec2",
            region,
            "describe_instance_type_offerings",
            "InstanceTypeOfferings",
            LocationType="region",
        )
        names = frozenset(str(offer.get("InstanceType")) for offer in offered)
        return _Place(names, self._prices.of_region(region))

    def _types(self, places: Mapping[str, _Place]) -> Mapping[str, InstanceType]:
        """What is known of each type: by the region at home, then by those that have others."""
        found = {t.instance_type: t for t in self._described(self._api.home)}
        for region, place in places.items():
            missing = sorted((place.offered & place.prices.keys()) - found.keys())
            for at in range(0, len(missing), _MOST_TYPES_AT_ONCE):
                names = missing[at : at + _MOST_TYPES_AT_ONCE]
                found.update((t.instance_type, t) for t in self._described(region, names))
        return found

    def _described(self, region: str, names: list[str] | None = None) -> list[InstanceType]:
        filters = {**_RENTABLE, **({} if names is None else {"instance-type": names})}
        listed = self._api.pages(
            "ec2",
            region,
            "describe_instance_types",
            "InstanceTypes",
            Filters=[{"Name": name, "Values": values} for name, values in filters.items()],
        )
        with understood(NAME, "InstanceTypes"):
            return [InstanceType.model_validate(raw) for raw in listed]


def _offers(
    region: str,
    place: _Place,
    types: Mapping[str, InstanceType],
    where: Mapping[str, tuple[str, ...]],
    now: datetime,
) -> Iterator[Offer]:
    for slug, price in place.prices.items():
        found = types.get(slug)
        if found is None or found.arch is None:
            continue
        yield Offer(
            provider=NAME,
            template=slug,
            slug=slug,
            name=slug,
            region=region,
            regions=where[slug],
            arch=found.arch,
            vcpus=found.vcpus,
            memory_mib=found.memory_mib,
            disk_gib=root_gib(slug),
            gpu=found.gpu,
            price_per_hour=price,
            price_per_month=monthly(price),
            # AWS tells what it offers, never how much of it is left.
            stock=Stock.UNKNOWN if slug in place.offered else Stock.NONE,
            as_of=now,
            source=SOURCE,
        )
