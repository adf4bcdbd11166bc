"""What a screen of the fleet shows, read beside it, so that the screen never waits."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import TYPE_CHECKING

from capsule_cli.fleet_detail import SPARKS
from capsule_cli.fleet_words import collector_words
from capsule_cli.session import Session
from capsule_domain.errors import CapsuleError

if TYPE_CHECKING:
    from capsule_domain.models.course import Past
    from capsule_domain.models.guess import Guess
    from capsule_domain.services.fleet_view import FleetView

READ_SECONDS = 2.0
_PAST = timedelta(hours=1)
_GUESS_SECONDS = 300.0


class Feed:
    """Reads what is kept, every two seconds, and has somebody look where no collector does."""

    def __init__(self, run: Session, interval_seconds: float) -> None:
        from capsule_domain.models.watch_plan import STALE_INTERVALS

        wiring = run.wiring
        self._wiring = wiring
        self._interval_seconds = interval_seconds
        self._overview = wiring.overview(stale_seconds=STALE_INTERVALS * interval_seconds)
        self._onlooker = wiring.onlooker(interval_seconds)
        self._look_back = wiring.look_back()
        self._reading: Future[None] | None = None
        self._read_at = float("-inf")
        self._read_of: str | None = None
        self._foresee = wiring.foresee()
        self._guessed: tuple[str, float] | None = None
        """Of which xNode was guessed, and when."""
        self.view: FleetView | None = None
        self.past: Past | None = None
        self.guesses: Sequence[Guess] = ()
        self.trouble = ""
        """Why the last reading failed; empty when it did not."""

    @property
    def is_looking(self) -> bool:
        """Whether this screen itself looks at the fleet right now."""
        return self._onlooker.is_looking

    def who(self, view: "FleetView") -> str:
        """Who looks at the fleet: a collector, or this screen."""
        if view.collector is not None:
            return collector_words(view)
        if self._onlooker.is_cut_off:
            return "nothing at all answers here: this machine may be cut off"
        every = f"every {self._interval_seconds:g} s"
        return f"no collector runs: this screen looks {every}, tells nobody"

    def look_now(self) -> None:
        """At the next reading, unless a collector runs."""
        self._onlooker.look_now()
        self._read_at = float("-inf")

    def go_on(self, chosen: str | None) -> None:
        """Take in what was read, and begin to read again when it is time.

        Raises what is no error of ours, so that a bug shows itself.
        """
        from capsule_domain.services.side_by_side import side_by_side

        if self._reading is not None:
            if not self._reading.done():
                return
            ended, self._reading = self._reading, None
            self._take_in(ended)
        now = self._wiring.clock().monotonic()
        if now - self._read_at >= READ_SECONDS or chosen != self._read_of:
            self._read_at, self._read_of = now, chosen
            (self._reading,) = side_by_side([lambda: self.read(chosen)], deadline_seconds=0)

    def read(self, chosen: str | None) -> None:
        """Look if it is time, and read everything once. Raises CapsuleError."""
        self._onlooker.tick()
        view = self._overview.view()
        past = None
        guesses: Sequence[Guess] = ()
        row = next((one for one in view.xnodes if one.xnode_id == chosen), None)
        if row is not None:
            past = self._look_back.run(row.xnode_id, row.xnode, view.at - _PAST, SPARKS)
            guesses = self._guesses(row.xnode_id)
        self.view, self.past, self.guesses = view, past, guesses

    def _guesses(self, chosen: str) -> "Sequence[Guess]":
        """Hours change slowly, and two weeks of them are a lot to read every two seconds."""
        now = self._wiring.clock().monotonic()
        before = self._guessed
        if before is not None and before[0] == chosen and now - before[1] < _GUESS_SECONDS:
            return self.guesses
        found = self._foresee.of(self._wiring.inventory().get(chosen))
        self._guessed = (chosen, now)
        return found

    def _take_in(self, ended: "Future[None]") -> None:
        try:
            ended.result()
        except CapsuleError as error:
            self.trouble = error.message
        else:
            self.trouble = ""
