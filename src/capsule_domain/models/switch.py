"""A change of a machine's running system: tried, confirmed, kept; or undone by itself."""

from enum import StrEnum

from pydantic import Field

from capsule_domain.models.base import Model, Moment


class SwitchMode(StrEnum):
    """TRIAL: activated, and made the boot default once confirmed. REBOOT: started once as the
    next system, and made the default once confirmed.
    """

    TRIAL = "trial"
    REBOOT = "reboot"


class SwitchState(StrEnum):
    """How far the machine is. The last six are ends, of which REBOOTING may yet move on.

    INTERRUPTED: the machine was started anew before it came to an end.
    """

    ARMED = "armed"
    ACTIVATING = "activating"
    AWAITING = "awaiting-confirm"
    COMMITTING = "committing"
    REVERTING = "rolling-back"
    COMMITTED = "committed"
    REVERTED = "rolled-back"
    REFUSED = "refused"
    REVERT_FAILED = "rollback-failed"
    REBOOTING = "rebooting"
    INTERRUPTED = "interrupted"

    @property
    def is_end(self) -> bool:
        """Whether nothing more comes by itself."""
        return self in _ENDS


_ENDS = frozenset(
    [
        SwitchState.COMMITTED,
        SwitchState.REVERTED,
        SwitchState.REFUSED,
        SwitchState.REVERT_FAILED,
        SwitchState.INTERRUPTED,
    ]
)


class SwitchOrder(Model):
    """What the machine is to do, all of it known before it begins. Times are seconds.

    `old` and `new` are store paths. `generation` is set when an existing generation is made
    current again, else a new one is made. `ports` must be listened on before a confirmation
    is waited for, and after a revert those of `old_ports`, and the one that we came in by, that
    it listened on before: the machine looks for itself.
    """

    id: str = Field(pattern=r"^[0-9A-Za-z-]{8,40}$")
    old: str
    new: str
    generation: int | None = None
    mode: SwitchMode = SwitchMode.TRIAL
    activation_seconds: int = Field(default=600, ge=10, le=7200)
    confirm_seconds: int = Field(default=90, ge=10, le=3600)
    revert_seconds: int = Field(default=180, ge=10, le=3600)
    allow_failed_units: bool = False
    ports: tuple[int, ...] = ()
    old_ports: tuple[int, ...] = ()


class SwitchReport(Model):
    """What the machine says of one switch, and what runs on it now; paths are store paths.

    `reason` is why it did not hold, in one line. `seconds_left` until it reverts by itself,
    while it waits. `is_watched`: the watchdog runs.
    """

    id: str
    state: SwitchState
    reason: str | None = None
    old: str
    new: str
    running: str
    profile: str | None = None
    generation: int | None = None
    is_watched: bool = False
    same_boot: bool = True
    """Whether the machine still runs since the switch began."""
    seconds_left: float | None = None
    failed_units: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    """The last lines of the activation."""


class SwitchRecord(Model):
    """One switch in our own journal, by its id. `machine` as people name it; `key` tells it from
    all others, whatever it is called later.

    `mode` and `profile`, what it would have started as before, are what its end is judged by.
    """

    id: str
    key: str
    machine: str
    old: str
    new: str
    mode: SwitchMode = SwitchMode.TRIAL
    profile: str | None = None
    started_at: Moment
    ended_at: Moment | None = None
    """None while nobody knows how it ended."""
    state: SwitchState | None = None
    """The last that was heard; None when nothing was."""
    heard_at: Moment | None = None
    detail: str = ""
