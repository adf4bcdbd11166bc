"""Health: what probes found."""

from enum import StrEnum

from pydantic import Field

from capsule_domain.models.base import Model, Moment


class HealthStatus(StrEnum):
    """HEALTHY: every check passed. DEGRADED: some. UNHEALTHY: none. UNKNOWN: not looked.

    UNTRUSTED: it shows a host key that is not the one we know. It may be well, it may be
    another machine: nothing else that was found says anything of ours.
    """

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNTRUSTED = "untrusted"
    UNKNOWN = "unknown"


class CheckKind(StrEnum):
    """What a probe tries: an echo, a TCP connection, an SSH login with the pinned host key,
    a request over HTTP or HTTPS."""

    PING = "ping"
    TCP = "tcp"
    SSH = "ssh"
    HTTP = "http"


class Fault(StrEnum):
    """Why a check failed.

    UNREACHABLE: nothing answers in time. HOST_KEY: another host key than the pinned one.
    NO_HOST_KEY: none is pinned, so it was not called. LOGIN: it does not let us in.
    ANSWER: it answers, and not as it should. CERTIFICATE: its TLS certificate does not hold.
    LOCAL: the fault is on this side, such as an SSH key that is not there.
    """

    UNREACHABLE = "unreachable"
    HOST_KEY = "host-key"
    NO_HOST_KEY = "no-host-key"
    LOGIN = "login"
    ANSWER = "answer"
    CERTIFICATE = "certificate"
    LOCAL = "local"

    @property
    def something_answered(self) -> bool:
        """Whether a machine was there at all."""
        return self in (self.HOST_KEY, self.LOGIN, self.ANSWER, self.CERTIFICATE)


class Check(Model):
    """One probe's finding. `error` and `fault` are set when it did not pass.

    `latency_ms` is None too for what passed by other evidence than an answer of its own,
    such as a ping that a firewall swallows while SSH answers: `note` tells which.
    """

    kind: CheckKind
    ok: bool
    latency_ms: float | None = None
    error: str | None = None
    fault: Fault | None = None
    instance: str = ""
    """Tells several of a kind apart: a port, a URL without what is secret in it."""
    way: str | None = None
    """How a ping was asked: `icmp`, `ping` (the program) or `tcp`."""
    note: str | None = None
    tries: int = Field(default=1, ge=0)
    """How often it was tried; 0 when it was not, as it failed only just before."""
    status_code: int | None = None
    certificate_expires_at: Moment | None = None


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
        elif any(check.fault is Fault.HOST_KEY for check in checks):
            status = HealthStatus.UNTRUSTED
        elif passed == len(checks):
            status = HealthStatus.HEALTHY
        else:
            status = HealthStatus.DEGRADED if passed else HealthStatus.UNHEALTHY
        return cls(xnode=xnode, status=status, checks=checks, checked_at=checked_at)
