"""What EC2 costs, by AWS's price list service: Linux, on demand, shared hardware."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from capsule_adapters.providers.aws import NAME
from capsule_adapters.providers.aws.api import AwsApi
from capsule_adapters.rest.answer import pluck
from capsule_domain.errors import ProviderError, ProviderUnavailable
from capsule_domain.models.money import Money

SOURCE = "aws pricing GetProducts: Linux, on demand; without disk and public IPv4"
HOURS_PER_MONTH = 730
"""AWS sells hours only; this is the month of its own calculator."""
_LIST_REGIONS = ("us-east-1", "eu-central-1", "ap-south-1")
"""The only regions where the price list is asked; each knows the prices of all."""
_CURRENCY = "USD"
_CHOSEN = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "tenancy": "Shared",
    "capacitystatus": "Used",
    "operation": "RunInstances",
}


class Prices:
    """Prices by region and type. What was learnt is kept. Safe for several threads."""

    def __init__(self, api: AwsApi) -> None:
        self._api = api
        self._known: dict[tuple[str, str], Money | None] = {}

    def of_region(self, region: str) -> Mapping[str, Money]:
        """The hour of every type in a region. Raises ProviderError."""
        found = dict(self._asked(regionCode=region))
        self._known.update({(region, slug): price for slug, price in found.items()})
        return found

    def of_type(self, region: str, slug: str) -> Money | None:
        """The hour of one type; None when it cannot be learnt, which is asked only once."""
        key = (region, slug)
        if key not in self._known:
            try:
                found = dict(self._asked(regionCode=region, instanceType=slug))
            except ProviderError:
                found = {}
            self._known[key] = found.get(slug)
        return self._known[key]

    def _asked(self, **wanted: str) -> Iterator[tuple[str, Money]]:
        filters = [
            {"Type": "TERM_MATCH", "Field": name, "Value": value}
            for name, value in {**_CHOSEN, **wanted}.items()
        ]
        for text in self._listed(filters):
            read = _read(text)
            if read is not None:
                yield read

    def _listed(self, filters: list[dict[str, str]]) -> list[Any]:
        """From the first of the three places that answers."""
        *others, last = _LIST_REGIONS
        for region in others:
            try:
                return self._from(region, filters)
            except ProviderUnavailable:
                continue
        return self._from(last, filters)

    def _from(self, region: str, filters: list[dict[str, str]]) -> list[Any]:
        return self._api.pages(
            "pricing",
            region,
            "get_products",
            "PriceList",
            ServiceCode="AmazonEC2",
            FormatVersion="aws_v1",
            Filters=filters,
        )


def monthly(hourly: Money) -> Money:
    """730 hours, to the cent."""
    return Money(amount=round(hourly.amount * HOURS_PER_MONTH, 2), currency=hourly.currency)


def _read(text: Any) -> tuple[str, Money] | None:
    """A type and its hour from one product, which is JSON in a string; None for other sales."""
    try:
        product = json.loads(text, parse_float=Decimal)
    except (TypeError, ValueError) as error:
        raise ProviderError(NAME, "the answer's PriceList cannot be read") from error
    slug = pluck(product, "product", "attributes", "instanceType")
    if not isinstance(slug, str):
        raise ProviderError(NAME, "the answer lacks PriceList.product.attributes.instanceType")
    for term in (pluck(product, "terms", "OnDemand") or {}).values():
        for dimension in (pluck(term, "priceDimensions") or {}).values():
            amount = _amount(pluck(dimension, "pricePerUnit", _CURRENCY))
            # An hour for nothing is one that was reserved: the list has those, too.
            if pluck(dimension, "unit") == "Hrs" and amount > 0:
                return slug, Money(amount=amount.normalize(), currency=_CURRENCY)
    return None


def _amount(text: Any) -> Decimal:
    try:
        amount = Decimal(str(text or 0))
    except ArithmeticError:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ProviderError(NAME, "the answer's PriceList has a price that is no number")
    return amount
