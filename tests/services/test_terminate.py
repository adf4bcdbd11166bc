"""Ending: believed only when the cloud says so."""

import pytest

from capsule_domain.errors import (
    Conflict,
    NotFound,
    ProviderError,
    ProviderUnavailable,
    UnsafePlan,
)
from capsule_domain.models.deployment import DeploymentState
from capsule_domain.models.server import ServerStatus
from tests.fakes.provider import Lost
from tests.services.renting import Street


def test_an_ended_xnode_is_gone_everywhere() -> None:
    street = Street()
    xnode = street.run()
    gone = street.terminate().run(xnode)
    assert gone.status is ServerStatus.GONE
    assert gone.terminated_at == street.clock.now()
    assert street.cloud.servers_by_id == {}
    assert street.known_hosts.pinned(xnode.id) == ()
    assert street.journal.get("web-1").state is DeploymentState.TERMINATED
    assert street.inventory.list() == []


def test_a_server_that_is_gone_already_is_settled_all_the_same() -> None:
    street = Street()
    xnode = street.run()
    street.cloud.servers_by_id.clear()
    assert street.terminate().run(xnode).status is ServerStatus.GONE


def test_a_server_that_will_not_go_is_never_called_gone() -> None:
    street = Street()
    xnode = street.run()
    street.cloud.destroy = lambda _server_id: None  # type: ignore[method-assign,assignment]
    with pytest.raises(ProviderError, match="still listed; it may be billed"):
        street.terminate().run(xnode)
    assert street.inventory.get("web-1").status is ServerStatus.RUNNING


def test_a_protected_xnode_is_refused() -> None:
    street = Street()
    street.inventory.update(street.run().model_copy(update={"protected": True}))
    with pytest.raises(UnsafePlan, match="web-1 is protected"):
        street.terminate().find("web-1")


def test_a_prefix_ends_nothing() -> None:
    street = Street()
    street.run()
    with pytest.raises(NotFound):
        street.terminate().find("web")
    assert street.terminate().find("0000000001").name == "web-1"


def test_one_that_is_gone_is_told_so() -> None:
    street = Street()
    street.terminate().run(street.run())
    with pytest.raises(Conflict, match="gone already"):
        street.terminate().find("web-1")


def test_a_protected_one_is_refused_at_the_end_too() -> None:
    street = Street()
    xnode = street.run().model_copy(update={"protected": True})
    with pytest.raises(UnsafePlan) as refused:
        street.terminate().run(xnode)
    assert refused.value.hint == "capsule openmesh xnode protect web-1 --off"
    assert street.cloud.destroyed == []


def test_what_only_the_journal_knows_is_to_be_abandoned() -> None:
    street = Street()
    street.cloud.create_fails = Lost.BEFORE_ACTING
    with pytest.raises(ProviderUnavailable):
        street.run()
    with pytest.raises(Conflict) as refused:
        street.terminate().find("web-1")
    left = street.journal.get("web-1").id
    assert refused.value.hint == f"capsule openmesh deploy --abandon {left}"


def test_one_that_was_deployed_by_another_capsule_is_ended_all_the_same() -> None:
    street = Street()
    foreign = street.run().model_copy(update={"deployment": "elsewhere"})
    street.inventory.update(foreign)
    assert street.terminate().run(foreign).status is ServerStatus.GONE
