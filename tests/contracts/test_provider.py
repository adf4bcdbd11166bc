"""The Provider port's contract: the fake, and the true adapters over their simulators.

One item a page, and every exchange with a simulator is judged by the cloud's own API
description.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from capsule_domain.errors import (
    CredentialsRefused,
    NotFound,
    OutOfStock,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
)
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.leftover import LeftoverKind
from capsule_domain.models.server import ServerRequest, ServerStatus
from capsule_domain.models.template import Stock
from capsule_domain.ports.provider import Provider
from tests.fakes.clock import FakeClock
from tests.fakes.provider import FakeProvider, Lost
from tests.simulators import aws, digitalocean, equinix, hivelocity, linode, scaleway, vultr

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
DEPLOYMENT = DeploymentId("01hzx3")
TAG = f"capsule-{DEPLOYMENT}"


@dataclass
class Case:
    """An implementation, and how to put it into the states that the contract speaks of."""

    provider: Provider
    clock: FakeClock
    region: str
    slug: str
    sold_out_slug: str
    gpu: tuple[str, str] | None
    """Slug and region of a size with a GPU, where there is one."""
    limit_servers: Callable[[int], None]
    refuse_key: Callable[[], None]
    lose_next_create: Callable[[Lost], None]
    list_late: Callable[[], None]
    servers_made: Callable[[], int]
    gpu_memory_gib: int = 640
    """Of all of its GPUs together."""
    tells_address_at_once: bool = False

    def request(self, name: str = "web-1") -> ServerRequest:
        return ServerRequest(
            name=name,
            region=self.region,
            slug=self.slug,
            ssh_public_key=KEY,
            user_data=SecretStr("#cloud-config\n"),
            tags=(TAG, "web"),
        )

    def boot(self) -> str:
        """A server that runs; its id."""
        server_id = self.provider.create(self.request()).server_id
        for _ in range(10):
            if self.provider.server(server_id).status is ServerStatus.RUNNING:
                return server_id
            self.clock.sleep(1.0)
        raise AssertionError("the server never came up")


@contextmanager
def _fake() -> Iterator[Case]:
    clock = FakeClock()
    cloud = FakeProvider(clock=clock, boot_polls=2)
    yield Case(
        provider=cloud,
        clock=clock,
        region="west",
        slug="small",
        sold_out_slug="rare",
        gpu=None,
        limit_servers=lambda limit: setattr(cloud, "server_limit", limit),
        refuse_key=lambda: setattr(cloud, "refuses_key", True),
        lose_next_create=lambda how: setattr(cloud, "create_fails", how),
        list_late=lambda: setattr(cloud, "lists_late", True),
        servers_made=lambda: len(cloud.created),
    )


@contextmanager
def _aws() -> Iterator[Case]:
    with aws.rehearsal() as rehearsal:
        cloud = rehearsal.simulator
        temper = cloud.temper
        yield Case(
            provider=rehearsal.provider,
            clock=rehearsal.clock,
            region="eu-west-1",
            slug="t3.micro",
            sold_out_slug="x2iezn.2xlarge",
            gpu=("p5.48xlarge", "us-east-1"),
            limit_servers=lambda limit: setattr(temper, "instance_limit", limit),
            refuse_key=lambda: setattr(cloud, "token", "another"),
            lose_next_create=lambda how: aws.lose(cloud, how.value),
            list_late=lambda: setattr(temper, "settling_seconds", 60.0),
            servers_made=lambda: len(cloud.state.rentals),
        )


@contextmanager
def _digitalocean() -> Iterator[Case]:
    with digitalocean.rehearsal() as rehearsal:
        cloud = rehearsal.simulator
        temper = cloud.temper

        def change_token() -> None:
            cloud.token = "another"

        yield Case(
            provider=rehearsal.provider,
            clock=rehearsal.clock,
            region="fra1",
            slug="s-1vcpu-1gb",
            sold_out_slug="m-2vcpu-16gb",
            gpu=("gpu-h100x8-640gb", "tor1"),
            limit_servers=lambda limit: setattr(temper, "droplet_limit", limit),
            refuse_key=change_token,
            lose_next_create=lambda how: digitalocean.lose(cloud, how.value),
            list_late=lambda: setattr(temper, "settling_seconds", 60.0),
            servers_made=lambda: len(cloud.state.droplets),
        )


@contextmanager
def _hivelocity() -> Iterator[Case]:
    with hivelocity.rehearsal() as rehearsal:
        cloud = rehearsal.simulator
        temper = cloud.temper
        yield Case(
            provider=rehearsal.provider,
            clock=rehearsal.clock,
            region="TPA1",
            # A VPS, so that with the GPU both kinds are in it.
            slug="2311",
            sold_out_slug="333",
            gpu=("801", "NYC1"),
            limit_servers=lambda limit: setattr(temper, "device_limit", limit),
            refuse_key=lambda: setattr(cloud, "token", "another"),
            lose_next_create=lambda how: hivelocity.lose(cloud, how.value),
            list_late=lambda: setattr(temper, "settling_seconds", 60.0),
            servers_made=lambda: len(cloud.state.devices),
        )


@contextmanager
def _linode() -> Iterator[Case]:
    with linode.rehearsal() as rehearsal:
        cloud = rehearsal.simulator
        temper = cloud.temper
        yield Case(
            provider=rehearsal.provider,
            clock=rehearsal.clock,
            region="fr-par",
            slug="g6-nanode-1",
            sold_out_slug="g7-premium-2",
            gpu=("g1-gpu-rtx6000-1", "us-east"),
            limit_servers=lambda limit: setattr(temper, "linode_limit", limit),
            refuse_key=lambda: setattr(cloud, "token", "another"),
            lose_next_create=lambda how: linode.lose(cloud, how.value),
            list_late=lambda: setattr(temper, "settling_seconds", 60.0),
            servers_made=lambda: len(cloud.state.linodes),
            gpu_memory_gib=24,
            tells_address_at_once=True,
        )


@contextmanager
def _equinix() -> Iterator[Case]:
    with equinix.rehearsal() as rehearsal:
        cloud = rehearsal.simulator
        temper = cloud.temper
        yield Case(
            provider=rehearsal.provider,
            clock=rehearsal.clock,
            region="da",
            slug="c3.small.x86",
            sold_out_slug="m3.large.x86",
            gpu=("g2.large.x86", "da"),
            limit_servers=lambda limit: setattr(temper, "device_limit", limit),
            refuse_key=lambda: setattr(cloud, "token", "another"),
            lose_next_create=lambda how: equinix.lose(cloud, how.value),
            list_late=lambda: setattr(temper, "settling_seconds", 60.0),
            servers_made=lambda: len(cloud.state.devices),
            gpu_memory_gib=64,
        )


@contextmanager
def _scaleway() -> Iterator[Case]:
    with scaleway.rehearsal() as rehearsal:
        cloud = rehearsal.simulator
        temper = cloud.temper
        yield Case(
            provider=rehearsal.provider,
            clock=rehearsal.clock,
            region="fr-par-1",
            slug="DEV1-S",
            # Which the cloud says only when it is to be switched on.
            sold_out_slug="PLAY2-PICO",
            gpu=("L4-2-24G", "fr-par-1"),
            limit_servers=lambda limit: setattr(temper, "server_limit", limit),
            refuse_key=lambda: setattr(cloud, "token", "another"),
            lose_next_create=lambda how: scaleway.lose(cloud, how.value),
            list_late=lambda: setattr(temper, "settling_seconds", 60.0),
            servers_made=lambda: len(cloud.state.servers),
            gpu_memory_gib=48,
        )


@contextmanager
def _vultr() -> Iterator[Case]:
    with vultr.rehearsal() as rehearsal:
        cloud = rehearsal.simulator
        temper = cloud.temper
        yield Case(
            provider=rehearsal.provider,
            clock=rehearsal.clock,
            region="fra",
            slug="vc2-1c-1gb",
            sold_out_slug="vhp-1c-1gb",
            # Of bare metal, so that both kinds are in it.
            gpu=("vbm-112c-2048gb-8-h100-gpu", "sea"),
            limit_servers=lambda limit: setattr(temper, "server_limit", limit),
            refuse_key=lambda: setattr(cloud, "token", "another"),
            lose_next_create=lambda how: vultr.lose(cloud, how.value),
            list_late=lambda: setattr(temper, "settling_seconds", 60.0),
            servers_made=lambda: len(cloud.state.rentals),
        )


MAKERS: dict[str, Callable[[], AbstractContextManager[Case]]] = {
    "fake": _fake,
    "aws": _aws,
    "digitalocean": _digitalocean,
    "hivelocity": _hivelocity,
    "equinix": _equinix,
    "linode": _linode,
    "scaleway": _scaleway,
    "vultr": _vultr,
}


@pytest.fixture(params=MAKERS)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with MAKERS[request.param]() as made:
        yield made


def test_the_account_says_whose_it_is(case: Case) -> None:
    account = case.provider.account()
    assert account.provider == case.provider.name
    assert account.active
    assert "@" in account.identity


def test_a_refused_key_is_told_apart(case: Case) -> None:
    case.refuse_key()
    for call in (case.provider.account, case.provider.servers, case.provider.offers):
        with pytest.raises(CredentialsRefused):
            list(call())
    with pytest.raises(CredentialsRefused):
        case.provider.create(case.request())


def test_regions_and_offers_agree(case: Case) -> None:
    regions = {region.region for region in case.provider.regions()}
    offers = list(case.provider.offers())
    assert case.region in regions
    assert {offer.region for offer in offers} <= regions
    assert len({(offer.slug, offer.region) for offer in offers}) == len(offers)
    assert {offer.provider for offer in offers} == {case.provider.name}


def test_every_offer_has_both_prices_in_the_currency_of_the_cloud(case: Case) -> None:
    for offer in case.provider.offers():
        assert offer.price_per_hour.amount > 0
        assert offer.price_per_month.amount > offer.price_per_hour.amount
        assert offer.price_per_hour.currency == case.provider.capabilities.currency
        assert offer.price_per_month.currency == case.provider.capabilities.currency


def test_what_is_sold_out_is_offered_without_stock_and_refused(case: Case) -> None:
    stock = {o.stock for o in case.provider.offers() if o.slug == case.sold_out_slug}
    assert stock == {Stock.NONE}
    wanted = case.request().model_copy(update={"slug": case.sold_out_slug})
    with pytest.raises(OutOfStock):
        case.provider.create(wanted)
    assert list(case.provider.servers()) == []


def test_a_new_server_is_pending_and_has_no_address_or_its_last_one(case: Case) -> None:
    server = case.provider.create(case.request())
    assert server.status is ServerStatus.PENDING
    if case.tells_address_at_once:
        assert server.address == case.provider.server(server.server_id).address
        assert server.address is not None
    else:
        assert server.address is None
    assert server.provider == case.provider.name
    assert (server.name, server.region, server.slug) == ("web-1", case.region, case.slug)
    assert {TAG, "web"} <= set(server.tags)


def test_a_server_comes_up_with_a_public_address(case: Case) -> None:
    server = case.provider.server(case.boot())
    assert server.status is ServerStatus.RUNNING
    assert server.address is not None
    assert server.address.startswith("127.77.")
    assert server.price_per_hour is not None


def test_servers_are_listed_whole_and_by_deployment(case: Case) -> None:
    ours = {case.provider.create(case.request(f"web-{n}")).server_id for n in range(3)}
    foreign = case.request("other").model_copy(update={"tags": ("other",)})
    other = case.provider.create(foreign).server_id
    assert {s.server_id for s in case.provider.servers()} == {*ours, other}
    assert {s.server_id for s in case.provider.servers(deployment=DEPLOYMENT)} == ours
    assert list(case.provider.servers(deployment=DeploymentId("01hzx"))) == []


def test_a_server_with_a_gpu_is_listed_too(case: Case) -> None:
    if case.gpu is None:
        assert not any(offer.gpu for offer in case.provider.offers())
        return
    slug, region = case.gpu
    wanted = case.request().model_copy(update={"slug": slug, "region": region})
    server_id = case.provider.create(wanted).server_id
    foreign = wanted.model_copy(update={"name": "other", "tags": ("other",)})
    other = case.provider.create(foreign).server_id
    assert {s.server_id for s in case.provider.servers()} == {server_id, other}
    assert [s.server_id for s in case.provider.servers(deployment=DEPLOYMENT)] == [server_id]
    gpus = {offer.gpu for offer in case.provider.offers() if offer.slug == slug}
    assert all(
        gpu is not None and gpu.count * gpu.memory_gib == case.gpu_memory_gib for gpu in gpus
    )


def test_a_list_may_miss_a_server_only_while_it_settles(case: Case) -> None:
    case.list_late()
    server_id = case.provider.create(case.request()).server_id
    assert case.provider.server(server_id).server_id == server_id
    case.clock.advance(case.provider.capabilities.settling_seconds)
    assert [s.server_id for s in case.provider.servers(deployment=DEPLOYMENT)] == [server_id]


def test_stopping_and_starting_may_be_repeated(case: Case) -> None:
    server_id = case.boot()
    address = case.provider.server(server_id).address
    for _ in range(2):
        case.provider.stop(server_id)
        assert case.provider.server(server_id).status is ServerStatus.STOPPED
    assert [s.server_id for s in case.provider.servers()] == [server_id]
    for _ in range(2):
        case.provider.start(server_id)
        assert case.provider.server(server_id).status is ServerStatus.RUNNING
    assert case.provider.server(server_id).address == address


@pytest.mark.parametrize("force", [False, True])
def test_a_restart_ends_running(case: Case, force: bool) -> None:  # noqa: FBT001
    server_id = case.boot()
    case.provider.restart(server_id, force=force)
    assert case.provider.server(server_id).status is ServerStatus.RUNNING


def test_a_server_already_gone_is_a_success(case: Case) -> None:
    server_id = case.provider.create(case.request()).server_id
    case.provider.destroy(server_id)
    case.provider.destroy(server_id)
    assert list(case.provider.servers()) == []


def test_destroying_ends_one_server_only(case: Case) -> None:
    first, second = (case.provider.create(case.request(f"web-{n}")).server_id for n in range(2))
    case.provider.destroy(first)
    assert [s.server_id for s in case.provider.servers()] == [second]


def test_what_is_not_there_is_not_found(case: Case) -> None:
    for call in (
        case.provider.server,
        case.provider.start,
        case.provider.stop,
        case.provider.restart,
        lambda server_id: case.provider.set_tags(server_id, (TAG,)),
    ):
        with pytest.raises(NotFound, match="404404404"):
            call("404404404")


@pytest.mark.parametrize("junk", ["", "?tag_name=web", "../droplets", "1/2", " 1", "web-1", "١"])
def test_what_cannot_be_an_id_ends_nothing(case: Case, junk: str) -> None:
    server_id = case.provider.create(case.request()).server_id
    with pytest.raises(NotFound):
        case.provider.destroy(junk)
    assert case.provider.server(server_id).server_id == server_id


def test_tags_become_exactly_those_that_are_given(case: Case) -> None:
    server_id = case.boot()
    other = case.provider.create(case.request("other")).server_id
    for wanted in ((TAG, "web", "db-1"), ("db-1", TAG), (TAG, TAG, "a:b"), (TAG,)):
        for _ in range(2):
            case.provider.set_tags(server_id, wanted)
        assert sorted(case.provider.server(server_id).tags) == sorted(set(wanted))
        assert case.provider.server(server_id).name == "web-1"
    case.provider.set_tags(server_id, ())
    assert case.provider.server(server_id).tags == ()
    assert [s.server_id for s in case.provider.servers(deployment=DEPLOYMENT)] == [other]
    assert set(case.provider.server(other).tags) == {TAG, "web"}


@pytest.mark.parametrize("unfit", ["a=b", "", "x" * 256, "two\nlines"])
def test_an_unfit_tag_changes_none(case: Case, unfit: str) -> None:
    server_id = case.boot()
    with pytest.raises(ProviderError) as caught:
        case.provider.set_tags(server_id, ("new", unfit))
    assert not isinstance(caught.value, ProviderUnavailable)
    assert set(case.provider.server(server_id).tags) == {TAG, "web"}


def test_what_is_made_beside_servers_can_be_found_and_removed(case: Case) -> None:
    assert list(case.provider.leftovers()) == []
    server_id = case.boot()
    case.provider.destroy(server_id)
    assert list(case.provider.servers()) == []
    for leftover in case.provider.leftovers():
        assert leftover.provider == case.provider.name
        assert leftover.name.startswith("capsule-")
        for _ in range(2):
            case.provider.remove_leftover(leftover)
    assert list(case.provider.leftovers()) == []


def test_a_server_holds_what_it_needs_but_its_key(case: Case) -> None:
    case.boot()
    assert {leftover.kind for leftover in case.provider.leftovers()} <= {LeftoverKind.KEY}


def test_the_quota_is_told_apart(case: Case) -> None:
    case.limit_servers(1)
    case.provider.create(case.request("one"))
    with pytest.raises(QuotaExceeded):
        case.provider.create(case.request("two"))
    assert len(list(case.provider.servers())) == 1


@pytest.mark.parametrize(
    "unfit",
    [
        {"tags": ("a=b",)},
        {"tags": ("",)},
        {"tags": ("x" * 256,)},
        {"name": "not a name"},
        {"name": ""},
        {"user_data": SecretStr("x" * (64 * 1024 + 1))},
        {"ssh_public_key": "nonsense"},
    ],
    ids=["= in tag", "empty tag", "long tag", "bad name", "no name", "long user data", "no key"],
)
def test_what_a_cloud_cannot_take_is_refused_and_nothing_rented(
    case: Case, unfit: dict[str, object]
) -> None:
    with pytest.raises(ProviderError) as caught:
        case.provider.create(case.request().model_copy(update=unfit))
    assert not isinstance(caught.value, ProviderUnavailable)
    assert case.servers_made() == 0


@pytest.mark.parametrize(
    ("how", "made", "sent"),
    [
        (Lost.BEFORE_SENDING, 0, False),
        (Lost.BEFORE_ACTING, 0, True),
        (Lost.AFTER_ACTING, 1, True),
    ],
)
def test_a_lost_answer_is_never_asked_for_again(
    case: Case,
    how: Lost,
    made: int,
    sent: bool,  # noqa: FBT001
) -> None:
    case.lose_next_create(how)
    with pytest.raises(ProviderUnavailable) as caught:
        case.provider.create(case.request())
    assert caught.value.sent is sent
    assert case.servers_made() == made
    found = list(case.provider.servers(deployment=DEPLOYMENT))
    assert len(found) == made


def test_the_tag_pattern_takes_a_deployments_tag(case: Case) -> None:
    assert re.fullmatch(case.provider.capabilities.tag_pattern, TAG)


def test_a_fake_that_never_boots_stays_pending() -> None:
    cloud = FakeProvider(boot_polls=None)
    wanted = ServerRequest(name="web", region="west", slug="small", ssh_public_key=KEY)
    server_id = cloud.create(wanted).server_id
    assert {cloud.server(server_id).status for _ in range(50)} == {ServerStatus.PENDING}
