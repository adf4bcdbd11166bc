"""What every `NixosHosts` does: machines in memory, and scripts behind a real sshd."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from capsule_domain.errors import ConfigurationError, Conflict, HostUnreachable, NotFound
from capsule_domain.models.switch import SwitchMode, SwitchState
from capsule_domain.ports.nixos_hosts import NixosHost
from tests.switched import Site, begun, behind_sshd, confirmed, in_memory, order, until

LONG_FORMS: set[str] = set()


def long_form(test: Callable[..., None]) -> Callable[..., None]:
    """Behind a real sshd only with --full: tests/adapters/test_switch_faults.py has the like."""
    LONG_FORMS.add(test.__name__)
    return test


@pytest.fixture(params=[in_memory, behind_sshd])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    is_long = request.param is behind_sshd and request.function.__name__ in LONG_FORMS
    if is_long and not request.config.getoption("--full"):
        pytest.skip("the long form: run with --full")
    yield from request.param(tmp_path)


def test_a_machine_tells_what_it_runs_and_starts_as(site: Site) -> None:
    with site.hosts.enter(site.target) as host:
        live = host.look()
        [generation] = host.generations()
    assert (live.running, live.booted, live.profile, live.generation) == (*[site.old] * 3, 1)
    assert live.session is not None
    assert live.session.server_port == site.target.port
    assert (generation.generation, generation.store_path) == (1, site.old)
    assert generation.current
    assert generation.running
    assert generation.booted


def test_a_switch_that_is_confirmed_is_what_runs_and_what_the_machine_starts_as(
    site: Site,
) -> None:
    given = begun(site)
    report = confirmed(site, given)
    assert (report.running, report.profile, report.generation) == (given.new, given.new, 2)
    assert site.boots_into() == given.new
    assert not report.is_watched
    with site.hosts.enter(site.target) as host:
        old, new = host.generations()
    assert (old.current, old.running, old.booted) == (False, False, True)
    assert (new.current, new.running, new.booted) == (True, True, False)


def test_while_it_waits_nothing_is_kept_yet(site: Site) -> None:
    given = begun(site)
    report = until(site, given.id, SwitchState.AWAITING)
    assert (report.running, report.profile) == (given.new, site.old)
    assert report.is_watched
    assert report.same_boot
    assert report.seconds_left is not None
    assert 0 < report.seconds_left <= given.confirm_seconds
    assert site.boots_into() == site.old


def test_nobody_confirms_and_it_reverts_by_itself(site: Site) -> None:
    given = begun(site, confirm_seconds=1)
    report = until(site, given.id, SwitchState.REVERTED)
    assert (report.running, report.profile) == (site.old, site.old)
    assert report.reason == "nobody confirmed within 1 s"
    with site.hosts.enter(site.target) as host, pytest.raises(Conflict):
        host.confirm(given.id)
    assert until(site, given.id, SwitchState.REVERTED).running == site.old


@long_form
@pytest.mark.parametrize("kind", ["plain", "hanging"])
def test_given_up_it_reverts_at_once(site: Site, kind: str) -> None:
    given = begun(site, kind)
    with site.hosts.enter(site.target) as host:
        host.give_up(given.id)
    report = until(site, given.id, SwitchState.REVERTED)
    assert (report.running, report.reason) == (site.old, "it was given up")


@long_form
@pytest.mark.parametrize("kind", ["failing", "with failed units", "deaf"])
def test_what_does_not_hold_reverts(site: Site, kind: str) -> None:
    given = begun(site, kind, ports=(site.target.port,), activation_seconds=10, confirm_seconds=1)
    report = until(site, given.id, SwitchState.REVERTED)
    assert (report.running, site.boots_into()) == (site.old, site.old)
    assert report.reason


@long_form
def test_an_activation_that_hangs_reverts_when_its_time_is_up(site: Site) -> None:
    given = begun(site, "hanging", activation_seconds=1)
    assert until(site, given.id, SwitchState.REVERTED).running == site.old


@long_form
def test_units_that_fail_are_let_pass_where_that_is_allowed(site: Site) -> None:
    given = begun(site, "with failed units", allow_failed_units=True)
    assert until(site, given.id, SwitchState.AWAITING).failed_units == ("web.service",)
    assert confirmed(site, given).running == given.new


@pytest.mark.parametrize("kind", ["inhibited", "locked"])
def test_what_refuses_to_be_switched_to_changes_nothing(site: Site, kind: str) -> None:
    given = begun(site, kind)
    report = until(site, given.id, SwitchState.REFUSED)
    assert (report.running, report.profile) == (site.old, site.old)
    assert report.reason


@long_form
def test_what_cannot_be_reverted_is_rebooted_out_of(site: Site) -> None:
    given = begun(site, confirm_seconds=1)
    until(site, given.id, SwitchState.AWAITING)
    site.old_becomes("failing")
    report = until(site, given.id, SwitchState.REVERTED)
    assert (report.running, report.same_boot) == (site.old, False)


@long_form
def test_begun_twice_it_is_begun_once(site: Site) -> None:
    given = begun(site)
    with site.hosts.enter(site.target) as host:
        host.begin(given)
    confirmed(site, given)
    with site.hosts.enter(site.target) as host:
        host.begin(given)
        assert host.follow(given.id).state is SwitchState.COMMITTED
        assert len(host.generations()) == 2


def test_one_switch_at_a_time(site: Site) -> None:
    begun(site)
    other = order(site, site.add("other", "plain"), id="20261123-second")
    with site.hosts.enter(site.target) as host:
        with pytest.raises(Conflict):
            host.begin(other)
        with pytest.raises(NotFound):
            host.follow(other.id)


def test_what_is_not_there_is_not_begun(site: Site) -> None:
    new = site.add("new", "plain")
    with site.hosts.enter(site.target) as host:
        gone = f"/nix/store/{'0' * 32}-nixos-system-gone-26.05"
        with pytest.raises(NotFound):
            host.begin(order(site, gone))
        with pytest.raises(NotFound):
            host.begin(order(site, new, generation=7))
        with pytest.raises(Conflict):
            host.begin(order(site, new, old=new))
        with pytest.raises(NotFound):
            host.follow(order(site, new).id)


@pytest.mark.parametrize("call", [NixosHost.follow, NixosHost.confirm, NixosHost.give_up])
def test_a_switch_that_nobody_began_is_not_known(
    site: Site, call: Callable[[NixosHost, str], object]
) -> None:
    with site.hosts.enter(site.target) as host, pytest.raises(NotFound):
        getattr(host, call.__name__)("20261123-never")


@long_form
def test_what_is_committed_stays(site: Site) -> None:
    given = begun(site)
    confirmed(site, given)
    with site.hosts.enter(site.target) as host:
        host.confirm(given.id)
        host.give_up(given.id)
    report = until(site, given.id, SwitchState.COMMITTED)
    assert (report.running, report.profile) == (given.new, given.new)


@long_form
def test_an_earlier_generation_becomes_the_current_one_by_its_number(site: Site) -> None:
    first = begun(site)
    confirmed(site, first)
    back = order(site, site.old, id="20261123-second", old=first.new, generation=1)
    with site.hosts.enter(site.target) as host:
        host.begin(back)
    report = confirmed(site, back)
    assert (report.running, report.generation) == (site.old, 1)
    with site.hosts.enter(site.target) as host:
        assert [one.generation for one in host.generations()] == [1, 2]


@long_form
def test_the_same_system_again_makes_no_generation_and_is_never_one_too_far_back(
    site: Site,
) -> None:
    first = begun(site)
    confirmed(site, first)
    again = order(site, first.new, id="20261123-second", old=first.new, confirm_seconds=1)
    with site.hosts.enter(site.target) as host:
        host.begin(again)
    report = until(site, again.id, SwitchState.REVERTED)
    assert (report.running, report.generation) == (first.new, 2)
    once_more = again.model_copy(update={"id": "20261123-third", "confirm_seconds": 20})
    with site.hosts.enter(site.target) as host:
        host.begin(once_more)
    assert confirmed(site, once_more).generation == 2


def test_a_power_cut_while_it_waits_leads_back(site: Site) -> None:
    given = begun(site)
    until(site, given.id, SwitchState.AWAITING)
    site.power_cut()
    site.boot()
    report = until(site, given.id, SwitchState.INTERRUPTED)
    assert (report.running, report.profile, report.same_boot) == (site.old, site.old, False)
    assert not report.is_watched


@long_form
def test_a_power_cut_after_the_commit_changes_nothing(site: Site) -> None:
    given = begun(site)
    confirmed(site, given)
    site.power_cut()
    site.boot()
    report = until(site, given.id, SwitchState.COMMITTED)
    assert (report.running, report.profile, report.same_boot) == (given.new, given.new, False)


@long_form
def test_a_reboot_into_the_new_system_is_confirmed_there(site: Site) -> None:
    given = begun(site, "guarded", mode=SwitchMode.REBOOT)
    report = until(site, given.id, SwitchState.AWAITING)
    assert (report.running, report.same_boot) == (given.new, False)
    assert confirmed(site, given).profile == given.new
    assert site.boots_into() == given.new


@long_form
def test_a_reboot_that_nobody_confirms_is_followed_by_one_back(site: Site) -> None:
    given = begun(site, "guarded", mode=SwitchMode.REBOOT, confirm_seconds=1)
    report = until(site, given.id, SwitchState.REVERTED)
    assert (report.running, report.profile) == (site.old, site.old)
    assert site.boots_into() == site.old


@long_form
def test_the_last_switches_are_remembered(site: Site) -> None:
    old = site.old
    ids = [f"20261123-{number}" for number in range(3)]
    for switch_id in ids:
        new = site.add(f"new-{switch_id}", "plain")
        given = order(site, new, id=switch_id, old=old)
        with site.hosts.enter(site.target) as host:
            host.begin(given)
        confirmed(site, given)
        old = new
    with site.hosts.enter(site.target) as host:
        reports = [host.follow(switch_id) for switch_id in ids]
    assert [report.id for report in reports] == ids
    assert {report.state for report in reports} == {SwitchState.COMMITTED}
    assert {report.running for report in reports} == {old}


def test_what_is_not_nixos_is_told(site: Site) -> None:
    site.be_foreign()
    with (
        site.hosts.enter(site.target) as host,
        pytest.raises(ConfigurationError, match="NixOS") as told,
    ):
        host.look()
    assert (told.value.hint or "").startswith(f"capsule nixos install {site.target.options}")


def test_a_machine_that_is_off_is_not_reached(site: Site) -> None:
    site.power_cut()
    with pytest.raises(HostUnreachable), site.hosts.enter(site.target, timeout_seconds=2):
        pass
