"""Planning: names, fallbacks, several at once kept apart, room, and what nearly fits."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.errors import NoOfferFits, UsageError
from capsule_domain.models.deployment import DeployPlan
from capsule_domain.models.money import Rates
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.requirements import PriceLimit, Requirements, Spread
from capsule_domain.models.server import Account
from capsule_domain.models.template import Offer, Stock
from capsule_domain.services.nearest import nearest
from capsule_domain.services.plan import (
    MOST_AT_ONCE,
    Room,
    own_tags,
    plan_deploy,
    plan_fleet,
    server_names,
)
from capsule_domain.services.room import room_at
from capsule_domain.services.unfit import unfit_clouds
from tests.fakes.offers import AS_OF, offer
from tests.fakes.provider import CAPABILITIES, FakeProvider
from tests.services.renting import RATES

WANTED = Requirements()
TOWN = (
    offer("a", "w", "0.01", provider="one"),
    offer("a", "e", "0.02", provider="one"),
    offer("a", "n", "0.03", provider="one"),
    offer("a", "s", "0.04", provider="one"),
    offer("b", "w", "0.05", provider="one"),
    offer("b", "e", "0.06", provider="one"),
    offer("b", "n", "0.07", provider="one"),
    offer("c", "x", "0.08", provider="two"),
    offer("c", "y", "0.09", provider="two"),
)
FEW = st.lists(
    st.builds(
        offer,
        st.sampled_from("ab"),
        st.sampled_from("wxyz"),
        st.sampled_from(["0.01", "0.02", "0.03"]),
        provider=st.sampled_from(["one", "two", "three"]),
    ),
    min_size=1,
    max_size=12,
)


def where(plan: DeployPlan) -> str:
    return f"{plan.offer.provider} {plan.offer.region}"


@pytest.mark.parametrize(
    ("name", "count", "names"),
    [
        ("web", 1, ("web",)),
        ("web", 3, ("web-1", "web-2", "web-3")),
        ("web-4", 2, ("web-4", "web-5")),
        ("web-04", 2, ("web-04-1", "web-04-2")),
        ("4", 2, ("4-1", "4-2")),
    ],
)
def test_several_are_numbered(name: str, count: int, names: tuple[str, ...]) -> None:
    assert server_names(name, count) == names


@pytest.mark.parametrize(
    ("name", "count"), [("web", 0), ("web", -1), ("web", MOST_AT_ONCE + 1), ("w" * 63, 2), ("W", 2)]
)
def test_no_such_number_or_name(name: str, count: int) -> None:
    with pytest.raises(UsageError):
        server_names(name, count)


def test_tags_are_each_there_once_and_none_is_capsules_own() -> None:
    assert own_tags(["a", "b", "a", "capsule-web"]) == ("a", "b", "capsule-web")
    for tag in ("capsule-expires:9", "capsule-0123456789"):
        with pytest.raises(UsageError, match="looks like Capsule's own"):
            own_tags([tag])


def test_the_fallbacks_are_the_next_by_price_and_the_last_is_at_another_cloud() -> None:
    plan = plan_deploy("web", TOWN, WANTED, RATES)
    prices = [str(each.price_per_hour.amount) for each in plan.fallbacks]
    assert (where(plan), prices) == ("one w", ["0.02", "0.03", "0.04", "0.05", "0.08"])
    assert plan_deploy("web", TOWN[:1], WANTED, RATES).fallbacks == ()


def test_a_fallback_is_never_dearer_than_the_limit() -> None:
    wanted = Requirements(max_price=PriceLimit.parse("0.03"))
    plan = plan_deploy("web", TOWN, wanted, RATES)
    assert [str(each.price_per_hour.amount) for each in plan.fallbacks] == ["0.02", "0.03"]


def test_kept_apart_each_has_the_cheapest_place_of_its_own() -> None:
    names = [f"web-{number}" for number in range(1, 6)]
    plans = plan_fleet(names, TOWN, WANTED, RATES, spread=Spread.REGIONS)
    assert [where(plan) for plan in plans] == ["one w", "one e", "one n", "one s", "two x"]
    taken = {where(plan) for plan in plans}
    for plan in plans:
        elsewhere = {f"{o.provider} {o.region}" for o in plan.fallbacks} - {where(plan)}
        assert not elsewhere & taken
    clouds = plan_fleet(names[:3], TOWN, WANTED, RATES, spread=Spread.PROVIDERS)
    assert [where(plan) for plan in clouds] == ["one w", "two x", "one w"]


@given(FEW, st.integers(1, 6), st.sampled_from([None, *Spread]))
def test_a_fleet_is_the_cheapest_that_is_as_even_as_can_be(
    offers: list[Offer], count: int, spread: Spread | None
) -> None:
    names = [f"web-{number}" for number in range(count)]
    plans = plan_fleet(names, offers, WANTED, RATES, spread=spread)
    cheapest: dict[str, Decimal] = {}
    for each in offers:
        place = {None: "", Spread.REGIONS: f"{each.provider} {each.region}"}.get(
            spread, each.provider
        )
        price = each.price_per_hour.amount
        cheapest[place] = min(price, cheapest.get(place, price))
    order = sorted(cheapest.values())
    expected = sorted(order[number % min(len(order), count)] for number in range(count))
    assert sorted(plan.price_per_hour.amount for plan in plans) == expected


def test_a_cloud_without_room_for_all_of_them_is_passed_over_with_its_reason() -> None:
    asked: list[str] = []

    def room(cloud: str) -> Room:
        asked.append(cloud)
        return Room(1, "one lets the account have 5 servers, and it has 4")

    [plan] = plan_fleet(["web"], TOWN, WANTED, RATES, room=room)
    assert (where(plan), asked) == ("one w", ["one"])
    with pytest.raises(NoOfferFits, match="one lets the account have 5 servers"):
        plan_fleet(["web-1", "web-2"], TOWN[:7], WANTED, RATES, room=room)
    plans = plan_fleet(
        ["web-1", "web-2"], TOWN, WANTED, RATES, room=lambda c: Room(1 if c == "one" else None)
    )
    assert {where(plan) for plan in plans} == {"two x"}
    reasons = {each.reason for each in plans[0].rejected}
    assert reasons == {"one lets the account rent 1 more, not 2"}


def test_room_is_the_limit_less_what_is_there_and_silence_is_room() -> None:
    cloud = FakeProvider(server_limit=1)
    room = room_at(lambda _name: cloud)
    assert room("fakecloud") == Room(1, "fakecloud lets the account have 1 servers, and it has 0")
    assert room("fakecloud").left == 1
    assert cloud.calls == ["account", "servers"], "each cloud is asked once"
    assert room_at(lambda _name: FakeProvider())("fakecloud") == Room()
    assert room_at(lambda _name: FakeProvider(refuses_key=True))("fakecloud") == Room()


def test_an_account_that_is_not_active_has_no_room() -> None:
    class Sleeping(FakeProvider):
        def account(self) -> Account:
            return Account(provider=self.name, identity="me", active=False)

    assert room_at(lambda _name: Sleeping())("fakecloud") == Room(
        0, "the account at fakecloud is not active"
    )


def test_a_cloud_that_refuses_the_name_is_passed_over_and_all_of_them_are_an_error() -> None:
    long = CAPABILITIES.model_copy(update={"name_pattern": "[a-z]{3,}", "tag_pattern": "[a-z]+"})
    clouds = {"one": CAPABILITIES, "two": long}
    assert unfit_clouds(clouds, names=["db"], tags=[]) == {"two": "two refuses the name 'db'"}
    assert unfit_clouds(clouds, names=["dbx"], tags=["a1"]) == {"two": "two refuses the tag 'a1'"}
    with pytest.raises(UsageError, match="the tag 'a=b' is refused by one, two"):
        unfit_clouds(clouds, names=["dbx"], tags=["a=b"])
    mute = {"one": CAPABILITIES, "two": long.model_copy(update={"user_data_max_bytes": 0})}
    told = unfit_clouds(mute, names=["dbx"], tags=[], os=OperatingSystem.XNODEOS)
    assert told == {"two": "two takes no user data, which xnodeos needs"}
    assert unfit_clouds({}, names=["dbx"], tags=[]) == {}


def test_no_offer_says_which_wish_to_give_up() -> None:
    wanted = Requirements(min_vcpus=64, max_price=PriceLimit.parse("0.015"))
    with pytest.raises(NoOfferFits) as caught:
        plan_deploy("web", TOWN, wanted, RATES)
    assert caught.value.hint == "without --min-cpu there is a in w at one for 0.01 USD an hour"
    wanted = Requirements(min_vcpus=64, region="x", regions=("x",), gpu=True)
    with pytest.raises(NoOfferFits) as caught:
        plan_deploy("web", TOWN, wanted, RATES)
    assert caught.value.hint == (
        "without --min-cpu and --gpu there is c in x at two for 0.08 USD an hour"
    )


def test_what_is_out_of_stock_or_closed_is_not_near() -> None:
    sold_out = [offer("a", "w", stock=Stock.NONE)]
    assert nearest(sold_out, Requirements(min_vcpus=64), RATES) is None
    assert nearest(TOWN[:1], Requirements(min_vcpus=64), RATES, {"one": "full"}) is None


def test_a_price_without_a_rate_is_rejected_and_does_not_fail_the_others() -> None:
    pounds = offer("p", "w").model_dump()
    for field in ("price_per_hour", "price_per_month"):
        pounds[field]["currency"] = "GBP"
    rates = Rates(as_of=AS_OF, source="a test", usd_per={"EUR": Decimal("1.1")})
    plan = plan_deploy("web", [Offer(**pounds), *TOWN], WANTED, rates)
    assert [each.reason for each in plan.rejected] == ["no rate from GBP to USD"]
