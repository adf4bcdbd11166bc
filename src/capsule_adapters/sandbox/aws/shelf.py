"""What EC2 offers, cut down to the stock, and in pages: moto shows everything at once."""

import re
from collections.abc import Sequence
from typing import TypeVar
from xml.sax.saxutils import escape

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.aws.engine import Engine
from capsule_adapters.sandbox.aws.stock import TYPES
from capsule_adapters.sandbox.aws.temper import Temper
from capsule_adapters.sandbox.aws.wire import EC2_NAMESPACE, Call, Refusal, xml

T = TypeVar("T")

_MOST_TYPES = 100
_MOST_OFFERINGS = 1000


class Shelf:
    """Answers what is there to be rented, and where."""

    def __init__(self, engine: Engine, temper: Temper) -> None:
        self._engine = engine
        self._temper = temper

    def regions(self, call: Call) -> Answer:
        """DescribeRegions: those that the account may use."""
        wanted = call.several("RegionName") or list(self._temper.regions)
        asked = _without(call, r"RegionName\.\d+|AllRegions")
        names = {
            f"RegionName.{n}": name
            for n, name in enumerate((r for r in wanted if r in self._temper.regions), 1)
        }
        return self._engine.ask(Call("ec2", call.region, call.operation, {**asked, **names}))

    def types(self, call: Call) -> Answer:
        """DescribeInstanceTypes."""
        named = call.several("InstanceType")
        unknown = [name for name in named if name not in TYPES]
        if unknown:
            said = f"The following supplied instance types do not exist: [{', '.join(unknown)}]"
            raise Refusal("InvalidInstanceType", said)
        shown, token = self._page(call, named or sorted(TYPES), _MOST_TYPES)
        asked = _without(call, r"InstanceType\.\d+|MaxResults|NextToken")
        names = {f"InstanceType.{n}": name for n, name in enumerate(shown, 1)}
        answer = self._engine.ask(Call("ec2", call.region, call.operation, {**asked, **names}))
        if answer.status != 200 or not token:
            return answer
        end = b"<requestId>"
        told = f"<nextToken>{token}</nextToken>".encode()
        return Answer(200, answer.body.replace(end, told + end), answer.headers)

    def offerings(self, call: Call) -> Answer:
        """DescribeInstanceTypeOfferings."""
        by = str(call.parameters.get("LocationType", "region"))
        wanted = _filters(call)
        backend = self._engine.region(call.region)
        found = [
            (str(offer["InstanceType"]), str(offer["Location"]))
            for offer in backend.describe_instance_type_offerings(by, wanted)
            if (sold := TYPES.get(offer["InstanceType"])) is not None and sold.offered
        ]
        shown, token = self._page(call, sorted(found), _MOST_OFFERINGS)
        items = "".join(
            f"<item><instanceType>{slug}</instanceType><locationType>{escape(by)}</locationType>"
            f"<location>{place}</location></item>"
            for slug, place in shown
        )
        more = f"<nextToken>{token}</nextToken>" if token else ""
        return xml(
            200,
            f'<DescribeInstanceTypeOfferingsResponse xmlns="{EC2_NAMESPACE}">'
            f"<instanceTypeOfferingSet>{items}</instanceTypeOfferingSet>{more}"
            "<requestId>request-id</requestId></DescribeInstanceTypeOfferingsResponse>",
        )

    def _page(self, call: Call, items: Sequence[T], most: int) -> tuple[Sequence[T], str]:
        """What is on the page that was asked for, and the token of the next one or nothing."""
        size = min(int(call.parameters.get("MaxResults", most)), most, self._temper.most_per_page)
        token = str(call.parameters.get("NextToken", "page:0"))
        if not re.fullmatch(r"page:\d{1,6}", token):
            raise Refusal("InvalidNextToken", "The token is not valid")
        start = int(token.removeprefix("page:"))
        following = f"page:{start + size}" if start + size < len(items) else ""
        return items[start : start + size], following


def _without(call: Call, names: str) -> dict[str, str]:
    return {k: v for k, v in call.parameters.items() if not re.fullmatch(names, k)}


def _filters(call: Call) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in call.parameters.items():
        if re.fullmatch(r"Filter\.\d+\.Name", name):
            found[value] = call.several(f"{name.removesuffix('Name')}Value")
    return found
