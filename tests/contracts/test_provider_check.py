"""`provider check` over every rehearsed cloud: what is in the way is told apart."""

from collections.abc import Callable, Iterator

import pytest

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.faults import Fault
from capsule_cli.report import exit_code, word
from capsule_domain.errors import AccountLocked, CapsuleError
from capsule_domain.services.check_provider import CheckProvider
from tests.simulators import digitalocean
from tests.simulators.clouds import NAMES, Cloud, open_clouds

OFTEN = 50

IN_THE_WAY: dict[str, tuple[Fault, str, int]] = {
    "refused": (faults.status(401), "credentials_refused", 6),
    "lacking a right": (faults.status(403), "permission_missing", 6),
    "rate limited": (faults.status(429), "rate_limited", 7),
    "not well": (faults.status(503), "provider_unavailable", 7),
    "unreachable": (faults.reset_before(), "provider_unavailable", 7),
}


@pytest.fixture(scope="module")
def clouds() -> Iterator[Callable[[str], Cloud]]:
    yield from open_clouds()


@pytest.mark.parametrize("name", NAMES)
def test_a_check_tells_apart_what_is_in_the_way(clouds: Callable[[str], Cloud], name: str) -> None:
    cloud = clouds(name)
    found = {}
    for trouble, (fault, *_) in IN_THE_WAY.items():
        cloud.fail(fault, times=OFTEN)
        with pytest.raises(CapsuleError) as caught:
            CheckProvider(cloud.impatient).run()
        cloud.simulator.faults.clear()
        found[trouble] = (word(caught.value), exit_code(caught.value))
    assert found == {trouble: (said, code) for trouble, (_, said, code) in IN_THE_WAY.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_check_that_passes_changes_nothing(clouds: Callable[[str], Cloud], name: str) -> None:
    cloud = clouds(name)
    before = len(cloud.changes())
    account = CheckProvider(cloud.provider).run()
    assert (account.provider, account.active) == (name, True)
    assert len(cloud.changes()) == before


def test_an_account_that_its_cloud_locked_is_told_so() -> None:
    with digitalocean.rehearsal() as rehearsal:
        rehearsal.simulator.temper.account_status = "warning"
        assert CheckProvider(rehearsal.provider).run().active
        rehearsal.simulator.temper.account_status = "locked"
        with pytest.raises(AccountLocked, match="is not active"):
            CheckProvider(rehearsal.provider).run()
