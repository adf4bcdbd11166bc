"""The judge of AWS has teeth: what AWS does not describe does not pass."""

from urllib.parse import urlencode

import pytest

from capsule_adapters.sandbox.api import Exchange
from capsule_adapters.sandbox.http import Request
from tests.simulators.aws_model import Undocumented, judge

NAMESPACE = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15"'
FINE = f"<R {NAMESPACE}><regionInfo><item><regionName>a</regionName></item></regionInfo></R>"


def exchange(
    asked: dict[str, str],
    *,
    operation: str = "DescribeRegions",
    version: str = "2016-11-15",
    answer: str = FINE,
) -> Exchange:
    form = {"Action": operation, "Version": version, **asked}
    path = f"/ec2/eu-west-1/{operation}"
    request = Request("POST", path, {}, {}, urlencode(form).encode())
    return Exchange(request, 200, {}, answer.encode(), None)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"AllRegions": "false", "DryRun": "true"},
        {"RegionName.1": "eu-west-1", "RegionName.2": "us-east-1"},
        {"Filter.1.Name": "opt-in-status", "Filter.1.Value.1": "opted-in"},
    ],
)
def test_what_is_described_passes(asked: dict[str, str]) -> None:
    judge(exchange(asked))


@pytest.mark.parametrize(
    "bad",
    [
        exchange({"Colour": "red"}),
        exchange({"RegionName.x": "eu-west-1"}),
        exchange({"Filter.1.Names": "x"}),
        exchange({"AllRegions": "yes"}),
        exchange({"AllRegions.1": "true"}),
        exchange({}, version="2012-12-12"),
        exchange({}, operation="MakeCoffee"),
        exchange({}, operation="ImportKeyPair"),
        exchange({}, answer=f"<R {NAMESPACE}><coffee/></R>"),
        exchange({}, answer=f"<R {NAMESPACE}><regionInfo><region/></regionInfo></R>"),
        exchange({}, answer=f"<R {NAMESPACE}><regionInfo><item><x/></item></regionInfo></R>"),
        exchange({"LocationType": "planet"}, operation="DescribeInstanceTypeOfferings"),
    ],
    ids=lambda bad: bad.request.body.decode()[:60],
)
def test_what_is_not_described_is_an_error(bad: Exchange) -> None:
    with pytest.raises(Undocumented):
        judge(bad)
