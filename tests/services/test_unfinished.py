"""Deployments that were interrupted: gone on with, or undone, from wherever they stopped."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest

from capsule_domain.errors import (
    Conflict,
    NotFound,
    ProviderError,
    ProviderUnavailable,
    UnsafePlan,
)
from capsule_domain.models.deployment import Deployment, DeploymentId, DeploymentState, DeployPlan
from capsule_domain.models.leftover import Leftover, LeftoverKind
from capsule_domain.models.money import Money
from capsule_domain.models.server import Server, ServerStatus, UserDataForm
from capsule_domain.models.xnode import XNode
from tests.fakes.offers import DEFAULT_OFFERS
from tests.fakes.provider import CAPABILITIES, Lost
from tests.services.renting import Killed, Street


def agree(_confirmed: DeployPlan, _now: DeployPlan) -> bool:
    return True


def refuse(_confirmed: DeployPlan, _now: DeployPlan) -> bool:
    return False


def killed_at(moment: int) -> Callable[[], None]:
    calls = count(1)

    def strike() -> None:
        if next(calls) == moment:
            raise Killed

    return strike


def quiet() -> None: ...


def interrupted(lost: Lost = Lost.BEFORE_ACTING) -> Street:
    """A street on which a deploy died before it knew what came of its request."""
    street = Street()
    create = street.cloud.create

    def dying(request: object) -> object:
        if lost is Lost.AFTER_ACTING:
            create(request)  # type: ignore[arg-type]
        raise Killed

    street.cloud.create = dying  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        street.run()
    street.cloud.create = create  # type: ignore[method-assign]
    return street


def resumed(street: Street) -> XNode:
    [left] = street.journal.list(unfinished=True)
    return street.resume().run(street.resume().find(left.id), agree=agree)


def abandoned(street: Street) -> Deployment:
    return street.abandon().run(street.abandon().find("web-1"))


def is_empty(street: Street) -> bool:
    return not (street.cloud.servers_by_id or street.cloud.left or street.known_hosts.keys)


@pytest.mark.parametrize("lists_late", [False, True])
def test_whatever_was_killed_whenever_resuming_ends_with_one_ready_server(
    *, lists_late: bool
) -> None:
    for moment in count(1):
        street = Street(strike=killed_at(moment))
        street.cloud.lists_late = lists_late
        try:
            street.run()
        except Killed:
            street.strike = quiet
        else:
            break
        if street.journal.list(unfinished=True):
            xnode = resumed(street)
            assert [*street.cloud.servers_by_id] == [xnode.server_id], f"killed at call {moment}"
            assert street.inventory.get("web-1") == xnode
            [deployment] = street.journal.list()
            assert deployment.state is DeploymentState.READY
    assert moment > 60


@pytest.mark.parametrize("lists_late", [False, True])
def test_whatever_was_killed_whenever_abandoning_leaves_the_account_empty(
    *, lists_late: bool
) -> None:
    for moment in count(1):
        street = Street(strike=killed_at(moment))
        street.cloud.lists_late = lists_late
        try:
            street.run()
        except Killed:
            street.strike = quiet
        else:
            break
        if street.journal.list(unfinished=True):
            assert abandoned(street).state is DeploymentState.ABANDONED
            assert is_empty(street), f"killed at call {moment}"
            assert street.inventory.list() == []
    assert moment > 60


def test_an_undoing_that_was_killed_whenever_is_done_again() -> None:
    for moment in count(1):
        street = interrupted(Lost.AFTER_ACTING)
        street.strike = killed_at(moment)
        try:
            abandoned(street)
        except Killed:
            street.strike = quiet
            abandoned(street)
        else:
            break
        assert is_empty(street), f"killed at call {moment}"
        assert abandoned(street).state is DeploymentState.ABANDONED
    assert moment > 10


def test_a_resuming_that_was_killed_whenever_is_done_again() -> None:
    for moment in count(1):
        street = interrupted(Lost.BEFORE_ACTING)
        street.strike = killed_at(moment)
        try:
            resumed(street)
        except Killed:
            street.strike = quiet
            if street.journal.list(unfinished=True):
                resumed(street)
        else:
            break
        assert len(street.cloud.servers_by_id) == 1, f"killed at call {moment}"
    assert moment > 60


def test_a_request_is_sent_again_only_after_the_settling_time_and_with_a_fresh_host_key() -> None:
    street = interrupted()
    before = street.clock.now()
    xnode = resumed(street)
    settling = timedelta(seconds=street.cloud.capabilities.settling_seconds)
    assert street.clock.now() - before >= settling
    first, second = street.keys.made
    assert first.public_openssh != second.public_openssh
    assert street.known_hosts.pinned(xnode.id) == (second.public_openssh,)
    [request] = street.cloud.created
    assert request.tags[0] == f"capsule-{xnode.id}"


def test_a_cloud_that_lists_late_for_an_hour_is_not_waited_for_but_believed_later() -> None:
    street = interrupted()
    street.cloud.capabilities = CAPABILITIES.model_copy(update={"settling_seconds": 3600.0})
    for _ in range(2):
        with pytest.raises(ProviderUnavailable, match="says nothing before"):
            resumed(street)
        street.clock.advance(1700)
    assert street.cloud.created == []
    street.clock.advance(300)
    assert resumed(street).status is ServerStatus.RUNNING
    assert len(street.cloud.created) == 1


def test_a_silent_cloud_says_nothing_about_what_it_has() -> None:
    street = interrupted(Lost.AFTER_ACTING)
    street.cloud.fails = ProviderUnavailable("fakecloud", "503")
    for work in (resumed, abandoned):
        with pytest.raises(ProviderUnavailable):
            work(street)
    street.cloud.fails = None
    assert len(street.cloud.servers_by_id) == 1
    assert abandoned(street).state is DeploymentState.ABANDONED


def dearer(street: Street) -> None:
    price = Money.of("1.00")
    street.cloud.offers_ = [
        offer.model_copy(update={"price_per_hour": price}) for offer in DEFAULT_OFFERS
    ]


def test_what_became_dearer_is_rented_again_only_when_that_is_agreed_to() -> None:
    street = interrupted()
    dearer(street)
    with pytest.raises(Conflict, match="now costs 1 USD"):
        street.resume().run(street.resume().find("web-1"), agree=refuse)
    assert street.cloud.created == []
    assert resumed(street).price_per_hour == Money.of("1.00")


def test_what_was_rented_before_it_became_dearer_keeps_its_price() -> None:
    street = interrupted(Lost.AFTER_ACTING)
    dearer(street)
    assert street.resume().run(street.resume().find("web-1"), agree=refuse).price_per_hour == (
        street.plan().price_per_hour
    )


def test_what_is_not_sold_any_more_is_not_rented_again() -> None:
    street = interrupted()
    street.cloud.offers_ = ()
    with pytest.raises(ProviderError, match="not sold"):
        resumed(street)


def off(street: Street) -> Server:
    """The one server, found switched off."""
    [server] = street.cloud.servers_by_id.values()
    street.cloud.servers_by_id[server.server_id] = server.model_copy(
        update={"status": ServerStatus.STOPPED, "address": "127.77.0.1"}
    )
    return server


def test_a_server_that_is_off_is_switched_on_where_it_surely_has_its_user_data() -> None:
    street = interrupted(Lost.AFTER_ACTING)
    server = off(street)
    assert resumed(street).server_id == server.server_id
    assert "start" in street.cloud.calls


def test_a_server_that_is_off_and_may_lack_its_user_data_is_ended_and_rented_anew() -> None:
    street = interrupted(Lost.AFTER_ACTING)
    street.hosts.add("127.77.0.2", answers=street.machine.answers)
    street.cloud.capabilities = CAPABILITIES.model_copy(
        update={"user_data_form": UserDataForm.SEPARATE}
    )
    server = off(street)
    xnode = resumed(street)
    assert xnode.server_id != server.server_id
    assert street.cloud.destroyed == [server.server_id]
    assert list(street.cloud.servers_by_id) == [xnode.server_id]


def test_after_a_lost_answer_a_server_that_is_off_is_not_taken_for_a_whole_one() -> None:
    street = Street()
    street.cloud.boot_polls = None
    street.cloud.capabilities = CAPABILITIES.model_copy(
        update={"user_data_form": UserDataForm.SEPARATE}
    )
    create = street.cloud.create

    def half(request: object) -> object:
        create(request)  # type: ignore[arg-type]
        off(street)
        raise ProviderUnavailable("fakecloud", "the connection broke")

    street.cloud.create = half  # type: ignore[method-assign,assignment]
    with pytest.raises(ProviderUnavailable, match="maybe never told") as caught:
        street.run()
    assert "--resume 0000000001" in (caught.value.hint or "")
    assert street.inventory.list() == []


def test_one_that_was_rented_and_stopped_since_is_switched_on() -> None:
    street = Street()
    street.cloud.boot_polls = None
    with pytest.raises(ProviderError):
        street.run()
    off(street)
    assert resumed(street).status is ServerStatus.RUNNING


def test_one_that_was_rented_and_is_gone_is_not_rented_again() -> None:
    street = Street()
    street.cloud.boot_polls = None
    street.inventory.add = _full  # type: ignore[method-assign,assignment]
    with pytest.raises(Exception, match="rented and billed"):
        street.run()
    street.cloud.servers_by_id.clear()
    with pytest.raises(Conflict, match="is gone"):
        resumed(street)
    assert abandoned(street).state is DeploymentState.ABANDONED


def _full(_xnode: object) -> None:
    raise Conflict("no room")


def test_what_is_over_is_neither_resumed_nor_undone() -> None:
    street = Street()
    street.run()
    with pytest.raises(Conflict, match="ready already"):
        street.resume().find("web-1")
    with pytest.raises(Conflict, match="in use"):
        street.abandon().find("web-1")
    street.terminate().run(street.terminate().find("web-1"))
    for find in (street.resume().find, street.abandon().find):
        with pytest.raises(Conflict, match="is over"):
            find("web-1")
        with pytest.raises(NotFound):
            find("nobody")


def test_what_is_protected_is_not_undone() -> None:
    street = Street()
    street.cloud.boot_polls = None
    with pytest.raises(ProviderError):
        street.run()
    street.inventory.update(street.inventory.get("web-1").model_copy(update={"protected": True}))
    with pytest.raises(UnsafePlan, match="protected"):
        street.abandon().find("web-1")


def test_two_capsules_do_not_work_on_one_deployment() -> None:
    street = interrupted(Lost.AFTER_ACTING)
    with street.journal.hold(DeploymentId("0000000001")):
        for work in (resumed, abandoned):
            with pytest.raises(Conflict, match="another Capsule"):
                work(street)
    assert resumed(street).name == "web-1"


def test_a_name_that_another_machines_capsule_has_there_is_refused_before_renting() -> None:
    street, elsewhere = Street(), Street()
    elsewhere.cloud = street.cloud
    elsewhere.ids = iter(["00000000aa"])
    street.run()
    with pytest.raises(Conflict, match="deployment 0000000001"):
        elsewhere.run()
    assert elsewhere.journal.list() == []
    assert len(street.cloud.created) == 1


def volume(name: str, deployment: str) -> Leftover:
    return Leftover(
        provider="fakecloud",
        kind=LeftoverKind.VOLUME,
        id=name,
        name=name,
        deployment=DeploymentId(deployment),
    )


def test_undoing_takes_its_own_volumes_and_leaves_what_another_needs() -> None:
    street = Street()
    street.run(street.plan("other"))
    street.hosts.add("127.77.0.2", answers=street.machine.answers)
    street.cloud.boot_polls = None
    with pytest.raises(ProviderError):
        street.run()
    street.cloud.left |= {
        "mine": volume("mine", "0000000002"),
        "theirs": volume("theirs", "00000000aa"),
    }
    abandoned(street)
    assert {leftover.name for leftover in street.cloud.left.values()} == {"theirs", "capsule-key"}
    assert [s.name for s in street.cloud.servers_by_id.values()] == ["other"]


def test_a_key_without_the_right_to_look_for_leftovers_undoes_the_rest() -> None:
    street = interrupted(Lost.AFTER_ACTING)

    def refused() -> object:
        raise ProviderError("fakecloud", "the key lacks a right")

    street.cloud.leftovers = refused  # type: ignore[method-assign,assignment]
    assert abandoned(street).state is DeploymentState.ABANDONED
    assert ("left", "fakecloud: the key lacks a right") in [
        (event.step, event.detail) for event in street.journal.get("web-1").events
    ]


def test_what_a_refusal_left_can_be_taken_away_too() -> None:
    street = Street()
    street.cloud.create_fails = ProviderError("fakecloud", "no")
    with pytest.raises(ProviderError):
        street.run()
    street.cloud.left["1"] = Leftover(
        provider="fakecloud", kind=LeftoverKind.KEY, id="1", name="capsule-key"
    )
    assert abandoned(street).state is DeploymentState.ABANDONED
    assert is_empty(street)
