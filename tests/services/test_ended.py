"""Clouds that have ended: left out of a choice, refused by name, and told why."""

from datetime import date

import pytest

from capsule_domain.errors import Conflict, NoOfferFits, ServiceEnded
from capsule_domain.models.requirements import Requirements
from capsule_domain.models.template import Template
from capsule_domain.services.ended import left_out, refuse_ended, still_going
from capsule_domain.services.plan import plan_deploy
from tests.fakes.offers import DEFAULT_OFFERS, offer
from tests.services.renting import RATES

DAY = date(2026, 6, 30)
ENDED = {"bygone": DAY}


def _template(provider: str, slug: str = "old", hourly: str = "0.001") -> Template:
    fields = offer(slug, "west", hourly, provider=provider).model_dump(exclude={"region"})
    return Template(**{**fields, "regions": ("west", "east")})


def test_those_that_go_on_stay_in_their_order() -> None:
    assert still_going(["b", "bygone", "a"], ENDED.get) == ["b", "a"]


def test_renting_where_a_cloud_ended_is_refused_with_the_day_and_the_others() -> None:
    with pytest.raises(ServiceEnded) as caught:
        refuse_ended("bygone", ENDED.get, ["fakecloud", "bygone", "other"])
    assert caught.value.message == "bygone ended on 2026-06-30: nothing can be rented there"
    assert caught.value.hint == "there is fakecloud, other; --force asks bygone all the same"
    assert (caught.value.ended, caught.value.alternatives) == (DAY, ("fakecloud", "other"))
    assert isinstance(caught.value, Conflict)


def test_a_cloud_that_goes_on_is_not_refused() -> None:
    refuse_ended("fakecloud", ENDED.get, ["fakecloud", "bygone"])


def test_the_cheapest_of_an_ended_cloud_is_among_the_rejected_with_the_day() -> None:
    catalogue = [_template("bygone"), _template("fakecloud")]
    out = left_out(["fakecloud", "bygone"], ENDED.get, catalogue)
    plan = plan_deploy("web-1", DEFAULT_OFFERS, Requirements(), RATES, left_out=out)
    assert plan.offer.provider == "fakecloud"
    assert plan.seen == len(DEFAULT_OFFERS) + 2
    assert {(r.offer.region, r.reason) for r in plan.rejected if r.offer.provider == "bygone"} == {
        ("west", "bygone ended on 2026-06-30"),
        ("east", "bygone ended on 2026-06-30"),
    }


def test_an_ended_cloud_that_is_not_configured_is_not_spoken_of() -> None:
    assert left_out(["fakecloud"], ENDED.get, [_template("bygone")]) == []


def test_when_only_ended_clouds_are_left_the_day_is_the_reason() -> None:
    out = left_out(["bygone"], ENDED.get, [_template("bygone")])
    with pytest.raises(NoOfferFits, match="none of 2 offers fits: bygone ended on 2026-06-30"):
        plan_deploy("web-1", (), Requirements(), RATES, left_out=out)
