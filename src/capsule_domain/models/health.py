"""Health: what probes found."""

from enum import StrEnum

from capsule_domain.models.base import Model, Moment


class HealthStatus(StrEnum):
    """HEALTHY: every check passed. DEGRADED: some. UNHEALTHY: none. UNKNOWN: not looked."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


class CheckKind(StrEnum):
    """What a probe tries: a TCP connection, an SSH login with the pinned host key."""

    TCP = "tcp"
    SSH = "ssh"


class Check(Model):
    """One probe's finding. `latency_ms` is set when it passed, `error` when it did not."""

    kind: CheckKind
    ok: bool
    latency_ms: float | None = None
    error: str | None = None


class Health(Model):
    """All checks of one xNode at one time. `xnode` is its name."""

    xnode: str
    status: HealthStatus
    checks: tuple[Check, ...] = ()
    checked_at: Moment

    @classmethod
    def judged(cls, xnode: str, checks: tuple[Check, ...], checked_at: Moment) -> "Health":
        """The health that `checks` amount to."""
        passed = sum(check.ok for check in checks)
        if not checks:
            status = HealthStatus.UNKNOWN
        elif passed == len(checks):
            status = HealthStatus.HEALTHY
        else:
            status = HealthStatus.DEGRADED if passed else HealthStatus.UNHEALTHY
        return cls(xnode=xnode, status=status, checks=checks, checked_at=checked_at)
