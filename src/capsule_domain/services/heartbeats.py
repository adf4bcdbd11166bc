"""Signs of life, sent beside the collector's work, which no failure of theirs disturbs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from capsule_domain.errors import CapsuleError, NotDelivered
from capsule_domain.models.heartbeat import Beat, HeartbeatSettings, Pulse
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.heartbeat import Heartbeat, PulseLog
from capsule_domain.services.looker import Run, beside


@dataclass
class Heartbeats:
    """Sends one after a round, at most once an interval, and none while one is under way.

    `heart` may raise ConfigurationError, for a URL that is not there: that counts as one that
    did not arrive. `troubled` hears of the first that does not arrive and of what cannot be kept.
    """

    heart: Callable[[], Heartbeat]
    log: PulseLog
    clock: Clock
    troubled: Callable[[str], None]
    run: Run = beside

    def __post_init__(self) -> None:
        self._turn = Lock()
        self._sent_at: float | None = None
        self._pulse: Pulse | None = None

    def round_over(self, chosen: HeartbeatSettings, *, good: bool) -> None:
        """A round came to its end. Returns at once, and raises nothing."""
        if not chosen.enabled:
            self._sent_at = None
            return
        now = self.clock.monotonic()
        if self._sent_at is not None and now - self._sent_at < chosen.interval_seconds:
            return
        beats = [Beat.START] if chosen.start and self._sent_at is None else []
        if good or chosen.fail:
            beats.append(Beat.GOOD if good else Beat.FAIL)
        if beats and self._turn.acquire(blocking=False):
            self._sent_at = now
            self.run(lambda: self._send(beats))

    def _send(self, beats: Sequence[Beat]) -> None:
        try:
            for beat in beats:
                self._keep(self._failure(beat))
        except CapsuleError as error:
            self.troubled(error.message)
        finally:
            self._turn.release()

    def _failure(self, beat: Beat) -> str | None:
        """Why it did not arrive, or None."""
        try:
            self.heart().send(beat)
        except NotDelivered as error:
            return error.why
        except CapsuleError as error:
            return error.message
        return None

    def _keep(self, failure: str | None) -> None:
        before = self._pulse or Pulse(arrived_at=self.log.read().arrived_at)
        now = self.clock.now()
        if failure is None:
            changes = {"arrived_at": now, "missed": 0}
        else:
            changes = {
                "missed": before.missed + 1,
                "failures": before.failures + 1,
                "failed_at": now,
                "error": failure,
            }
        self._pulse = before.model_copy(update=changes)
        if self._pulse.missed == 1:
            self.troubled(f"the heartbeat did not arrive: {failure}")
        self.log.write(self._pulse)
