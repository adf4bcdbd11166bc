"""Two Capsules and one name: the first keeps it, and the other leaves nothing behind."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from capsule_domain.errors import Conflict, ProviderUnavailable
from capsule_domain.models.deployment import DeploymentId, DeploymentState
from capsule_domain.models.server import Server, ServerStatus
from capsule_domain.services.first_come import is_earlier
from tests.services.renting import Killed, Street

ELSEWHERE = "capsule-ffffffffff"


def rival(street: Street, *, seconds: float, **changes: object) -> Server:
    """A server of that name that another Capsule rented so much later."""
    fields: dict[str, object] = {
        "provider": "fakecloud",
        "server_id": "77",
        "name": "web-1",
        "status": ServerStatus.PENDING,
        "region": "west",
        "slug": "small",
        "tags": (ELSEWHERE,),
        "created_at": street.clock.now() + timedelta(seconds=seconds),
    }
    return Server.model_validate(fields | changes)


def rents_too(street: Street, other: Server) -> None:
    """The other one is at the cloud once we have rented ours."""
    rent = street.cloud.create

    def create(request: object) -> Server:
        made = rent(request)  # type: ignore[arg-type]
        street.cloud.servers_by_id[other.server_id] = other
        return made

    street.cloud.create = create  # type: ignore[method-assign]


def test_the_later_of_two_undoes_itself_and_says_who_was_first() -> None:
    street = Street()
    rents_too(street, rival(street, seconds=-1))
    with pytest.raises(Conflict, match=r"first \(server 77, deployment ffffffffff\)"):
        street.run()
    [left] = street.cloud.servers_by_id.values()
    assert left.server_id == "77"
    [deployment] = street.journal.list()
    assert deployment.state is DeploymentState.ABANDONED
    assert "name taken" in [event.step for event in deployment.events]
    assert street.inventory.list() == []
    assert street.known_hosts.pinned(deployment.id) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tags": ()},
        {"tags": ("capsule-web",)},
        {"name": "web-2"},
        {"status": ServerStatus.GONE},
    ],
)
def test_what_is_later_or_no_namesake_of_a_capsule_is_left_alone(
    changes: dict[str, object],
) -> None:
    street = Street()
    rents_too(street, rival(street, seconds=-1 if changes else 1, **changes))
    assert street.run().name == "web-1"
    assert len(street.cloud.servers_by_id) == 2


@pytest.mark.parametrize(
    ("number", "tag", "first"),
    [
        ("9000", "capsule-ffffffffff", True),
        ("9002", "capsule-0000000000", False),
        ("i-0c", "capsule-ffffffffff", True),
        ("9001", "capsule-0000000000", True),
        ("9001", "capsule-ffffffffff", False),
    ],
)
def test_of_one_moment_the_number_counts_and_then_the_deployment(
    number: str, tag: str, *, first: bool
) -> None:
    street = Street()
    own = street.run()
    other = rival(street, seconds=0, server_id=number, tags=(tag,), created_at=None)
    ours = street.cloud.servers_by_id[own.server_id]
    assert (own.server_id, own.deployment) == ("9001", "0000000001")
    assert is_earlier(other, ours, DeploymentId("0000000001")) is first
    assert is_earlier(ours, other, DeploymentId(tag.removeprefix("capsule-"))) is not first


def test_one_that_the_cloud_lists_late_is_seen_before_success_is_told() -> None:
    street = Street()
    street.cloud.boot_polls = 3
    other = rival(street, seconds=-1)
    looks = iter(range(99))
    servers = street.cloud.servers

    def late(**chosen: object) -> object:
        if next(looks) == 2:
            street.cloud.servers_by_id[other.server_id] = other
        return servers(**chosen)  # type: ignore[arg-type]

    street.cloud.servers = late  # type: ignore[method-assign,assignment]
    with pytest.raises(Conflict, match="first"):
        street.run()
    assert [event.step for event in street.events][-1] == "abandoned"


def test_a_cloud_that_is_silent_then_leaves_a_deployment_to_go_on_with() -> None:
    street = Street()
    servers, looks = street.cloud.servers, iter(range(99))

    def silent(**chosen: object) -> object:
        if next(looks) == 1:
            raise ProviderUnavailable("fakecloud", "no answer", sent=False)
        return servers(**chosen)  # type: ignore[arg-type]

    street.cloud.servers = silent  # type: ignore[method-assign,assignment]
    with pytest.raises(ProviderUnavailable):
        street.run()
    [left] = street.journal.list()
    assert left.state is DeploymentState.RENTED
    assert street.resume().run(left, agree=lambda *_: True).name == "web-1"


def test_killed_while_it_undoes_itself_it_is_undone_by_going_on() -> None:
    for last in range(200):
        street = Street()
        rents_too(street, rival(street, seconds=-1))
        strikes = iter(range(10_000))

        def strike(last: int = last, strikes: Iterator[int] = strikes, at: Street = street) -> None:
            begun = any(event.step == "name taken" for event in at.events)
            if begun and next(strikes) == last:
                raise Killed

        street.strike = strike
        try:
            street.run()
        except Conflict:
            break
        except Killed:
            street.strike = lambda: None
        [left] = street.journal.list()
        if left.state is not DeploymentState.ABANDONED:
            street.abandon().run(street.abandon().find(left.id))
        assert list(street.cloud.servers_by_id) == ["77"]
        assert street.inventory.list() == []
    assert last > 5
