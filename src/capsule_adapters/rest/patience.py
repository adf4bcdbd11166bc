"""How long we wait for a cloud, and when we ask it again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from capsule_adapters.rest.refusals import AskedToWait
from capsule_domain.errors import ProviderUnavailable, RateLimited
from capsule_domain.ports.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long we wait, and how much we take."""

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    """For each piece of an answer."""
    whole_answer_seconds: float = 120.0
    answer_max_bytes: int = 32 * 1024 * 1024
    attempts: int = 5
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 60.0
    """A cloud that wants a longer wait than this is an error at once."""


class Repetition:
    """Asks again while the trouble may pass. Only for what is safe to repeat."""

    def __init__(
        self, patience: Patience, clock: Clock, randomness: Callable[[], float] = random.random
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._randomness = randomness

    def __call__(self, ask: Callable[[], T]) -> T:
        """What `ask` returns; its last error when patience ends."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._patience.attempts),
            wait=self._pause_seconds,
            retry=tenacity.retry_if_exception(self._may_pass),
            sleep=self._clock.sleep,
            reraise=True,
        )
        return retrying(ask)

    def _may_pass(self, error: BaseException) -> bool:
        asked = _asked_seconds(error)
        too_long = asked is not None and asked > self._patience.longest_pause_seconds
        return isinstance(error, ProviderUnavailable) and not too_long

    def _pause_seconds(self, state: tenacity.RetryCallState) -> float:
        """What the cloud asked for, or twice as long each time; never in step with others."""
        asked = _asked_seconds(state.outcome.exception() if state.outcome else None)
        if asked is not None:
            return asked + self._randomness() * self._patience.first_pause_seconds
        doubled = self._patience.first_pause_seconds * 2.0 ** (state.attempt_number - 1)
        return min(doubled, self._patience.longest_pause_seconds) * (0.5 + self._randomness() / 2)


def _asked_seconds(error: BaseException | None) -> float | None:
    return error.retry_after_seconds if isinstance(error, RateLimited | AskedToWait) else None
