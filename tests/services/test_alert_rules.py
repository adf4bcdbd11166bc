"""From figures to readings: bounds, hysteresis, instances, rules that contradict themselves."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState
from capsule_domain.models.health import Check, CheckKind, Health
from capsule_domain.models.metric import Disk, Metrics, Observation
from capsule_domain.models.rule import AlertRule, Bound, Quantity
from capsule_domain.services.alert_rules import Measured, default_rules, measured, readings
from tests.contracts.test_inventory import xnode

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NODE = xnode("a1", "web-1", tags=("prod",))
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


def level(rule: AlertRule, value: float, before: AlertSeverity | None = None) -> str | None:
    alerts = [firing(rule, before)] if before else []
    (reading,) = readings(
        rule, NODE, [Measured(rule.quantity, value, "/")], {a.key: a for a in alerts}
    )
    return reading.level


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


def test_a_disk_that_was_taken_out_is_fine_once_others_are_read() -> None:
    alert = firing(DISK, AlertSeverity.WARNING, "/mnt/usb")
    current = {alert.key: alert}
    root = Measured(Quantity.DISK, 10, "/")
    found = {r.key.instance: r.level for r in readings(DISK, NODE, [root], current)}
    assert found == {"/": None, "/mnt/usb": None}
    assert list(readings(DISK, NODE, [], current)) == []


def test_a_rule_for_tags_leaves_others_alone() -> None:
    full = [Measured(Quantity.DISK, 99, "/")]
    assert list(readings(DISK.model_copy(update={"tags": ("test",)}), NODE, full, {})) == []
    assert list(readings(DISK.model_copy(update={"enabled": False}), NODE, full, {})) == []


def test_what_was_seen_comes_as_figures() -> None:
    seen = Observation(
        health=Health.judged(
            "web-1",
            (
                Check(kind=CheckKind.TCP, ok=True, latency_ms=1),
                Check(kind=CheckKind.SSH, ok=False, error="refused"),
            ),
            NOW,
        ),
        metrics=Metrics(
            xnode="web-1",
            cpu_percent=12.5,
            disks=(Disk(mount="/", used_percent=40, inodes_percent=3),),
            collected_at=NOW,
        ),
    )
    found = {(figure.quantity, figure.instance): figure.value for figure in measured(seen)}
    assert found == {
        (Quantity.CPU, ""): 12.5,
        (Quantity.DISK, "/"): 40,
        (Quantity.INODES, "/"): 3,
        (Quantity.TCP_FAULT, ""): 0,
        (Quantity.SSH_FAULT, ""): 1,
    }


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
