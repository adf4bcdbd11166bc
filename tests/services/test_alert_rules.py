"""From figures to readings: bounds, hysteresis, instances, rules that contradict themselves."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState
from capsule_domain.models.health import Check, CheckKind, Fault, Health
from capsule_domain.models.metric import Disk, Metrics, Observation
from capsule_domain.models.rule import AlertRule, Bound, Quantity
from capsule_domain.services.alert_rules import RuleBook, Subject, default_rules, with_own
from capsule_domain.services.measure import Measured, measured, time_left
from tests.contracts.test_inventory import xnode

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NODE = Subject("a1", "web-1", frozenset({"prod"}))
DISK = AlertRule(
    name="disk",
    quantity=Quantity.DISK,
    warning=Bound(enter=85, leave=80),
    critical=Bound(enter=95, leave=90),
)
CERTIFICATE = AlertRule(
    name="certificate",
    quantity=Quantity.CERTIFICATE_DAYS,
    warning=Bound(enter=21, leave=22),
    critical=Bound(enter=7, leave=8),
)


def firing(rule: AlertRule, severity: AlertSeverity, instance: str = "/") -> Alert:
    return Alert(
        id="x",
        xnode="web-1",
        key=AlertKey(xnode_id="a1", rule=rule.name, instance=instance),
        severity=severity,
        state=AlertState.FIRING,
        message="",
        since=NOW,
        seen_at=NOW,
        fired_at=NOW,
    )


def read(
    rule: AlertRule, figures: Sequence[Measured], *alerts: Alert
) -> dict[str, AlertSeverity | None]:
    """The levels that the rule reads, by instance."""
    current = {(alert.key.rule, alert.key.instance): alert for alert in alerts}
    found = RuleBook([rule]).readings(NODE, {rule.quantity: figures}, current)
    return {reading.key.instance: reading.level for _, reading in found}


def level(rule: AlertRule, value: float, before: AlertSeverity | None = None) -> str | None:
    alerts = [firing(rule, before)] if before else []
    return read(rule, [Measured(rule.quantity, value, "/")], *alerts).get("/")


@pytest.mark.parametrize(
    ("value", "before", "expected"),
    [
        (84.9, None, None),
        (85, None, "warning"),
        (95, None, "critical"),
        (81, "warning", "warning"),  # left at 80 only
        (80, "warning", None),
        (91, "critical", "critical"),
        (90, "critical", "warning"),
        (94, "warning", "warning"),  # critical was never entered
    ],
)
def test_a_bound_is_entered_and_left_at_different_places(
    value: float, before: str | None, expected: str | None
) -> None:
    assert level(DISK, value, AlertSeverity(before) if before else None) == expected


@pytest.mark.parametrize(
    ("days", "before", "expected"),
    [(30, None, None), (21, None, "warning"), (7, None, "critical"), (21.5, "warning", "warning")],
)
def test_where_small_is_bad_the_bound_is_below(
    days: float, before: str | None, expected: str | None
) -> None:
    assert level(CERTIFICATE, days, AlertSeverity(before) if before else None) == expected


def test_a_disk_that_was_taken_out_is_fine_once_its_kind_is_read() -> None:
    alert = firing(DISK, AlertSeverity.WARNING, "/mnt/usb")
    assert read(DISK, [Measured(Quantity.DISK, 10, "/")], alert) == {"/mnt/usb": None}
    assert read(DISK, [], alert) == {"/mnt/usb": None}
    nothing_read = RuleBook([DISK]).readings(NODE, {}, {("disk", "/mnt/usb"): alert})
    assert list(nothing_read) == []


def test_what_is_fine_and_never_was_otherwise_is_no_reading() -> None:
    assert read(DISK, [Measured(Quantity.DISK, 10, "/")]) == {}
    over = firing(DISK, AlertSeverity.WARNING).model_copy(update={"state": AlertState.RESOLVED})
    assert read(DISK, [Measured(Quantity.DISK, 10, "/")], over) == {}


def test_a_rule_for_tags_leaves_others_alone() -> None:
    full = [Measured(Quantity.DISK, 99, "/")]
    assert read(DISK.model_copy(update={"tags": ("prod",)}), full)
    assert read(DISK.model_copy(update={"tags": ("test",)}), full) == {}
    assert read(DISK.model_copy(update={"enabled": False}), full) == {}


def look(*checks: Check, **figures: object) -> dict[tuple[Quantity, str], float]:
    metrics = Metrics.model_validate({"xnode": "web-1", "collected_at": NOW, **figures})
    seen = Observation(health=Health.judged("web-1", checks, NOW), metrics=metrics)
    some = (figure for kind in measured(seen).values() for figure in kind)
    return {(figure.quantity, figure.instance): figure.value for figure in some}


def test_metrics_come_as_figures() -> None:
    found = look(
        cpu_percent=12.5,
        cores=2,
        load_1=3,
        disks=(
            Disk(mount="/", used_percent=40, inodes_percent=3),
            Disk(mount="/b", used_percent=1),
        ),
        failed_units=("nginx.service",),
    )
    assert found == {
        (Quantity.CPU, ""): 12.5,
        (Quantity.LOAD_PER_CORE, ""): 1.5,
        (Quantity.DISK, "/"): 40,
        (Quantity.DISK, "/b"): 1,
        (Quantity.INODES, "/"): 3,
        (Quantity.FAILED_UNITS, "nginx.service"): 1,
    }


def test_that_no_unit_failed_is_something_read() -> None:
    metrics = Metrics(xnode="web-1", failed_units=(), collected_at=NOW)
    seen = Observation(health=Health.judged("web-1", (), NOW), metrics=metrics)
    assert measured(seen) == {Quantity.FAILED_UNITS: []}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (None, {(Quantity.SSH_FAULT, ""): 0, (Quantity.HOST_KEY_FAULT, ""): 0}),
        (Fault.UNREACHABLE, {(Quantity.SSH_FAULT, ""): 1}),
        (Fault.LOGIN, {(Quantity.SSH_FAULT, ""): 1, (Quantity.HOST_KEY_FAULT, ""): 0}),
        (Fault.HOST_KEY, {(Quantity.HOST_KEY_FAULT, ""): 1}),
    ],
)
def test_another_host_key_is_a_trouble_of_its_own(
    fault: Fault | None, expected: dict[tuple[Quantity, str], float]
) -> None:
    assert look(Check(kind=CheckKind.SSH, ok=fault is None, fault=fault)) == expected


def test_checks_from_outside_come_as_figures() -> None:
    shop = Check(
        kind=CheckKind.HTTP,
        ok=True,
        instance="https://shop",
        certificate_expires_at=NOW + timedelta(days=10),
    )
    ping = Check(kind=CheckKind.PING, ok=False, error="no answer")
    assert look(shop, ping, Check(kind=CheckKind.TCP, ok=False, instance="5432")) == {
        (Quantity.HTTP_FAULT, "https://shop"): 0,
        (Quantity.CERTIFICATE_DAYS, "https://shop"): 10,
        (Quantity.PING_FAULT, ""): 1,
        (Quantity.TCP_FAULT, "5432"): 1,
    }


def test_the_time_that_an_xnode_has_left_is_a_figure_where_it_has_an_end() -> None:
    node = xnode("a1", "web-1")
    assert time_left(node, NOW) == {Quantity.TTL_HOURS: []}
    ends = node.model_copy(update={"expires_at": NOW + timedelta(minutes=30)})
    ((figure,),) = time_left(ends, NOW).values()
    assert (figure.value, figure.detail) == (0.5, "its time is up in 0.5 h")


def test_ones_own_rules_replace_those_of_their_name() -> None:
    names = {
        rule.name: rule for rule in with_own([DISK, CERTIFICATE.model_copy(update={"name": "tls"})])
    }
    assert names["disk"] == DISK
    assert {"tls", "certificate", "cpu"} <= names.keys()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "needs a bound"),
        ({"warning": Bound(enter=120, leave=110)}, "percentage"),
        (
            {"warning": Bound(enter=95, leave=90), "critical": Bound(enter=90, leave=85)},
            "warning lies beyond critical",
        ),
        (
            {"warning": Bound(enter=80, leave=85), "critical": Bound(enter=90, leave=85)},
            "same side",
        ),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(
    fields: dict[str, Bound], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        AlertRule.model_validate({"name": "disk", "quantity": Quantity.DISK, **fields})


def test_the_rules_that_everyone_has_hold_and_have_names_of_their_own() -> None:
    names = [rule.name for rule in default_rules()]
    assert len(names) == len(set(names))


@given(st.floats(allow_nan=False), st.sampled_from([None, *AlertSeverity]))
def test_what_is_entered_is_never_left_at_the_same_value(
    value: float, before: AlertSeverity | None
) -> None:
    first = level(DISK, value, before)
    assert first is None or level(DISK, value, AlertSeverity(first)) == first
