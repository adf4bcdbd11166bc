"""Renting: journalled before it costs, never twice, and told when it is not ready."""

from itertools import count

import pytest

from capsule_domain.errors import (
    CapsuleError,
    Conflict,
    HostKeyChanged,
    HostUnreachable,
    NoOfferFits,
    NotFound,
    OutOfStock,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    StoreError,
    UsageError,
)
from capsule_domain.models.deployment import DeploymentState
from capsule_domain.models.requirements import Requirements
from capsule_domain.models.server import ServerStatus
from capsule_domain.services.plan import plan_deploy, server_name
from tests.fakes.offers import DEFAULT_OFFERS
from tests.fakes.provider import CAPABILITIES, Lost
from tests.services.renting import RATES, Killed, Street


def test_the_plan_takes_the_cheapest_and_says_why_the_others_lost() -> None:
    plan = plan_deploy("web-1", DEFAULT_OFFERS, Requirements(), RATES)
    assert (plan.offer.slug, plan.offer.region) == ("small", "west")
    assert [offer.slug for offer in plan.runners_up] == ["large"]
    assert [rejected.reason for rejected in plan.rejected] == ["out of stock"]
    assert plan.seen == len(DEFAULT_OFFERS)


def test_no_offer_that_fits_says_what_was_in_the_way() -> None:
    with pytest.raises(NoOfferFits, match="none of 4 offers fits: has 1 vCPU, not 64"):
        plan_deploy("web-1", DEFAULT_OFFERS, Requirements(min_vcpus=64), RATES)
    with pytest.raises(NoOfferFits, match="no cloud offers anything"):
        plan_deploy("web-1", (), Requirements(), RATES)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a b", "a" * 64, "a\n", "a_b", "é"])
def test_a_name_that_a_cloud_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="a name is"):
        server_name(name)


def test_a_deploy_ends_ready_recorded_and_known_by_its_tag() -> None:
    street = Street()
    xnode = street.run(street.plan(profile="prod", tags=("a",)))
    assert (xnode.name, xnode.status, xnode.address) == ("web-1", "running", "127.77.0.1")
    assert street.inventory.get("web-1") == xnode
    [deployment] = street.journal.list()
    assert deployment.state is DeploymentState.READY
    assert deployment.server_id == xnode.server_id
    [request] = street.cloud.created
    assert request.tags == (deployment.tag, "a")
    assert street.machine.commands == ["uname -sm"]


def test_the_first_connection_is_verified_by_the_key_that_we_sent() -> None:
    street = Street()
    xnode = street.run()
    [host_key] = street.keys.made
    assert street.known_hosts.pinned(xnode.id) == (host_key.public_openssh,)
    [request] = street.cloud.created
    assert host_key.private_openssh.get_secret_value().splitlines()[1] in (
        request.user_data.get_secret_value()
    )
    assert "PRIVATE KEY" not in repr(request)


def test_the_journal_knows_before_the_cloud_is_asked() -> None:
    street = Street()
    seen: list[DeploymentState] = []
    create = street.cloud.create

    def watching(request: object) -> object:
        seen.extend(deployment.state for deployment in street.journal.list())
        return create(request)  # type: ignore[arg-type]

    street.cloud.create = watching  # type: ignore[method-assign,assignment]
    street.run()
    assert seen == [DeploymentState.INTENDED]


def test_whatever_is_killed_whenever_nothing_is_rented_unknown() -> None:
    """Kill before and after every single call to the world outside, one after another."""
    killed = 0
    for moment in count(1):
        calls = count(1)

        def strike(calls: object = calls, moment: int = moment) -> None:
            if next(calls) == moment:  # type: ignore[call-overload]
                raise Killed

        street = Street(strike=strike)
        try:
            street.run()
        except Killed:
            killed += 1
        else:
            break
        known = {deployment.tag: deployment for deployment in street.journal.list()}
        for server in street.cloud.servers_by_id.values():
            [tag] = server.tags
            assert tag in known, f"killed at call {moment}: an orphan"
            ready = known[tag].state is DeploymentState.READY
            assert known[tag].state.unfinished or (ready and street.inventory.get("web-1"))
    assert killed > 40


@pytest.mark.parametrize(
    "refusal",
    [
        OutOfStock("fakecloud", "gone"),
        QuotaExceeded("fakecloud", "too many"),
        ProviderError("fakecloud", "no"),
        NotFound("image", "x"),
        RateLimited("fakecloud"),
        Lost.BEFORE_SENDING,
    ],
    ids=lambda refusal: type(refusal).__name__,
)
def test_a_refusal_rents_nothing_and_frees_the_name(refusal: CapsuleError | Lost) -> None:
    street = Street()
    street.cloud.create_fails = refusal
    with pytest.raises(CapsuleError):
        street.run()
    [deployment] = street.journal.list()
    assert deployment.state is DeploymentState.FAILED
    assert street.inventory.list() == []
    assert street.known_hosts.keys == {}
    assert street.run().name == "web-1"


def test_a_lost_answer_is_resolved_by_the_tag_and_never_by_asking_twice() -> None:
    street = Street()
    street.cloud.create_fails = Lost.AFTER_ACTING
    xnode = street.run()
    assert len(street.cloud.attempts) == 1
    assert list(street.cloud.servers_by_id) == [xnode.server_id]


