"""Asking several clouds."""

import pytest

from capsule_domain.errors import ProviderUnavailable
from capsule_domain.models.template import Template
from capsule_domain.services.market import Market
from tests.fakes.offers import offer
from tests.fakes.provider import FakeProvider


def test_all_clouds_are_asked_and_known_slugs_bear_the_catalogues_names() -> None:
    first = FakeProvider(offers_=[offer("s-1", "west", provider="one")], name="one")
    second = FakeProvider(offers_=[offer("s-1", "east", provider="two")], name="two")
    fields = offer("s-1", "west", provider="one").model_dump(exclude={"region"})
    catalogue = [Template(**{**fields, "template": "basic"})]
    market = Market([first, second], catalogue)
    assert [(o.provider, o.template) for o in market.offers()] == [("one", "basic"), ("two", "s-1")]
    assert [region.region for region in market.regions()] == ["west", "east"]


def test_a_cloud_that_does_not_answer_is_an_error() -> None:
    silent = FakeProvider(fails=ProviderUnavailable("fakecloud", "no answer"))
    with pytest.raises(ProviderUnavailable):
        Market([silent], []).offers()
