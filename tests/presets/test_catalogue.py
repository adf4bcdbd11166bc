"""The offline catalogue against the figures it was made from."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from capsule_adapters.presets.catalogue import TomlCatalogue, rates
from capsule_domain.models.money import Money
from tests.tools import shared_file

REGIONS = {
    "nyc1": "US",
    "nyc3": "US",
    "sfo3": "US",
    "lon1": "GB",
    "fra1": "DE",
    "sgp1": "SG",
    "tor1": "CA",
    "ams3": "NL",
}


def test_every_provider_has_templates_and_regions() -> None:
    catalogue = TomlCatalogue()
    assert "digitalocean" in catalogue.providers()
    assert {t.provider for t in catalogue.templates()} == set(catalogue.providers())
    assert {r.provider for r in catalogue.regions()} == set(catalogue.providers())


def test_names_are_unique_and_prices_have_a_source_and_a_day() -> None:
    templates = TomlCatalogue().templates()
    assert len({t.template for t in templates}) == len(templates)
    slugs = [(t.provider, t.slug) for t in templates if t.slug]
    assert len(set(slugs)) == len(slugs)
    for template in templates:
        assert template.price_per_hour.amount > 0
        assert template.price_per_month.amount > template.price_per_hour.amount
        assert template.source
        assert datetime(2026, 1, 1, tzinfo=UTC) <= template.as_of


def test_templates_are_sold_in_regions_that_there_are() -> None:
    catalogue = TomlCatalogue()
    regions = {(r.provider, r.region) for r in catalogue.regions()}
    for template in catalogue.templates():
        assert template.regions
        assert {(template.provider, region) for region in template.regions} <= regions


def test_the_regions_of_digitalocean_have_their_countries() -> None:
    regions = [r for r in TomlCatalogue().regions() if r.provider == "digitalocean"]
    assert {r.region: r.country for r in regions} == REGIONS
    assert all(r.name for r in regions)


@pytest.mark.parametrize("cloud", ["digitalocean", "linode"])
def test_the_templates_are_those_of_the_reference(cloud: str) -> None:
    reference = json.loads(
        shared_file("specs/catalogue.json").read_text(), parse_float=Decimal, parse_int=Decimal
    )
    expected = {t["id"]: t for t in reference["templates"] if t["provider"] == cloud}
    ours = {t.template: t for t in TomlCatalogue().templates() if t.provider == cloud}
    assert ours.keys() == expected.keys()
    for name, template in ours.items():
        theirs = expected[name]
        assert template.slug == theirs["slug"]
        assert template.vcpus == theirs["vcpu"]
        assert template.memory_mib == theirs["ram_gb"] * 1024
        assert template.disk_gib == theirs["disk_gb"]
        assert template.price_per_hour == Money.of(theirs["price_hourly"])
        assert template.price_per_month.amount == theirs["price_monthly"]


def test_the_rates_say_that_they_are_assumed() -> None:
    read = rates()
    assert read.in_usd(Money.of("10", "EUR")) == Decimal(11)
    assert "assumed" in read.source
    assert read.as_of == datetime(2026, 11, 23, tzinfo=UTC)
