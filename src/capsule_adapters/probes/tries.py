"""Trying before calling something down, and not wearing it out once it is."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from capsule_domain.models.health import Check, CheckKind, Fault
from capsule_domain.models.look import LookPlan
from capsule_domain.ports.clock import Clock

WORTH_ANOTHER = frozenset([Fault.UNREACHABLE, Fault.ANSWER])
"""The faults that may be over in a moment. The others stay until somebody acts."""

OFTEN = 3
"""So many looks at what is down before they become rarer."""

RARER_SECONDS = 30.0
RAREST_SECONDS = 300.0


Key = tuple[str, ...]
"""An xNode's id, and what tells its checks apart."""


@dataclass(frozen=True)
class Trial:
    """One check: what is checked, how long one try may take, and how it is tried."""

    kind: CheckKind
    instance: str
    seconds: float
    once: Callable[[], Awaitable[Check]]

    def over_time(self, seconds: float) -> Check:
        """The check that had no answer."""
        return Check(
            kind=self.kind,
            ok=False,
            instance=self.instance,
            fault=Fault.UNREACHABLE,
            error=f"no answer within {seconds:g} s",
        )


@dataclass
class _Down:
    """A check that failed at the last look."""

    last: Check
    looks: int
    next_at: float


class Tries:
    """Tries checks as a plan says, and remembers those that fail from look to look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._down: dict[Key, _Down] = {}

    def is_spared(self, key: Key) -> bool:
        """Whether it failed so often that the next try is not due yet."""
        down = self._down.get(key)
        return down is not None and self._clock.monotonic() < down.next_at

    def spared(self, key: Key) -> Check:
        """What was found at the last try, for one that `is_spared`."""
        return self._down[key].last.model_copy(update={"tries": 0})

    async def check(self, key: Key, trial: Trial, plan: LookPlan) -> Check:
        """Several tries of what passed before, one of what is down. Always a finding.

        Whatever the tries come to, it ends after `plan.deadline_seconds`.
        """
        down = self._down.get(key)
        found: Check | None = None
        try:
            async with asyncio.timeout(plan.deadline_seconds):
                for number in range(1, (1 if down else plan.tries) + 1):
                    if number > 1:
                        await asyncio.sleep(plan.retry_seconds)
                    found = await _tried(trial, plan.deadline_seconds)
                    if number > 1:
                        found = found.model_copy(update={"tries": number})
                    if found.ok or found.fault not in WORTH_ANOTHER:
                        break
        except TimeoutError:
            found = found or trial.over_time(plan.deadline_seconds)
        assert found is not None  # noqa: S101 (a plan has one try at least)
        self._remember(key, found, down)
        return found

    def forget(self, xnode_id: str) -> None:
        """As if none of its checks had ever been tried."""
        for key in [key for key in self._down if key[0] == xnode_id]:
            del self._down[key]

    def _remember(self, key: Key, found: Check, down: _Down | None) -> None:
        if found.ok:
            self._down.pop(key, None)
            return
        looks = 1 if down is None else down.looks + 1
        rarer = 0.0 if looks <= OFTEN else RARER_SECONDS * 2.0 ** min(looks - OFTEN - 1, 10)
        next_at = self._clock.monotonic() + min(rarer, RAREST_SECONDS)
        self._down[key] = _Down(found, looks, next_at)


async def _tried(trial: Trial, deadline_seconds: float) -> Check:
    """One try; a time that ends no sooner than all of them is not counted twice."""
    own = trial.seconds if trial.seconds < deadline_seconds else None
    try:
        async with asyncio.timeout(own):
            return await trial.once()
    except TimeoutError:
        return trial.over_time(trial.seconds)