def test_a_lost_answer_is_looked_for_as_long_as_a_list_may_be_late() -> None:
    street = Street()
    street.cloud.create_fails = Lost.AFTER_ACTING
    street.cloud.lists_late = True
    xnode = street.run()
    assert list(street.cloud.servers_by_id) == [xnode.server_id]
    assert street.clock.monotonic() >= street.cloud.capabilities.settling_seconds


@pytest.mark.parametrize("settling_seconds", [60.0, 3600.0])
def test_a_lost_answer_that_nobody_can_resolve_stays_unfinished(settling_seconds: float) -> None:
    street = Street()
    street.cloud.capabilities = CAPABILITIES.model_copy(
        update={"settling_seconds": settling_seconds}
    )
    street.cloud.create_fails = Lost.BEFORE_ACTING
    with pytest.raises(ProviderUnavailable, match="nobody knows") as caught:
        street.run()
    assert "capsule openmesh deploy --resume" in (caught.value.hint or "")
    assert street.clock.monotonic() < 180
    [left] = street.journal.list(unfinished=True)
    assert (left.state, left.server_id) == (DeploymentState.INTENDED, None)
    with pytest.raises(Conflict):
        street.run()
    assert len(street.cloud.attempts) == 1


def test_a_server_that_never_becomes_active_is_kept_and_the_choice_is_stated() -> None:
    street = Street()
    street.cloud.boot_polls = None
    with pytest.raises(
        ProviderError, match="pending after 300 s and goes on being billed"
    ) as caught:
        street.run()
    assert "keep it" in (caught.value.hint or "")
    assert "xnode terminate web-1" in (caught.value.hint or "")
    assert street.inventory.get("web-1").status is ServerStatus.PENDING
    [left] = street.journal.list(unfinished=True)
    assert left.state is DeploymentState.RENTED
    street.terminate().run(street.terminate().find("web-1"))
    assert street.cloud.servers_by_id == {}
    assert street.journal.list(unfinished=True) == []


def test_a_server_that_vanishes_while_starting_is_told() -> None:
    street = Street()
    street.cloud.boot_polls = None
    server = street.cloud.server

    def vanishing(server_id: str) -> object:
        street.cloud.servers_by_id.pop(server_id, None)
        return server(server_id)

    street.cloud.server = vanishing  # type: ignore[method-assign,assignment]
    with pytest.raises(ProviderError, match="vanished"):
        street.run()
    assert street.clock.monotonic() >= street.cloud.capabilities.settling_seconds
    assert street.inventory.list() == []


def test_a_cloud_that_is_silent_for_a_while_is_waited_for() -> None:
    street = Street()
    outages = [ProviderUnavailable("fakecloud", "503")] * 3
    server = street.cloud.server

    def flaky(server_id: str) -> object:
        if outages:
            raise outages.pop()
        return server(server_id)

    street.cloud.server = flaky  # type: ignore[method-assign,assignment]
    assert street.run().status is ServerStatus.RUNNING
    assert sum(event.step == "cloud silent" for event in street.events) == 3


def test_a_machine_that_boots_slowly_is_waited_for() -> None:
    street = Street()
    street.machine.refused_connections = 5
    assert street.run().status is ServerStatus.RUNNING


def test_a_machine_that_never_answers_stays_rented_and_the_choice_is_stated() -> None:
    street = Street()
    street.machine.up = False
    with pytest.raises(HostUnreachable, match="runs and is billed") as caught:
        street.run()
    assert "xnode terminate web-1" in (caught.value.hint or "")
    [left] = street.journal.list(unfinished=True)
    assert left.state is DeploymentState.BOOTED


def test_a_machine_with_another_host_key_is_refused_at_once() -> None:
    street = Street()
    street.machine.host_key = street.keys.new_host_key().public_openssh
    with pytest.raises(HostKeyChanged):
        street.run()
    assert street.machine.commands == []
    assert street.clock.monotonic() < 60


def test_a_taken_name_is_refused_before_anything_is_asked() -> None:
    street = Street()
    street.run()
    with pytest.raises(Conflict, match="'web-1' exists already"):
        street.run()
    assert len(street.cloud.attempts) == 1


def test_a_name_is_free_again_when_its_xnode_is_gone() -> None:
    street = Street()
    street.terminate().run(street.run())
    street.hosts.add("127.77.0.2", answers={"uname": "Linux x86_64\n"})
    assert street.run().id == "0000000002"


def test_a_tag_that_the_cloud_would_refuse_is_refused_before_the_journal() -> None:
    street = Street()
    with pytest.raises(UsageError, match="does not take the tag 'a=b'"):
        street.run(street.plan(tags=("a=b",)))
    assert street.journal.list() == []


def test_a_full_disk_before_the_intent_rents_nothing() -> None:
    street = Street()

    def full(_deployment: object) -> None:
        raise StoreError("disk full")

    street.journal.begin = full  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreError):
        street.run()
    assert street.cloud.attempts == []


def test_a_full_disk_after_the_answer_names_what_is_billed() -> None:
    street = Street()

    def full(_xnode: object) -> None:
        raise StoreError("disk full")

    street.inventory.add = full  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreError, match="server 9001 at fakecloud is rented and billed") as caught:
        street.run()
    assert "capsule-0000000001" in caught.value.message
    [left] = street.journal.list(unfinished=True)
    assert left.server_id == "9001"
