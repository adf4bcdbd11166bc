"""A switch on its way: told, followed, confirmed over new connections."""

from contextlib import suppress
from dataclasses import dataclass, field

from capsule_domain.errors import (
    CapsuleError,
    CommandFailed,
    ConfigurationError,
    Conflict,
    HostError,
    NotFound,
    StoreError,
)
from capsule_domain.models.switch import (
    SwitchMode,
    SwitchRecord,
    SwitchReport,
    SwitchState,
)
from capsule_domain.models.switch_outcome import Outcome, Verdict
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.nixos_hosts import Machine, NixosHost, NixosHosts
from capsule_domain.ports.switch_journal import SwitchJournal
from capsule_domain.services.switch_job import Agreed, Heard, Interruption, SwitchJob
from capsule_domain.services.switch_outcome import outcome

BEGIN_SECONDS = 60.0
"""How long it is tried to hear whether a switch began, once it may have."""
RESTART_SECONDS = 600.0
"""How long a machine may take to start anew."""
COMMIT_SECONDS = 600.0
SPARE_SECONDS = 5.0
"""A confirmation that could arrive later than this before the end is not sent."""
ENTER_SECONDS = 10.0
_PAUSES = (1.0, 2.0, 4.0, 5.0)
_CAN_GO_BACK = (SwitchState.ARMED, SwitchState.ACTIVATING, SwitchState.AWAITING)


