"""A configuration tried in a virtual machine: what was looked at there, and what was seen."""

from enum import StrEnum

from capsule_domain.models.base import Model


class TrialKind(StrEnum):
    """What is looked at: the machine itself, a unit of systemd, a TCP port."""

    BOOT = "boot"
    UNIT = "unit"
    PORT = "port"


class TrialCheck(Model):
    """One thing that was looked at. `ok` None is one of which nothing follows."""

    stack: str
    kind: TrialKind
    name: str
    ok: bool | None
    detail: str = ""


class Trial(Model):
    """A machine that was booted and shut down. `accelerated`: by KVM and not emulated."""

    host: str
    accelerated: bool
    checks: tuple[TrialCheck, ...]
    boot_seconds: float | None = None
    """Until it let us in; None when it never did."""

    @property
    def ok(self) -> bool:
        return all(check.ok is not False for check in self.checks)
