"""The price list, in the form in which AWS gives it: moto has none.

Each product is JSON in a string. Beside what is on sale there are others of the same
type, as there are in the true list: of Windows, and hours that were reserved, for nothing.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.aws.stock import REGIONS, TYPES, price
from capsule_adapters.sandbox.aws.wire import Call, Refusal, amz_json

_PUBLISHED = "2026-11-20T18:23:05Z"
_VERSION = "20261120182305"
_ON_DEMAND = "JRTCKXETXF"
_HOURLY = "6YS6EN2CT7"
_ENDPOINTS = ("us-east-1", "eu-central-1", "ap-south-1")
_MOST = 100


def get_products(call: Call, most_per_page: int) -> Answer:
    """One page of the products that match. Raises Refusal."""
    if call.region not in _ENDPOINTS:
        raise Refusal("UnknownEndpoint", f"there is no price list in {call.region}", 404)
    if call.parameters.get("ServiceCode") != "AmazonEC2":
        raise Refusal("NotFoundException", "Service code is invalid")
    filters = call.parameters.get("Filters") or []
    fitting = [product for product in _products() if _fits(product, filters)]
    size = min(int(call.parameters.get("MaxResults") or _MOST), most_per_page, _MOST)
    start = _start(call.parameters.get("NextToken"))
    answer: dict[str, Any] = {
        "FormatVersion": "aws_v1",
        "PriceList": [json.dumps(product) for product in fitting[start : start + size]],
    }
    if start + size < len(fitting):
        answer["NextToken"] = f"page:{start + size}"
    return amz_json(answer)


def _start(token: Any) -> int:
    if token is None:
        return 0
    number = str(token).removeprefix("page:")
    if not number.isdecimal():
        raise Refusal("InvalidNextTokenException", "The pagination token is invalid")
    return int(number)


def _fits(product: dict[str, Any], filters: list[dict[str, str]]) -> bool:
    attributes = product["product"]["attributes"]
    return all(attributes.get(f.get("Field", "")) == f.get("Value") for f in filters)


def _products() -> Iterator[dict[str, Any]]:
    for region in REGIONS:
        for slug in TYPES:
            dollars = price(slug, region)
            yield _product(region, slug, f"{dollars:.10f}", system="Linux")
            # An hour in a reservation costs nothing more; it is of another kind of capacity.
            yield _product(region, slug, "0.0000000000", system="Linux", capacity="AllocatedHost")
            yield _product(region, slug, f"{dollars * 2:.10f}", system="Windows")


def _product(
    region: str, slug: str, dollars: str, *, system: str, capacity: str = "Used"
) -> dict[str, Any]:
    sku = hashlib.sha256(f"{region} {slug} {system} {capacity}".encode()).hexdigest()[:16].upper()
    rate = f"{sku}.{_ON_DEMAND}.{_HOURLY}"
    dimension = {
        "unit": "Hrs",
        "endRange": "Inf",
        "description": f"${dollars} per On Demand {system} {slug} Instance Hour",
        "appliesTo": [],
        "rateCode": rate,
        "beginRange": "0",
        "pricePerUnit": {"USD": dollars},
    }
    term = {
        "priceDimensions": {rate: dimension},
        "sku": sku,
        "effectiveDate": "2026-11-01T00:00:00Z",
        "offerTermCode": _ON_DEMAND,
        "termAttributes": {},
    }
    return {
        "product": {
            "productFamily": "Compute Instance",
            "attributes": _attributes(region, slug, system, capacity),
            "sku": sku,
        },
        "serviceCode": "AmazonEC2",
        "terms": {"OnDemand": {f"{sku}.{_ON_DEMAND}": term}},
        "version": _VERSION,
        "publicationDate": _PUBLISHED,
    }


def _attributes(region: str, slug: str, system: str, capacity: str) -> dict[str, str]:
    sold = TYPES[slug]
    return {
        "instanceType": slug,
        "regionCode": region,
        "location": REGIONS[region][0],
        "locationType": "AWS Region",
        "operatingSystem": system,
        "licenseModel": "No License required",
        "preInstalledSw": "NA",
        "tenancy": "Shared",
        "capacitystatus": capacity,
        "marketoption": "OnDemand",
        "operation": "RunInstances" if system == "Linux" else "RunInstances:0002",
        "usagetype": f"BoxUsage:{slug}",
        "servicecode": "AmazonEC2",
        "servicename": "Amazon Elastic Compute Cloud",
        "vcpu": str(sold.vcpus),
        "memory": sold.memory,
        "storage": "EBS only",
        "processorArchitecture": "64-bit",
        "currentGeneration": "Yes",
    }
