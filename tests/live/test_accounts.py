"""The Provider port's contract with real accounts: what can be read, and one renting."""

import time
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import TypeVar

import pytest

from capsule_cli.wiring import Wiring
from capsule_domain.errors import NotFound, OutOfStock, ProviderUnavailable
from capsule_domain.models.deployment import TAG_PREFIX, DeploymentId
from capsule_domain.models.server import Server, ServerRequest, ServerStatus
from capsule_domain.models.template import Offer, Stock
from capsule_domain.ports.provider import Provider
from capsule_domain.services.check_provider import CheckProvider
from tests.live.conftest import Purse

pytestmark = pytest.mark.live

PATIENCE_SECONDS = 900.0
POLL_SECONDS = 1.0
BILLED_HOURS = 2
"""What a renting is taken to cost: clouds bill whole hours, and it may begin in one."""
TRIED_OFFERS = 3

Found = TypeVar("Found")


def test_the_key_opens_an_active_account(cloud: str, wiring: Wiring) -> None:
    account = CheckProvider(wiring.provider(cloud)).run()
    assert (account.provider, account.active) == (cloud, True)
    assert account.identity


def test_what_is_offered_has_a_place_and_a_price(cloud: str, wiring: Wiring) -> None:
    provider = wiring.provider(cloud)
    regions = [region.region for region in provider.regions()]
    offers = list(provider.offers())
    assert offers
    assert len(set(regions)) == len(regions)
    assert {offer.region for offer in offers} <= set(regions)
    assert all(offer.price_per_hour.amount > 0 for offer in offers)
    assert {o.price_per_hour.currency for o in offers} == {provider.capabilities.currency}
    assert {offer.arch for offer in offers} <= set(provider.capabilities.architectures)


def test_each_server_is_found_by_its_id(cloud: str, wiring: Wiring) -> None:
    provider = wiring.provider(cloud)
    for server in list(provider.servers())[:3]:
        assert provider.server(server.server_id).server_id == server.server_id
    assert list(provider.servers(deployment=DeploymentId(token_hex(5)))) == []


def test_the_cheapest_offer_is_rented_found_by_its_tag_and_ended(
    cloud: str, wiring: Wiring, purse: Purse
) -> None:
    if wiring.ended(cloud):
        pytest.skip(f"{cloud} has ended")
    provider = wiring.provider(cloud)
    deployment = DeploymentId(token_hex(5))
    key = wiring.keys().deploy_key().public_openssh
    young_seconds = 0.0
    try:
        server = rented(provider, purse, deployment, key)
        assert until(lambda: ready(provider, server.server_id)).address
        found = until(lambda: [s.server_id for s in provider.servers(deployment=deployment)])
        assert found == [server.server_id]
    except ProviderUnavailable as error:
        young_seconds = provider.capabilities.settling_seconds if error.sent else 0.0
        raise
    finally:
        end_all(provider, deployment, young_seconds=young_seconds)


def rented(provider: Provider, purse: Purse, deployment: DeploymentId, key: str) -> Server:
    """A server of the cheapest offer that the purse allows and the cloud has."""
    for offer in affordable(provider, purse)[:TRIED_OFFERS]:
        if not purse.pay(offer.price_per_hour * BILLED_HOURS):
            break
        request = ServerRequest(
            name=f"capsule-live-{deployment}",
            region=offer.region,
            slug=offer.slug,
            ssh_public_key=key,
            tags=(f"{TAG_PREFIX}{deployment}",),
        )
        with suppress(OutOfStock):
            return provider.create(request)
    pytest.skip(f"nothing that is in stock costs less than the {purse.left} USD that are left")


def affordable(provider: Provider, purse: Purse) -> list[Offer]:
    """What is not sold out, cheapest first; what the cloud says it has goes before the rest."""
    offers = [o for o in provider.offers() if o.stock is not Stock.NONE]
    return sorted(
        offers,
        key=lambda o: (o.stock is Stock.UNKNOWN, purse.rates.in_usd(o.price_per_hour), o.slug),
    )


def ready(provider: Provider, server_id: str) -> Server | None:
    """The server once it runs; a young one may not be known yet."""
    with suppress(NotFound):
        server = provider.server(server_id)
        if server.status is ServerStatus.RUNNING and server.address:
            return server
    return None


def end_all(provider: Provider, deployment: DeploymentId, *, young_seconds: float) -> None:
    """End whatever has the tag until nothing has it; what is young may show up so late."""
    settled = time.monotonic() + young_seconds
    deadline = settled + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        left = list(provider.servers(deployment=deployment))
        for server in left:
            provider.destroy(server.server_id)
        if not left and time.monotonic() >= settled:
            return
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"servers with the tag {TAG_PREFIX}{deployment} are still there: END THEM")


def until(look: Callable[[], Found | None]) -> Found:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"nothing within {PATIENCE_SECONDS:.0f} s")
