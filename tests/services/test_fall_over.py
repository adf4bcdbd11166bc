"""Falling over: the next offer when surely nothing was rented, and never otherwise."""

from contextlib import suppress
from decimal import Decimal
from itertools import count

import pytest

from capsule_domain.errors import (
    CapsuleError,
    CredentialsRefused,
    Declined,
    OutOfStock,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)
from capsule_domain.models.deployment import DeploymentState, DeployPlan
from capsule_domain.models.money import Rates
from capsule_domain.services.fall_over import TOLERANCE, dearer
from tests.fakes.offers import AS_OF, offer
from tests.fakes.provider import Lost
from tests.services.renting import RATES, Killed, Street


def anything(_confirmed: DeployPlan, _instead: DeployPlan) -> bool:
    return True


@pytest.mark.parametrize(
    "refusal",
    [OutOfStock("fakecloud", "none left in west"), QuotaExceeded("fakecloud", "one too many")],
    ids=lambda refusal: type(refusal).__name__,
)
def test_the_next_offer_is_rented_and_the_refusal_is_kept(refusal: CapsuleError) -> None:
    street = Street()
    street.cloud.create_fails = refusal
    xnode = street.run(agree=anything)
    assert (xnode.template, xnode.region) == ("small", "east")
    assert str(xnode.price_per_hour) == "0.012 USD"
    done, failed = street.journal.list()
    assert (failed.state, done.state) == (DeploymentState.FAILED, DeploymentState.READY)
    assert done.plan is not None
    assert [(r.offer.region, r.reason) for r in done.plan.refused] == [("west", refusal.message)]
    assert ("failed", refusal.message) in [(e.step, e.detail) for e in street.events]
    assert [request.region for request in street.cloud.attempts] == ["west", "east"]
    assert len(street.cloud.servers_by_id) == 1


def test_every_fallback_is_tried_in_order_and_then_the_last_refusal_stands() -> None:
    street = Street()
    street.cloud.server_limit = 0
    with pytest.raises(QuotaExceeded):
        street.run(agree=anything)
    tried = [(request.slug, request.region) for request in street.cloud.attempts]
    assert tried == [("small", "west"), ("small", "east"), ("large", "west")]
    assert street.journal.list(unfinished=True) == []


def test_without_a_word_nothing_else_is_rented() -> None:
    street = Street()
    street.cloud.create_fails = OutOfStock("fakecloud", "none left")
    with pytest.raises(OutOfStock):
        street.run()
    assert len(street.cloud.attempts) == 1


@pytest.mark.parametrize("lost", [Lost.AFTER_ACTING, Lost.BEFORE_ACTING])
def test_after_a_lost_answer_nothing_else_is_ever_rented(lost: Lost) -> None:
    street = Street()
    street.cloud.create_fails = lost
    street.cloud.lists_late = True
    with suppress(ProviderUnavailable):  # found late, or not at all
        street.run(agree=anything)
    assert len(street.cloud.attempts) == 1


@pytest.mark.parametrize("silence", [Lost.BEFORE_SENDING, RateLimited("fakecloud")])
def test_a_cloud_that_was_not_reached_is_asked_for_nothing_else(
    silence: Lost | CapsuleError,
) -> None:
    street = Street()
    street.cloud.create_fails = silence
    with pytest.raises(ProviderUnavailable):
        street.run(agree=anything)
    assert len(street.cloud.attempts) == 1


def test_a_refused_key_is_a_matter_for_the_person() -> None:
    street = Street()
    street.cloud.create_fails = CredentialsRefused("fakecloud", "no")
    with pytest.raises(CredentialsRefused):
        street.run(agree=anything)
    assert len(street.cloud.attempts) == 1


def test_a_no_ends_it_with_nothing_rented() -> None:
    def no(_confirmed: DeployPlan, _instead: DeployPlan) -> bool:
        raise Declined

    street = Street()
    street.cloud.create_fails = OutOfStock("fakecloud", "none left")
    with pytest.raises(Declined):
        street.run(agree=no)
    assert street.cloud.servers_by_id == {}
    assert street.journal.list(unfinished=True) == []


def test_what_is_too_dear_is_left_out_and_the_next_is_tried() -> None:
    street = Street()
    street.cloud.create_fails = OutOfStock("fakecloud", "none left")
    plan = street.plan()
    same = plan.offer.model_copy(update={"region": "east"})
    plan = plan.model_copy(update={"fallbacks": (plan.fallbacks[1], same)})
    xnode = street.run(plan, agree=lambda was, now: not dearer(was, now, RATES, Decimal(1)))
    assert (xnode.template, xnode.region) == ("small", "east")


def test_dearer_is_by_the_hour_or_the_month_in_whatever_currency() -> None:
    street = Street()
    rates = Rates(as_of=AS_OF, source="a test", usd_per={"EUR": Decimal("1.1")})
    plan = street.plan()
    tolerated = plan.at(offer("x", "w", "0.012", "7.2"))
    assert dearer(plan, tolerated, rates, Decimal(1))
    assert not dearer(plan, tolerated, rates, TOLERANCE)
    assert dearer(plan, plan.at(offer("x", "w", "0.01", "7.21")), rates, TOLERANCE)
    euros = offer("x", "w", "0.01", "6").model_dump()
    for field in ("price_per_hour", "price_per_month"):
        euros[field]["currency"] = "EUR"
    in_euros = plan.at(type(plan.offer)(**euros))
    assert dearer(plan, in_euros, rates, Decimal(1))
    assert not dearer(plan, in_euros, rates, TOLERANCE)


def test_killed_while_falling_over_nothing_is_rented_unknown() -> None:
    for moment in count(1):
        calls = count(1)

        def strike(calls: object = calls, moment: int = moment) -> None:
            if next(calls) == moment:  # type: ignore[call-overload]
                raise Killed

        street = Street(strike=strike)
        street.cloud.create_fails = OutOfStock("fakecloud", "none left")
        try:
            street.run(agree=anything)
        except Killed:
            known = {deployment.tag for deployment in street.journal.list()}
            for server in street.cloud.servers_by_id.values():
                assert set(server.tags) & known, f"killed at call {moment}: an orphan"
        else:
            break
    assert moment > 40
