"""Which alerts are helped by themselves: only those that fire, and never too many."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState
from capsule_domain.models.book import Page
from capsule_domain.models.remediation import (
    Remediation,
    RemediationSettings,
    RemediationState,
    Remedy,
)
from capsule_domain.models.rule import Quantity
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.silence import Silence
from capsule_domain.models.xnode import XNode
from capsule_domain.services.triage import HOUR, Situation, breaker, decide
from tests.xnodes import an_xnode

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REMEDIES = (
    Remedy(rule="service", instance="nginx.service", restart_unit="nginx.service"),
    Remedy(rule="ssh", reboot=True),
    Remedy(rule="disk", run=("journalctl", "--vacuum-size=200M")),
)
SETTINGS = RemediationSettings(enabled=True, remedies=REMEDIES)
QUANTITIES = {
    "service": Quantity.FAILED_UNITS,
    "ssh": Quantity.SSH_FAULT,
    "disk": Quantity.DISK,
    "host-key": Quantity.HOST_KEY_FAULT,
}
INSTANCES = {"service": "nginx.service", "disk": "/var"}


def an_alert(xnode: str, rule: str = "disk", **changes: Any) -> Alert:
    """One that has just begun to fire."""
    fields: dict[str, Any] = {
        "id": f"{xnode}-{rule}",
        "xnode": xnode,
        "key": AlertKey(xnode_id=f"x-{xnode}", rule=rule, instance=INSTANCES.get(rule, "")),
        "severity": AlertSeverity.CRITICAL,
        "state": AlertState.FIRING,
        "message": "it is bad",
        "since": NOON,
        "seen_at": NOON,
        "fired_at": NOON,
    }
    return Alert(**{**fields, **changes})


def a_situation(
    *alerts: Alert,
    settings: RemediationSettings = SETTINGS,
    fleet: Sequence[XNode] | None = None,
    past: Sequence[Remediation] = (),
    **changes: Any,
) -> Situation:
    """The alerts are all that there are, in a fleet of twenty that is well otherwise."""
    xnodes = [an_xnode(f"n{number}") for number in range(20)] if fleet is None else fleet
    fields: dict[str, Any] = {
        "settings": settings,
        "page": Page(revision=1, alerts=alerts),
        "quantities": QUANTITIES,
        "fleet": {xnode.id: xnode for xnode in xnodes},
        "past": past,
        "clouds": ("vultr",),
        "cut_off": False,
        "now": NOON,
    }
    return Situation(**{**fields, **changes})


def decided(situation: Situation, *fired: Alert) -> list[Remediation]:
    ids = (f"r{number}" for number in count(1))
    return decide(situation, fired or situation.page.alerts, lambda: next(ids))


def only(situation: Situation) -> tuple[str, str]:
    """State and detail of the one decision."""
    (one,) = decided(situation)
    return one.state.value, one.detail


def past(xnode: str, rule: str, ago_seconds: float, **changes: Any) -> Remediation:
    time = NOON - timedelta(seconds=ago_seconds)
    fields: dict[str, Any] = {
        "id": f"{xnode}-{rule}-{ago_seconds}",
        "time": time,
        "xnode": xnode,
        "xnode_id": f"x-{xnode}",
        "rule": rule,
        "state": RemediationState.DONE,
    }
    return Remediation(**{**fields, **changes})


def test_each_alert_gets_the_remedy_of_its_rule() -> None:
    alerts = [an_alert("n1", "service"), an_alert("n2", "ssh"), an_alert("n3", "disk")]
    found = decided(a_situation(*alerts))
    assert [(one.xnode, one.remedy, one.state.value) for one in found] == [
        ("n1", "restart nginx.service", "planned"),
        ("n2", "reboot", "planned"),
        ("n3", "run journalctl --vacuum-size=200M", "planned"),
    ]


def test_an_alert_without_a_remedy_has_no_decision() -> None:
    other = an_alert("n1", "service", key=AlertKey(xnode_id="x-n1", rule="service", instance="x"))
    assert decided(a_situation(other, an_alert("n2", "load"))) == []
    off = SETTINGS.model_copy(update={"enabled": False})
    assert decided(a_situation(an_alert("n1"), settings=off)) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": AlertState.PENDING}, "it does not fire any more"),
        ({"state": AlertState.RESOLVED}, "it does not fire any more"),
        ({"acknowledged_by": "anna@laptop"}, "anna@laptop took it on"),
        ({"key": AlertKey(xnode_id="", rule="disk")}, "no xNode that is watched has it"),
    ],
)
def test_what_does_not_fire_or_was_taken_on_is_left_alone(
    changes: dict[str, Any], why: str
) -> None:
    assert only(a_situation(an_alert("n1", **changes))) == ("refused", why)


@pytest.mark.parametrize("status", [s for s in ServerStatus if s is not ServerStatus.RUNNING])
def test_a_server_that_does_not_run_is_left_alone(status: ServerStatus) -> None:
    fleet = [an_xnode("n1", status=status)]
    assert only(a_situation(an_alert("n1"), fleet=fleet)) == ("refused", f"its server is {status}")


def test_one_at_no_cloud_may_be_in_a_state_that_nobody_tells() -> None:
    fleet = [an_xnode("n1", provider="manual", status=ServerStatus.UNKNOWN)]
    assert only(a_situation(an_alert("n1"), fleet=fleet)) == ("planned", "")
    stopped = [an_xnode("n1", provider="manual", status=ServerStatus.STOPPED)]
    assert only(a_situation(an_alert("n1"), fleet=stopped))[0] == "refused"


def test_an_xnode_in_maintenance_is_left_alone() -> None:
    fleet = [an_xnode("n1", tags=("web", "maintenance"))]
    assert only(a_situation(an_alert("n1"), fleet=fleet)) == (
        "refused",
        "it has the tag maintenance",
    )


def test_what_is_silenced_is_left_alone() -> None:
    silence = Silence(
        id="s", rule="disk", starts_at=NOON, ends_at=NOON + HOUR, created_by="anna@laptop"
    )
    page = Page(revision=1, alerts=(an_alert("n1"),), silences=(silence,))
    assert only(a_situation(page=page)) == ("refused", "it is silenced")


def test_a_collector_that_is_cut_off_does_nothing() -> None:
    assert only(a_situation(an_alert("n1"), cut_off=True)) == (
        "refused",
        "this collector is cut off",
    )


def test_what_another_alert_explains_is_left_alone() -> None:
    disk, ssh = an_alert("n1", "disk"), an_alert("n1", "ssh")
    states = {one.rule: one.state.value for one in decided(a_situation(disk, ssh))}
    assert states == {"disk": "refused", "ssh": "planned"}
    stranger = an_alert("n1", "host-key")
    (refused,) = decided(a_situation(ssh, stranger), ssh)
    assert refused.detail == "another alert of it explains this one"


def test_a_protected_xnode_is_never_rebooted_but_helped_otherwise() -> None:
    fleet = [an_xnode("n1", protected=True)]
    assert only(a_situation(an_alert("n1", "ssh"), fleet=fleet)) == (
        "refused",
        "it is protected, and never rebooted",
    )
    assert only(a_situation(an_alert("n1", "disk"), fleet=fleet)) == ("planned", "")


def test_an_xnode_without_a_cloud_is_never_rebooted() -> None:
    fleet = [an_xnode("n1", provider="cellar")]
    assert only(a_situation(an_alert("n1", "ssh"), fleet=fleet)) == (
        "refused",
        "no cloud can reboot it: it is at 'cellar'",
    )


@pytest.mark.parametrize(
    ("acts", "why"),
    [
        ([past("n1", "disk", 1799)], "disk was treated less than 30 min ago"),
        ([past("n1", "ssh", 9, state="begun")], "another remedy of it is under way"),
        ([past("n1", "ssh", 3000), past("n1", "cpu", 60)], "it had 2 remedies within the hour"),
        ([past(f"n{n}", "ssh", 60) for n in range(2, 8)], "the fleet had 6 remedies within"),
        ([past("n1", "disk", -600)], "disk was treated less than 30 min ago"),
    ],
)
def test_limits_refuse_with_their_reason(acts: list[Remediation], why: str) -> None:
    state, detail = only(a_situation(an_alert("n1"), past=acts))
    assert (state, detail[: len(why)]) == ("refused", why)


def test_what_was_not_done_or_is_long_over_counts_for_no_limit() -> None:
    acts = [
        *(past(f"n{n}", "ssh", 60, state="refused") for n in range(10)),
        *(past(f"n{n}", "ssh", 61, state="dry") for n in range(10)),
        *(past("n1", "ssh", 3600 + n) for n in range(9)),
        past("n1", "disk", 1800),
    ]
    assert only(a_situation(an_alert("n1"), past=acts)) == ("planned", "")


def test_a_dry_run_decides_as_if_it_were_none() -> None:
    dry = SETTINGS.model_copy(update={"dry_run": True})
    assert only(a_situation(an_alert("n1"), settings=dry)) == ("dry", "")
    before = [past("n1", "disk", 60, state="dry")]
    assert only(a_situation(an_alert("n1"), settings=dry, past=before))[0] == "refused"


def test_too_many_of_a_rule_hold_everything_and_that_is_told_once() -> None:
    waiting = {"state": AlertState.PENDING, "fired_at": None}
    fleet = [an_alert("n0", "ssh"), *(an_alert(f"n{n}", "ssh", **waiting) for n in range(1, 5))]
    situation = a_situation(*fleet)
    (held,) = decided(situation, fleet[0])
    assert (held.state, held.rule, held.alert_id) == (RemediationState.HELD, "ssh", None)
    assert held.detail == "5 of 20 xNodes have ssh, more than 20 %"
    assert decided(a_situation(*fleet, past=[held]), *fleet) == []
    assert len(decided(a_situation(*fleet[:4]), fleet[0])) == 1
    assert breaker(a_situation(*fleet[:4]), "ssh") is None


def test_too_much_of_any_trouble_holds_everything() -> None:
    others = [an_alert(f"n{n}", "cpu") for n in range(5)]
    mine = an_alert("n9", "disk")
    (held,) = decided(a_situation(mine, *others), mine)
    assert held.detail == "6 of 20 xNodes have an alert, more than 20 %"
    mild = [one.model_copy(update={"severity": AlertSeverity.INFO}) for one in others]
    assert only(a_situation(mine, *mild))[0] == "planned"


def test_one_alone_opens_no_breaker_however_small_the_fleet() -> None:
    fleet = [an_xnode("n1")]
    assert only(a_situation(an_alert("n1"), fleet=fleet)) == ("planned", "")


# What is never done, whatever the fleet and its past.

NAMES = [f"n{number}" for number in range(4)]
FIRING_MOSTLY = [*[AlertState.FIRING] * 4, AlertState.PENDING, AlertState.RESOLVED]
names, rules = st.sampled_from(NAMES), st.sampled_from(["disk", "ssh", "service"])
alerts_of_any_kind = st.builds(
    an_alert,
    names,
    rules,
    state=st.sampled_from(FIRING_MOSTLY),
    severity=st.sampled_from(AlertSeverity),
    acknowledged_by=st.sampled_from([None, None, None, "anna"]),
)
fleets = st.lists(
    st.builds(
        an_xnode,
        names,
        status=st.sampled_from([*[ServerStatus.RUNNING] * 4, ServerStatus.UNKNOWN]),
        protected=st.booleans(),
        provider=st.sampled_from(["vultr", "vultr", "cellar"]),
    ),
    min_size=3,
    unique_by=lambda xnode: xnode.id,
)
choices = st.builds(
    RemediationSettings,
    enabled=st.just(True),  # noqa: FBT003
    dry_run=st.booleans(),
    remedies=st.just(REMEDIES),
    hourly_per_xnode=st.integers(1, 3),
    hourly_in_fleet=st.integers(1, 5),
    cooldown_seconds=st.sampled_from([0.0, 600.0, 7200.0]),
    breaker_percent=st.sampled_from([30.0, 60.0, 100.0, 100.0]),
)
some_alerts = st.lists(alerts_of_any_kind, min_size=1, max_size=6, unique_by=lambda alert: alert.id)


@given(settings=choices, fleet=fleets, alerts=some_alerts, cut_off=st.sampled_from([False, True]))
def test_nothing_is_done_that_must_not_be(
    settings: RemediationSettings, fleet: list[XNode], alerts: list[Alert], *, cut_off: bool
) -> None:
    situation = a_situation(*alerts, settings=settings, fleet=fleet, cut_off=cut_off)
    for one in decided(situation):
        if not one.state.is_act and one.state is not RemediationState.DRY:
            continue
        alert = situation.alerts[one.alert_id or ""]
        xnode = situation.fleet[one.xnode_id]
        assert alert.state is AlertState.FIRING
        assert alert.acknowledged_by is None
        assert xnode.status is ServerStatus.RUNNING or xnode.provider == "cellar"
        assert not cut_off
        assert breaker(situation, one.rule) is None
        assert (one.state is RemediationState.DRY) == settings.dry_run
        assert one.remedy != "reboot" or (not xnode.protected and xnode.provider == "vultr")


firing = st.lists(
    st.builds(an_alert, names, rules), min_size=1, max_size=6, unique_by=lambda alert: alert.id
)
pauses = st.sampled_from([0, 300, 599, 600, 1300, 3599, 3600])


@given(settings=choices, rounds=st.lists(st.tuples(pauses, firing), min_size=4, max_size=9))
def test_however_often_alerts_begin_to_fire_the_limits_hold(
    settings: RemediationSettings, rounds: list[tuple[int, list[Alert]]]
) -> None:
    log: list[Remediation] = []
    ids = (f"r{number}" for number in count(1))
    now = NOON
    for seconds, alerts in rounds:
        now += timedelta(seconds=seconds)
        situation = a_situation(*alerts, settings=settings, past=log, now=now)
        made = decide(situation, alerts, lambda: next(ids))
        log += [one.model_copy(update={"state": _over(one.state)}) for one in made]
    acts = [one for one in log if one.state in (RemediationState.FAILED, RemediationState.DRY)]
    assert acts
    for end in acts:
        hour = [one for one in acts if end.time - HOUR < one.time <= end.time]
        assert len(hour) <= settings.hourly_in_fleet
        mine = [one for one in hour if one.xnode_id == end.xnode_id]
        assert len(mine) <= settings.hourly_per_xnode
        since = end.time - timedelta(seconds=settings.cooldown_seconds)
        same = [o for o in acts if (o.xnode_id, o.rule) == (end.xnode_id, end.rule)]
        assert not [one for one in same if one is not end and since < one.time <= end.time]


def _over(state: RemediationState) -> RemediationState:
    return RemediationState.FAILED if state.is_open else state
