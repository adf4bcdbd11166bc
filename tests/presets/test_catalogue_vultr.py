"""Vultr's offline catalogue against the figures it was made from."""

import json
from decimal import Decimal

from capsule_adapters.presets.catalogue import TomlCatalogue
from capsule_adapters.sandbox.vultr import stock
from capsule_domain.models.money import Money
from tests.tools import shared_file


def test_the_templates_of_vultr_are_those_of_the_reference() -> None:
    reference = json.loads(
        shared_file("specs/catalogue.json").read_text(), parse_float=Decimal, parse_int=Decimal
    )
    expected = {t["id"]: t for t in reference["templates"] if t["provider"] == "vultr"}
    ours = {t.template: t for t in TomlCatalogue().templates() if t.provider == "vultr"}
    assert ours.keys() == expected.keys()
    for name, template in ours.items():
        theirs = expected[name]
        assert (template.slug, template.name) == (theirs["slug"], theirs["name"])
        assert template.vcpus == theirs["vcpu"]
        assert template.memory_mib == theirs["ram_gb"] * 1024
        assert template.disk_gib == theirs["disk_gb"]
        assert template.price_per_hour == Money.of(theirs["price_hourly"])
        assert template.price_per_month == Money.of(theirs["price_monthly"])


def test_the_regions_of_vultr_are_those_of_the_reference_and_as_the_cloud_names_them() -> None:
    reference = json.loads(shared_file("specs/catalogue.json").read_text())
    regions = {r.region: r for r in TomlCatalogue().regions() if r.provider == "vultr"}
    assert list(regions) == [region["id"] for region in reference["regions"]["vultr"]]
    for id_, region in regions.items():
        assert (region.name, region.country) == stock.REGIONS[id_][:2]


def test_high_frequency_is_not_sold_in_frankfurt() -> None:
    [high] = [t for t in TomlCatalogue().templates() if t.template == "vultr-hf-4"]
    assert "fra" not in high.regions
    assert "ewr" in high.regions
