"""A cloud is in four places, and they speak of the same ones."""

import re

import pytest

from capsule_adapters.presets.catalogue import TomlCatalogue
from capsule_adapters.providers import PROVIDERS
from capsule_adapters.sandbox.aws.engine import is_installed
from capsule_adapters.sandbox.clouds import rehearsed
from tests.tools import ROOT

SEVEN = {"aws", "digitalocean", "equinix", "hivelocity", "linode", "scaleway", "vultr"}
GUIDE = (ROOT / "docs" / "api-integration.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """What the guide says under the heading `title`, or nothing."""
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", GUIDE, re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


def test_there_are_the_seven_of_the_contract() -> None:
    assert set(PROVIDERS) == SEVEN
    assert {entry.name for entry in PROVIDERS.values()} == SEVEN


def test_each_is_rehearsed() -> None:
    needs_moto = set() if is_installed() else {"aws"}
    assert set(rehearsed()) == set(PROVIDERS) - needs_moto


def test_each_has_its_catalogue_with_templates_and_regions() -> None:
    catalogue = TomlCatalogue()
    assert set(catalogue.providers()) == set(PROVIDERS)
    assert {template.provider for template in catalogue.templates()} == set(PROVIDERS)
    assert {region.provider for region in catalogue.regions()} == set(PROVIDERS)


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_each_has_its_section_in_the_guide_with_its_variables(name: str) -> None:
    entry = PROVIDERS[name]
    headings = [entry.title, entry.title.split()[0]]
    said = next((text for text in map(section, headings) if text), "")
    assert said, f"docs/api-integration.md has no section {headings[0]}"
    for variable in (*entry.key_variables, entry.endpoint_variable):
        assert f"`{variable}`" in said, f"the section of {name} does not name {variable}"


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_each_has_its_currency_and_architectures_in_the_catalogue(name: str) -> None:
    can = PROVIDERS[name].capabilities
    sold = [template for template in TomlCatalogue().templates() if template.provider == name]
    assert {template.price_per_hour.currency for template in sold} == {can.currency}
    assert {template.arch for template in sold} <= set(can.architectures)


def test_the_catalogue_has_all_that_the_contract_counts() -> None:
    catalogue = TomlCatalogue()
    assert (len(catalogue.templates()), len(catalogue.regions())) == (31, 50)


def test_no_word_for_a_region_means_two() -> None:
    """Not even in another case, within one cloud."""
    words: dict[tuple[str, str], str] = {}
    for region in TomlCatalogue().regions():
        for word in {region.region.lower(), *(alias.lower() for alias in region.aliases)}:
            assert words.setdefault((region.provider, word), region.region) == region.region