@dataclass
class Trial:
    """One switch on its way."""

    hosts: NixosHosts
    journal: SwitchJournal
    clock: Clock
    job: SwitchJob
    record: SwitchRecord
    heard: Heard
    stop: Interruption
    agreed: Agreed
    last: SwitchReport | None = None
    trouble: str = ""
    """Why it was not confirmed the last time."""
    _unheard: str = ""
    """Why nothing was heard since it was in another state."""
    _deadline: float = 0.0
    _said: str = ""
    _fails: int = 0
    _agreed: bool | None = None
    _places: list[Machine] = field(default_factory=list)

    def begin(self) -> None:
        """Tell the machine. A lost answer is asked for again: of one id it begins one switch.

        Raises when it surely did not begin; returns when it did, or nobody can say.
        """
        begun = self.clock.monotonic()
        self._places = list(dict.fromkeys([self.job.machine, *self.job.endpoints]))
        self._deadline = begun + self._seconds_from_now(None)
        is_told = was_told = False
        while True:
            try:
                with self.hosts.enter(self.job.machine) as host:
                    is_told = True
                    self._tell(host)
                    return
            except CommandFailed:
                raise
            except (HostError, ConfigurationError) as error:
                is_certain = isinstance(error, ConfigurationError) and not was_told
                if not is_told or is_certain:
                    raise
                self._say(f"the answer was lost: {error.message}")
                if self.clock.monotonic() - begun >= BEGIN_SECONDS:
                    return
            was_told = True
            self._pause()

    def _tell(self, host: NixosHost) -> None:
        try:
            host.begin(self.job.order)
        except CommandFailed:
            with suppress(NotFound):
                host.follow(self.job.order.id)
                return  # what failed came after its beginning
            raise

    def follow(self) -> Outcome:
        """Until it ended, or there is nothing more to wait for."""
        while True:
            report = self._hear()
            if isinstance(report, Outcome):
                return report
            if report is not None:
                self._note(report)
                if report.state.is_end:
                    return self._judged(report)
                self._answer(report)
            if self.clock.monotonic() >= self._deadline:
                return self._judged(self.last)
            self._pause()

    def _judged(self, report: SwitchReport | None) -> Outcome:
        """With the reason that only this side knows: why it was not confirmed."""
        found = outcome(self.record, report)
        why = self.trouble or (self._unheard and f"not reached meanwhile: {self._unheard}")
        if why and found.verdict is not Verdict.COMMITTED:
            return found.model_copy(update={"detail": f"{found.detail}; {why}"})
        return found

    def _hear(self) -> SwitchReport | Outcome | None:
        """From wherever it answers, over a new connection; None: from nowhere."""
        for place in self._places:
            try:
                with self.hosts.enter(place, timeout_seconds=ENTER_SECONDS) as host:
                    found = self._ask(host)
            except CapsuleError as error:
                self._unheard = error.message
                self._say(f"not heard: {error.message}")
            else:
                self._places.sort(key=lambda one: one != place)
                return found
        self._fails += 1
        return None

    def _ask(self, host: NixosHost) -> SwitchReport | Outcome:
        try:
            return host.follow(self.job.order.id)
        except NotFound:
            live = host.look()
        why = "the machine was never told of it"
        order = self.job.order
        same = live.running == order.old and live.profile == self.job.profile
        verdict = Verdict.REFUSED if same else Verdict.UNKNOWN
        return Outcome(verdict=verdict, detail=why, running=live.running, profile=live.profile)

    def _note(self, report: SwitchReport) -> None:
        if self.last is None or self.last.state is not report.state:
            left = report.seconds_left
            more = f", {left:.0f} s until it goes back by itself" if left is not None else ""
            self._say(f"{report.state}{more}")
            self._fails = 0
            if not report.state.is_end:
                self._unheard = ""
            self._deadline = self.clock.monotonic() + self._seconds_from_now(report)
            with suppress(StoreError):  # how far it was matters less than what comes next
                self.journal.heard(self.record.id, report.state, self.clock.now())
        self.last = report

    def _seconds_from_now(self, report: SwitchReport | None) -> float:
        """How long it can take at most until it ended."""
        order = self.job.order
        back = order.revert_seconds + RESTART_SECONDS
        state = None if report is None else report.state
        if report is not None and state is SwitchState.AWAITING:
            left = report.seconds_left
            return (order.confirm_seconds if left is None else left) + back
        if state is SwitchState.COMMITTING:
            return COMMIT_SECONDS
        if state in (SwitchState.REVERTING, SwitchState.REBOOTING) and not self._is_forward(report):
            return back
        restart = RESTART_SECONDS if order.mode is SwitchMode.REBOOT else 0.0
        return order.activation_seconds + restart + order.confirm_seconds + back

    def _is_forward(self, report: SwitchReport | None) -> bool:
        """Whether a restart is the way to the new system."""
        is_reboot = self.job.order.mode is SwitchMode.REBOOT
        return is_reboot and report is not None and report.reason is None

    def _answer(self, report: SwitchReport) -> None:
        """What is to be said to a machine in this state."""
        if self.stop.asked:
            self._give_up(report, "it was interrupted")
        elif report.state is SwitchState.AWAITING:
            if self._agreed is None:
                self._agreed = self.agreed(report)
            if self._agreed:
                self._confirm(report)
            else:
                self._give_up(report, "nobody agreed")

    def _give_up(self, report: SwitchReport, why: str) -> None:
        if report.state not in _CAN_GO_BACK:
            return
        self.trouble = why
        try:
            with self.hosts.enter(self._places[0], timeout_seconds=ENTER_SECONDS) as host:
                host.give_up(self.job.order.id)
        except CapsuleError as error:
            self._say(f"not told to go back yet: {error.message}")

    def _confirm(self, report: SwitchReport) -> None:
        """Only what was reached everywhere, and runs the new system, is confirmed."""
        left = report.seconds_left
        seconds = self.job.order.confirm_seconds if left is None else left
        latest = self.clock.monotonic() + seconds - SPARE_SECONDS
        try:
            for number, place in enumerate(self.job.endpoints, start=1):
                spare = latest - self.clock.monotonic()
                if spare <= 0:
                    return
                with self.hosts.enter(place, timeout_seconds=min(ENTER_SECONDS, spare)) as host:
                    now = host.follow(self.job.order.id)
                    if now.state is not SwitchState.AWAITING or now.running != self.job.order.new:
                        return
                    if number == len(self.job.endpoints) and not self.stop.asked:
                        host.confirm(self.job.order.id)
        except Conflict as error:
            self._say(error.message)
        except CapsuleError as error:
            self._fails += 1
            self.trouble = f"it was not reached anew: {error.message}"
            self._say(self.trouble)
        else:
            self.trouble = ""

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self.heard(text)

    def _pause(self) -> None:
        self.clock.sleep(_PAUSES[min(self._fails, len(_PAUSES) - 1)])
