"""What checks amount to."""

from datetime import UTC, datetime

import pytest

from capsule_domain.models.health import Check, CheckKind, Fault, Health, HealthStatus
from capsule_domain.models.look import CheckChoice, LookPlan
from capsule_domain.models.metric import Metrics

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FINE = Check(kind=CheckKind.PING, ok=True, latency_ms=1)
FILTERED = Check(kind=CheckKind.PING, ok=True, note="ICMP filtered")
SSH = Check(kind=CheckKind.SSH, ok=True, latency_ms=2)
OFF = Check(kind=CheckKind.SSH, ok=False, fault=Fault.UNREACHABLE)
STRANGE = Check(kind=CheckKind.SSH, ok=False, fault=Fault.HOST_KEY)
UNPINNED = Check(kind=CheckKind.SSH, ok=False, fault=Fault.NO_HOST_KEY)


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ((FINE, SSH), HealthStatus.HEALTHY),
        ((FILTERED, SSH), HealthStatus.HEALTHY),
        ((FINE, OFF), HealthStatus.DEGRADED),
        ((OFF,), HealthStatus.UNHEALTHY),
        ((FINE, STRANGE), HealthStatus.UNTRUSTED),
        ((STRANGE,), HealthStatus.UNTRUSTED),
        ((FINE, UNPINNED), HealthStatus.DEGRADED),
        ((), HealthStatus.UNKNOWN),
    ],
)
def test_health_is_judged_by_its_checks(checks: tuple[Check, ...], status: HealthStatus) -> None:
    assert Health.judged("web", checks, NOON).status is status


def test_only_what_a_machine_said_shows_that_one_is_there() -> None:
    there = {fault for fault in Fault if fault.something_answered}
    assert there == {Fault.HOST_KEY, Fault.LOGIN, Fault.ANSWER, Fault.CERTIFICATE}


def test_an_xnode_of_its_own_choice_gets_that_and_no_other() -> None:
    own = CheckChoice(ping=False, tcp_ports=(443,))
    plan = LookPlan(checks_of={"a1": own})
    assert plan.choice("a1") == own
    assert plan.choice("a2") == CheckChoice()


@pytest.mark.parametrize(
    ("load", "cores", "share"), [(3.0, 4, 0.75), (None, 4, None), (3.0, None, None)]
)
def test_load_by_core_needs_both(
    load: float | None, cores: int | None, share: float | None
) -> None:
    sample = Metrics(xnode="web", load_1=load, cores=cores, collected_at=NOON)
    assert sample.load_per_core == share
