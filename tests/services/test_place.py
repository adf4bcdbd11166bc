"""Choosing: the answer is the cheapest, and every other one has its reason."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.money import Money, Rates
from capsule_domain.models.requirements import PriceLimit, Requirements
from capsule_domain.models.template import Arch, Gpu, Offer, Region, Stock, Template
from capsule_domain.services.place import (
    known_region,
    offers_of,
    placed,
    rank,
    region_meant,
    regions_of,
)

AS_OF = datetime(2026, 11, 23, tzinfo=UTC)
RATES = Rates(as_of=AS_OF, source="a test", usd_per={"EUR": Decimal("1.1")})


def an_offer(**fields: object) -> Offer:
    return Offer.model_validate(
        {
            "provider": "digitalocean",
            "template": "do-basic-1",
            "slug": "s-1vcpu-1gb",
            "region": "fra1",
            "vcpus": 1,
            "memory_mib": 1024,
            "disk_gib": 25,
            "price_per_hour": Money.of("0.00893"),
            "price_per_month": Money.of(6),
            "as_of": AS_OF,
            "source": "a test",
            **fields,
        }
    )


offers = st.lists(
    st.builds(
        an_offer,
        provider=st.sampled_from(["digitalocean", "scaleway"]),
        slug=st.sampled_from(["a", "b", "c"]),
        region=st.sampled_from(["fra1", "nyc1", "ams3"]),
        arch=st.sampled_from(list(Arch)),
        vcpus=st.integers(1, 8),
        memory_mib=st.sampled_from([512, 1024, 4096, 6144]),
        gpu=st.none()
        | st.builds(
            Gpu,
            model=st.sampled_from(["NVIDIA H100", "NVIDIA L4"]),
            count=st.just(1),
            memory_gib=st.just(24),
        ),
        price_per_hour=st.builds(
            Money.of, st.decimals("0.001", 2, places=3), st.sampled_from(["USD", "EUR"])
        ),
        stock=st.sampled_from(list(Stock)),
    ),
    max_size=20,
)
wishes = st.builds(
    Requirements,
    min_vcpus=st.none() | st.integers(1, 8),
    min_memory_gib=st.none() | st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(4)]),
    max_price=st.none() | st.sampled_from([PriceLimit.parse("0.5"), PriceLimit.parse("0.5EUR")]),
    gpu=st.booleans(),
    gpu_model=st.none() | st.just("h100"),
    region=st.none() | st.just("fra1"),
    provider=st.none() | st.just("scaleway"),
    arch=st.none() | st.sampled_from(list(Arch)),
)


def fits(offer: Offer, wanted: Requirements) -> bool:
    """The same question, asked in the plainest way."""
    usd = {"USD": Decimal(1), "EUR": Decimal("1.1")}
    limit = wanted.max_price
    return (
        offer.stock is not Stock.NONE
        and (wanted.provider in (None, offer.provider))
        and (wanted.region in (None, offer.region))
        and (wanted.arch in (None, offer.arch))
        and offer.vcpus >= (wanted.min_vcpus or 0)
        and offer.memory_mib >= (wanted.min_memory_gib or 0) * 1024
        and (offer.gpu is not None or not (wanted.gpu or wanted.gpu_model))
        and (not wanted.gpu_model or (offer.gpu is not None and "H100" in offer.gpu.model))
        and (
            limit is None
            or offer.price_per_hour.amount * usd[offer.price_per_hour.currency]
            <= limit.price.amount * usd[limit.price.currency]
        )
    )


@given(offers, wishes)
def test_the_first_is_the_cheapest_of_all_that_fit(
    given_offers: list[Offer], wanted: Requirements
) -> None:
    ranking = rank(given_offers, wanted, RATES)
    expected = [offer for offer in given_offers if fits(offer, wanted)]
    assert sorted(map(repr, ranking.fitting)) == sorted(map(repr, expected))
    if expected:
        assert RATES.in_usd(ranking.fitting[0].price_per_hour) == min(
            RATES.in_usd(offer.price_per_hour) for offer in expected
        )
    assert len(ranking.fitting) + len(ranking.rejected) == len(given_offers)
    assert all(rejected.reason for rejected in ranking.rejected)


@given(offers, wishes, st.randoms(use_true_random=False))
def test_the_order_of_the_question_does_not_matter(
    given_offers: list[Offer], wanted: Requirements, random: object
) -> None:
    shuffled = list(given_offers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    prices = [
        [(o.price_per_hour, o.slug, o.region) for o in rank(some, wanted, RATES).fitting]
        for some in (given_offers, shuffled)
    ]
    assert prices[0] == prices[1]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Requirements(min_vcpus=2), "has 1 vCPU, not 2"),
        (Requirements(min_memory_gib=Decimal("1.5")), "has 1 GiB, not 1.5"),
        (Requirements(gpu=True), "has no GPU"),
        (Requirements(region="nyc1"), "not sold in nyc1"),
        (Requirements(provider="vultr"), "it is at digitalocean"),
        (Requirements(arch=Arch.AARCH64), "it is x86_64"),
        (Requirements(max_price=PriceLimit.parse("5/mo")), "costs 6 USD"),
    ],
)
def test_each_rejection_says_why(wanted: Requirements, reason: str) -> None:
    [rejected] = rank([an_offer()], wanted, RATES).rejected
    assert rejected.reason == reason


def test_a_template_is_offered_in_each_of_its_regions() -> None:
    fields = an_offer().model_dump(exclude={"region", "regions"})
    template = Template(**fields, regions=("fra1", "nyc1"))
    assert [offer.region for offer in offers_of(template)] == ["fra1", "nyc1"]
    assert rank([template], Requirements(region="nyc1"), RATES).fitting == (template,)
    assert rank([template], Requirements(region="ams3"), RATES).fitting == ()


def test_an_unknown_region_suggests_the_nearest() -> None:
    regions = [Region(provider="digitalocean", region="fra1")]
    assert known_region("fra1", regions) == "fra1"
    with pytest.raises(NotFound, match="did you mean fra1"):
        known_region("fra2", regions)


SEVERAL = [
    Region(provider="digitalocean", region="nyc1"),
    Region(provider="hivelocity", region="NYC1", aliases=("new-york",)),
    Region(provider="hivelocity", region="ATL2", aliases=("atlanta",)),
    Region(provider="scaleway", region="fr-par-1", aliases=("par1", "paris")),
    Region(provider="scaleway", region="fr-par-2", aliases=("par2", "paris")),
]


@pytest.mark.parametrize(
    ("word", "provider", "region"),
    [
        ("atlanta", None, "ATL2"),
        ("Atlanta", None, "ATL2"),
        ("atl2", None, "ATL2"),
        ("par1", None, "fr-par-1"),
        ("nyc1", None, "nyc1"),
        ("NYC1", None, "NYC1"),
        ("nyc1", "hivelocity", "NYC1"),
        (None, None, None),
    ],
)
def test_a_region_is_meant_by_its_id_or_another_word(
    word: str | None, provider: str | None, region: str | None
) -> None:
    wanted = Requirements(region=word, provider=provider)
    assert placed(wanted, SEVERAL) == wanted.model_copy(update={"region": region})


def test_a_word_for_two_regions_is_a_conflict() -> None:
    for word in ("paris", "Nyc1"):
        with pytest.raises(Conflict, match="may mean"):
            known_region(word, SEVERAL)


def test_a_filter_takes_a_word_that_nobody_knows_as_it_is() -> None:
    assert region_meant("atlanta", SEVERAL) == "ATL2"
    assert region_meant("moon", SEVERAL) == "moon"


def test_offers_tell_their_regions_once() -> None:
    offers = [an_offer(), an_offer()]
    assert len(regions_of(offers)) == 1
