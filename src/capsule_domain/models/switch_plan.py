"""What a switch of one machine would do, and what came of it."""

from enum import StrEnum

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.closure import ClosureDifference
from capsule_domain.models.endpoint import Endpoint
from capsule_domain.models.finding import Finding
from capsule_domain.models.switch import SwitchMode
from capsule_domain.models.switch_outcome import Outcome


class SwitchPlan(Model):
    """One machine's switch. Paths are store paths; `new` is None before anything was built.

    `host` is the one of the configuration, None when an existing generation is meant, which
    `generation` is then. `build_on` says where it is, or would be, built: `here`,
    `the machine`, or a build host.
    """

    machine: str
    hostname: str
    host: str | None = None
    generation: int | None = None
    mode: SwitchMode = SwitchMode.TRIAL
    running: str
    new: str | None = None
    build_on: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    """Where it has to be reached anew; none for the machine that we are on."""
    confirm_seconds: int = Field(ge=10)
    findings: tuple[Finding, ...] = ()
    settled: tuple[str, ...] = ()
    """How earlier switches ended, of which nobody knew until now."""
    difference: ClosureDifference | None = None
    is_done: bool = False
    """Whether it runs, and starts, that system already."""


class Result(StrEnum):
    """What came of a machine's switch; the first five are how it ended."""

    COMMITTED = "committed"
    REVERTED = "rolled-back"
    REFUSED = "refused"
    REVERT_FAILED = "rollback-failed"
    UNKNOWN = "unknown"
    FAILED = "failed"
    """It did not begin: an error says why."""
    NOT_BEGUN = "not-begun"
    """Another machine's switch went wrong before."""
    NOTHING = "nothing-to-do"


class SwitchResult(Model):
    """One machine's row. `old` and `new` are store paths; `detail` is one line."""

    machine: str
    result: Result
    old: str
    new: str
    generation: int | None = None
    mode: SwitchMode = SwitchMode.TRIAL
    detail: str = ""
    outcome: Outcome | None = None
