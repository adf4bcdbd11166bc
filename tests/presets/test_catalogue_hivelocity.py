"""Hivelocity's offline catalogue against the figures it was made from."""

import json
from decimal import Decimal
from typing import Any

from capsule_adapters.presets.catalogue import TomlCatalogue
from capsule_adapters.sandbox.hivelocity import stock
from capsule_domain.models.money import Money
from tests.tools import shared_file


def _reference() -> Any:
    text = shared_file("specs/catalogue.json").read_text()
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def test_the_templates_of_hivelocity_are_those_of_the_reference_and_vouched_for_by_nobody() -> None:
    expected = {t["id"]: t for t in _reference()["templates"] if t["provider"] == "hivelocity"}
    ours = {t.template: t for t in TomlCatalogue().templates() if t.provider == "hivelocity"}
    assert ours.keys() == expected.keys()
    for name, template in ours.items():
        theirs = expected[name]
        assert theirs["slug"] is None
        assert (template.slug, template.name) == ("", theirs["name"])
        assert template.vcpus == theirs["vcpu"]
        assert template.memory_mib == theirs["ram_gb"] * 1024
        assert template.disk_gib == theirs["disk_gb"]
        assert template.price_per_hour == Money.of(theirs["price_hourly"])
        assert template.price_per_month == Money.of(theirs["price_monthly"])
        assert template.sourced is theirs["sourced"] is False
        gpu = theirs["gpu"] and (theirs["gpu"]["model"], theirs["gpu"]["vram_gb"])
        assert (template.gpu and (template.gpu.model, template.gpu.memory_gib)) == gpu


def test_the_regions_of_hivelocity_are_those_of_the_reference_and_have_their_old_names() -> None:
    theirs = _reference()["regions"]["hivelocity"]
    ours = [r for r in TomlCatalogue().regions() if r.provider == "hivelocity"]
    assert [(r.region, r.name, r.aliases) for r in ours] == [
        (region["id"], region["name"], (region["original"],)) for region in theirs
    ]
    for region in ours:
        _, city, _, country = stock.LOCATIONS[region.region]
        assert (region.name, region.country) == (city, country)
