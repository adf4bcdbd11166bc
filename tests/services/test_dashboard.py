"""The dashboard: figures, and the most urgent thing first."""

from typing import Any

from capsule_domain.models.billing import Terms
from capsule_domain.models.dashboard import Dashboard
from capsule_domain.models.deployment import DeploymentState
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.services.dashboard import dashboard
from tests.fakes.ledger import FakeLedger
from tests.services.renting import Street


def seen(street: Street, *, bills: bool = True, **given: Any) -> Dashboard:
    rates = FakeLedger(street.inventory).rates(lambda _name: Terms(bills_when_stopped=bills))
    asked: dict[str, Any] = {"configured": ["fakecloud"], "known": 7, "owned": True, **given}
    return dashboard(
        street.inventory,
        street.journal.list(unfinished=True),
        rates,
        bills_when_stopped=lambda _name: bills,
        **asked,
    )


def commands(found: Dashboard) -> list[str]:
    return [step.command for step in found.next]


def stop(street: Street) -> XNode:
    xnode = street.run().model_copy(update={"status": ServerStatus.STOPPED})
    street.inventory.update(xnode)
    return xnode


def test_a_new_home_is_told_how_to_begin() -> None:
    found = seen(Street(), configured=[], owned=False)
    assert (found.xnodes.total, found.xnodes.by_status, found.rates) == (0, {}, ())
    assert commands(found) == [
        "capsule openmesh provider configure NAME",
        "capsule --sandbox openmesh deploy --name first",
        "capsule openmesh configure",
        "capsule openmesh templates",
    ]


def test_what_runs_is_counted_and_priced() -> None:
    street = Street()
    street.run()
    found = seen(street)
    assert (found.xnodes.total, found.xnodes.by_status) == (1, {"running": 1})
    assert [(r.hourly, r.monthly) for r in found.rates] == [(Money.of("0.01"), Money.of("6"))]
    assert commands(found)[-1] == "capsule openmesh cost-report"


def test_what_is_off_and_billed_comes_before_what_is_usual() -> None:
    street = Street()
    stop(street)
    found = seen(street)
    assert found.stopped_and_billed == ("web-1",)
    assert commands(found)[0] == "capsule openmesh xnode terminate web-1"
    assert seen(street, bills=False).stopped_and_billed == ()


def test_what_is_unfinished_comes_first_of_all() -> None:
    street = Street()
    stop(street)
    street.journal.begin(
        street.journal.get("web-1").model_copy(
            update={"id": "id9", "name": "web-9", "state": DeploymentState.INTENDED}
        )
    )
    found = seen(street)
    assert [(one.id, one.name) for one in found.unfinished] == [("id9", "web-9")]
    assert commands(found)[:2] == [
        "capsule openmesh deployments id9",
        "capsule openmesh xnode terminate web-1",
    ]


def test_of_many_that_are_off_a_few_are_named_and_all_are_counted() -> None:
    street = Street()
    one = stop(street)
    for number in range(30):
        changes = {"id": f"n{number}", "name": f"a-{number:02}"}
        street.inventory.add(one.model_copy(update=changes))
    found = seen(street)
    assert (found.stopped_and_billed_count, len(found.stopped_and_billed)) == (31, 20)
    assert found.stopped_and_billed[:2] == ("a-00", "a-01")
