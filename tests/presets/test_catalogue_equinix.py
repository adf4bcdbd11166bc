"""Equinix Metal's offline catalogue: what was sold there, until the day it ended."""

import json
from datetime import UTC, datetime, time
from decimal import Decimal

from capsule_adapters.presets.catalogue import TomlCatalogue
from capsule_adapters.providers.equinix import ENDED
from capsule_adapters.sandbox.equinix import stock
from capsule_domain.models.money import Money
from tests.tools import shared_file


def test_the_templates_of_equinix_are_those_of_the_reference() -> None:
    reference = json.loads(
        shared_file("specs/catalogue.json").read_text(), parse_float=Decimal, parse_int=Decimal
    )
    expected = {t["id"]: t for t in reference["templates"] if t["provider"] == "equinix"}
    ours = {t.template: t for t in TomlCatalogue().templates() if t.provider == "equinix"}
    assert ours.keys() == expected.keys()
    for name, template in ours.items():
        theirs = expected[name]
        assert (template.slug, template.name) == (theirs["slug"], theirs["name"])
        assert template.vcpus == theirs["vcpu"]
        assert template.memory_mib == theirs["ram_gb"] * 1024
        assert template.disk_gib == theirs["disk_gb"]
        assert template.price_per_hour == Money.of(theirs["price_hourly"])
        assert template.price_per_month == Money.of(theirs["price_monthly"])
        assert template.sourced is theirs["sourced"]
        gpu = theirs["gpu"] and (theirs["gpu"]["model"], theirs["gpu"]["count"])
        assert (template.gpu and (template.gpu.model, template.gpu.count)) == gpu


def test_prices_are_none_of_a_day_after_the_end() -> None:
    templates = [t for t in TomlCatalogue().templates() if t.provider == "equinix"]
    assert {t.as_of for t in templates} == {datetime.combine(ENDED, time(), tzinfo=UTC)}


def test_the_regions_of_equinix_are_those_of_the_reference_and_as_the_cloud_named_them() -> None:
    reference = json.loads(shared_file("specs/catalogue.json").read_text())
    regions = {r.region: r for r in TomlCatalogue().regions() if r.provider == "equinix"}
    assert list(regions) == [region["id"] for region in reference["regions"]["equinix"]]
    assert {id_: (r.name, r.country) for id_, r in regions.items()} == {
        id_: stock.METROS[id_] for id_ in regions
    }
