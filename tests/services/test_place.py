"""Choosing: the answer is the cheapest, and every other one has its reason."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.presets.catalogue import TomlCatalogue
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.continent import Continent, continent_named, continent_of
from capsule_domain.models.money import Money, Rates
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.requirements import PriceLimit, Requirements
from capsule_domain.models.template import Arch, Gpu, Offer, Region, Stock, Template
from capsule_domain.services.place import (
    known_region,
    offers_of,
    placed,
    rank,
    refuse_unknown_template,
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
        disk_gib=st.sampled_from([0, 25, 80]),
        gpu=st.none()
        | st.builds(
            Gpu,
            model=st.sampled_from(["NVIDIA H100", "NVIDIA L4"]),
            count=st.integers(1, 4),
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
    max_vcpus=st.none() | st.integers(1, 8),
    min_memory_gib=st.none() | st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(4)]),
    max_memory_gib=st.none() | st.sampled_from([Decimal(1), Decimal(4)]),
    min_disk_gib=st.none() | st.just(25),
    max_disk_gib=st.none() | st.just(50),
    gpu_count=st.none() | st.integers(1, 4),
    template=st.none() | st.sampled_from(["A", "do-basic-1"]),
    regions=st.just(()),
    os=st.none() | st.sampled_from(list(OperatingSystem)),
    max_price=st.none() | st.sampled_from([PriceLimit.parse("0.5"), PriceLimit.parse("0.5EUR")]),
    gpu=st.booleans(),
    gpu_model=st.none() | st.just("h100"),
    region=st.none() | st.just("fra1"),
    provider=st.none() | st.just("scaleway"),
    providers=st.just(()) | st.just(("scaleway", "digitalocean")),
    arch=st.none() | st.sampled_from(list(Arch)),
)


def fits(offer: Offer, wanted: Requirements) -> bool:
    """The same question, asked in the plainest way."""
    usd = {"USD": Decimal(1), "EUR": Decimal("1.1")}
    limit = wanted.max_price
    gpus = offer.gpu.count if offer.gpu else 0
    needy = wanted.os in (OperatingSystem.XNODEOS, OperatingSystem.NIXOS)
    return (
        offer.stock is not Stock.NONE
        and (wanted.provider in (None, offer.provider))
        and (wanted.template in (None, "do-basic-1") or offer.slug == "a")
        and offer.vcpus <= (wanted.max_vcpus or 99)
        and offer.memory_mib <= (wanted.max_memory_gib or 99) * 1024
        and (wanted.min_disk_gib or 0) <= offer.disk_gib <= (wanted.max_disk_gib or 99)
        and gpus >= (wanted.gpu_count or 0)
        and not (needy and offer.arch is not Arch.X86_64)
        and not (wanted.os is OperatingSystem.XNODEOS and offer.memory_mib < 4096)
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
        (Requirements(max_vcpus=1, max_memory_gib=Decimal("0.5")), "has 1 GiB, more than 0.5"),
        (Requirements(min_disk_gib=80), "has 25 GiB of disk, not 80"),
        (Requirements(max_disk_gib=20), "has 25 GiB of disk, more than 20"),
        (Requirements(gpu_count=2), "has no GPU"),
        (Requirements(template="do-basic-2"), "it is not do-basic-2"),
        (Requirements(providers=("vultr", "aws")), "it is at digitalocean"),
        (Requirements(region="Asia", regions=("sgp1",)), "not sold in Asia"),
        (Requirements(os=OperatingSystem.XNODEOS), "xnodeos needs 4 GiB, and it has less"),
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


ABROAD = [
    Region(provider="one", region="fra1", country="DE"),
    Region(provider="one", region="sgp1", country="SG"),
    Region(provider="two", region="ams", country="NL"),
    Region(provider="two", region="nowhere"),
    Region(provider="two", region="as", country="US"),
]


def test_a_continent_is_all_the_regions_on_it() -> None:
    for word in ("eu", "Europe", "EUROPE"):
        wanted = placed(Requirements(region=word), ABROAD)
        assert (wanted.region, wanted.regions) == ("Europe", ("ams", "fra1"))
    [offer] = rank(
        [an_offer(), an_offer(region="sgp1")], placed(Requirements(region="eu"), ABROAD), RATES
    ).fitting
    assert offer.region == "fra1"
    one = placed(Requirements(region="eu", providers=("one", "three")), ABROAD)
    assert one.regions == ("fra1",)


def test_a_region_of_that_name_goes_before_the_continent() -> None:
    assert placed(Requirements(region="as"), ABROAD).region == "as"
    assert placed(Requirements(region="as", provider="one"), ABROAD).regions == ("sgp1",)


def test_a_continent_without_a_region_is_not_found() -> None:
    with pytest.raises(NotFound, match="no continent with a region named 'South America'"):
        placed(Requirements(region="sa"), ABROAD)


def test_every_country_of_the_catalogue_is_on_a_continent() -> None:
    countries = {region.country for region in TomlCatalogue().regions()}
    assert all(continent_of(country) for country in countries)
    assert continent_of("") is None
    assert continent_of("zz") is None
    assert continent_named("north america") is Continent.NORTH_AMERICA
    assert continent_named("nyc1") is None


def test_an_unknown_template_suggests_the_nearest() -> None:
    refuse_unknown_template(None, [])
    refuse_unknown_template("DO-basic-1", [an_offer()])
    with pytest.raises(NotFound, match="did you mean do-basic-1"):
        refuse_unknown_template("do-basic-2", [an_offer()])
