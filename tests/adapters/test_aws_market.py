"""What AWS sells, from three answers; and the offline catalogue beside it."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from capsule_adapters.presets.catalogue import TomlCatalogue
from capsule_adapters.providers.aws.places import COUNTRIES
from capsule_adapters.providers.aws.site import root_gib
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.aws import Temper
from capsule_domain.errors import CredentialsRefused, ProviderError, ProviderUnavailable
from capsule_domain.models.money import Money
from capsule_domain.models.template import Arch, Gpu, Offer, Stock
from tests.simulators.aws import Rehearsal, rehearsal, whole_pages
from tests.tools import shared_file


@pytest.fixture
def aws() -> Iterator[Rehearsal]:
    with rehearsal(temper=whole_pages()) as made:
        yield made


def offer(aws: Rehearsal, slug: str, region: str) -> Offer:
    [found] = [o for o in aws.provider.offers() if (o.slug, o.region) == (slug, region)]
    return found


def test_an_offer_is_put_together_from_type_region_and_price(aws: Rehearsal) -> None:
    found = offer(aws, "t3.medium", "us-east-1")
    assert (found.vcpus, found.memory_mib, found.disk_gib) == (2, 4096, 50)
    assert found.arch is Arch.X86_64
    assert found.gpu is None
    assert found.price_per_hour == Money.of("0.0416")
    assert found.price_per_month == Money.of("30.37")
    assert found.regions == ("eu-west-1", "us-east-1")
    assert found.stock is Stock.UNKNOWN
    assert found.as_of == aws.clock.now()
    assert "without disk and public IPv4" in found.source


def test_gpus_arms_and_what_is_offered_in_some_regions_only(aws: Rehearsal) -> None:
    assert offer(aws, "g5.xlarge", "eu-west-1").gpu == Gpu(
        model="NVIDIA A10G", count=1, memory_gib=22
    )
    assert offer(aws, "t4g.small", "eu-west-1").arch is Arch.AARCH64
    here, there = (offer(aws, "p5.48xlarge", region) for region in ("us-east-1", "eu-west-1"))
    assert here.regions == there.regions == ("us-east-1",)
    assert (here.stock, there.stock) == (Stock.UNKNOWN, Stock.NONE)


def test_a_region_has_its_name_and_its_country(aws: Rehearsal) -> None:
    aws.simulator.temper.regions = ("eu-west-1", "ap-northeast-1", "us-east-1")
    found = {r.region: (r.name, r.country) for r in aws.provider.regions()}
    assert found == {
        "ap-northeast-1": ("Asia Pacific (Tokyo)", "JP"),
        "eu-west-1": ("Europe (Ireland)", "IE"),
        "us-east-1": ("US East (N. Virginia)", "US"),
    }


def test_a_region_that_the_home_does_not_know_the_types_of_is_asked_itself(
    aws: Rehearsal,
) -> None:
    def without_gpus(text: str) -> str:
        items = text.split("<item><instanceType>")
        kept = [items[0]] + [i for i in items[1:] if not i.startswith("p5.")]
        return "<item><instanceType>".join(kept)

    aws.simulator.faults.add(
        faults.altered(without_gpus), path="/ec2/us-east-1/DescribeInstanceTypes"
    )
    assert offer(aws, "p5.48xlarge", "us-east-1").gpu is not None
    paths = [e.request.path for e in aws.simulator.exchanges]
    assert paths.count("/ec2/us-east-1/DescribeInstanceTypes") == 2


def test_the_price_list_is_asked_elsewhere_when_one_place_is_silent(aws: Rehearsal) -> None:
    aws.simulator.faults.add(faults.status(503), path="/pricing/us-east-1/.*", times=2)
    assert list(aws.provider.offers())
    asked = [e.request.path for e in aws.simulator.exchanges if "/pricing/" in e.request.path]
    assert "/pricing/eu-central-1/GetProducts" in asked
    aws.simulator.faults.add(faults.reset_before(), path="/pricing/.*", times=6)
    with pytest.raises(ProviderUnavailable):
        aws.provider.offers()


def test_without_the_right_to_prices_there_are_no_offers_and_the_right_is_named(
    aws: Rehearsal,
) -> None:
    aws.simulator.temper.forbidden = {"pricing:GetProducts"}
    with pytest.raises(CredentialsRefused, match="the right pricing:GetProducts"):
        aws.provider.offers()


def product(**changed: Any) -> str:
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": "0.0104000000"}}
    told = {
        "product": {"attributes": {"instanceType": "t3.micro"}},
        "terms": {"OnDemand": {"A.B": {"priceDimensions": {"A.B.C": dimension}}}},
    }
    return json.dumps({**told, **changed})


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ("not JSON", "PriceList cannot be read"),
        (3, "PriceList cannot be read"),
        ("[]", "lacks PriceList.product.attributes.instanceType"),
        (product(product={}), "lacks PriceList.product.attributes.instanceType"),
        (product().replace("0.0104000000", "cheap"), "a price that is no number"),
        (product().replace("0.0104000000", "NaN"), "a price that is no number"),
    ],
)
def test_a_price_list_that_makes_no_sense_is_an_error(
    aws: Rehearsal, listed: object, message: str
) -> None:
    aws.simulator.faults.add(
        faults.altered(lambda _: {"FormatVersion": "aws_v1", "PriceList": [listed]}),
        path="/pricing/.*",
        times=9,
    )
    with pytest.raises(ProviderError, match=message):
        aws.provider.offers()


def test_products_that_are_not_sold_by_the_hour_are_passed_over(aws: Rehearsal) -> None:
    others = [
        product(terms={"Reserved": {}}),
        product(terms={}),
        product(terms=None),
        product().replace('"Hrs"', '"Quantity"'),
        product().replace("0.0104000000", "0.0000000000"),
        product().replace('"USD"', '"CNY"'),
    ]
    aws.simulator.faults.add(
        faults.altered(lambda _: {"FormatVersion": "aws_v1", "PriceList": others}),
        path="/pricing/.*",
        times=9,
    )
    assert aws.provider.offers() == []


def test_pages_of_one_give_the_same_market() -> None:
    with rehearsal(temper=Temper(regions=("us-east-1",))) as at_once:
        whole = list(at_once.provider.offers())
    with rehearsal(temper=Temper(regions=("us-east-1",), most_per_page=1)) as one_by_one:
        assert list(one_by_one.provider.offers()) == whole
    assert len(whole) == 8


def test_the_catalogue_is_that_of_the_reference_and_its_disks_are_asked_for() -> None:
    reference = json.loads(
        shared_file("specs/catalogue.json").read_text(), parse_float=Decimal, parse_int=Decimal
    )
    expected = {t["id"]: t for t in reference["templates"] if t["provider"] == "aws"}
    ours = {t.template: t for t in TomlCatalogue().templates() if t.provider == "aws"}
    assert ours.keys() == expected.keys()
    for name, template in ours.items():
        theirs = expected[name]
        assert template.slug == theirs["slug"]
        assert template.vcpus == theirs["vcpu"]
        assert template.memory_mib == theirs["ram_gb"] * 1024
        assert template.disk_gib == theirs["disk_gb"] == root_gib(template.slug)
        assert template.price_per_hour == Money.of(theirs["price_hourly"])
        assert template.price_per_month.amount == theirs["price_monthly"]
        assert ("unsourced" in template.source) is not theirs["sourced"]
    regions = {r.region: r.country for r in TomlCatalogue().regions() if r.provider == "aws"}
    assert regions.keys() == {region["id"] for region in reference["regions"]["aws"]}
    assert regions == {region: COUNTRIES[region] for region in regions}


def test_the_rehearsal_sells_the_catalogues_templates_at_its_prices(aws: Rehearsal) -> None:
    sold = {o.slug: o for o in aws.provider.offers() if o.region == "us-east-1"}
    for template in (t for t in TomlCatalogue().templates() if t.provider == "aws"):
        found = sold[template.slug]
        assert found.price_per_hour == template.price_per_hour
        assert found.price_per_month == template.price_per_month
        assert (found.vcpus, found.memory_mib) == (template.vcpus, template.memory_mib)
        assert found.disk_gib == template.disk_gib
