"""Switching servers, and waiting until the cloud has done it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from capsule_adapters.rest.answer import Answer, within
from capsule_adapters.rest.dialect import ActionPoll, Dialect, PowerCall, ServerPoll
from capsule_adapters.rest.refusals import Busy, Subject
from capsule_domain.errors import ProviderError, ProviderUnavailable
from capsule_domain.models.server import ServerStatus
from capsule_domain.ports.clock import Clock

if TYPE_CHECKING:
    from capsule_adapters.rest.transport import JsonApi

T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_PAUSE_GROWTH = 1.5
_TIMEOUT_SECONDS = 300.0
_BUSY_SECONDS = 60.0


class PowerSwitch:
    """Sends a PowerCall, and returns when the cloud says that it is done.

    `look` tells the status of a server, for clouds without actions to watch.
    """

    def __init__(
        self,
        dialect: Dialect,
        api: "JsonApi",
        clock: Clock,
        look: Callable[[str], ServerStatus],
    ) -> None:
        self._name = dialect.name
        self._poll = dialect.power.poll
        self._api = api
        self._clock = clock
        self._look = look

    def throw(
        self, server_id: str, call: PowerCall, until: ServerStatus, *, restart: bool = False
    ) -> None:
        """Do it to a server whose id was checked. `until`: what it will be when it is done.

        With `restart` it is so already, and comes back to it. Raises NotFound,
        ProviderError when the cloud refuses or fails, and ProviderUnavailable when it
        does not come to an end.
        """
        answer = self._ask(server_id, call)
        if isinstance(self._poll, ActionPoll):
            self._watch_action(self._poll, within(answer.body, self._poll.item))
        elif self._poll is not None:
            self._watch_server(self._poll, server_id, until, restart=restart)

    def _ask(self, server_id: str, call: PowerCall) -> Answer:
        return when_free(self._clock, lambda: self._send(server_id, call), _BUSY_SECONDS)

    def _send(self, server_id: str, call: PowerCall) -> Answer:
        return self._api.post(
            call.path.format(id=server_id),
            body=call.body,
            query=call.query,
            subject=Subject("server", server_id),
            reads=isinstance(self._poll, ActionPoll),
        )

    def _watch_action(self, poll: ActionPoll, action: object) -> None:
        action_id = within(action, poll.id)
        if not isinstance(action_id, int | str):
            raise ProviderError(self._name, f"the answer lacks {poll.item}.{poll.id}")
        subject = Subject("action", str(action_id))
        wait = _Wait(self._clock)
        while (status := within(action, poll.status)) != poll.done:
            if status == poll.failed:
                raise ProviderError(self._name, f"action {action_id} failed")
            if wait.waited_seconds >= _TIMEOUT_SECONDS:
                raise self._endless(f"action {action_id} is not done")
            wait.pause()
            answer = self._api.get(poll.path.format(id=action_id), subject=subject)
            action = within(answer.body, poll.item)

    def _watch_server(
        self, poll: ServerPoll, server_id: str, until: ServerStatus, *, restart: bool
    ) -> None:
        wait = _Wait(self._clock)
        moved = not restart
        while (status := self._look(server_id)) is not until or not (
            moved or wait.waited_seconds >= poll.restart_shows_seconds
        ):
            moved = moved or status is not until
            if wait.waited_seconds >= _TIMEOUT_SECONDS:
                raise self._endless(f"server {server_id} is not {until}")
            wait.pause()

    def _endless(self, what: str) -> ProviderUnavailable:
        return ProviderUnavailable(self._name, f"{what} after {_TIMEOUT_SECONDS:.0f} s")


def when_free(clock: Clock, ask: Callable[[], T], seconds: float) -> T:
    """What `ask` returns; asked again while the cloud is busy, and so did nothing.

    Raises Busy when it still is after `seconds`.
    """
    wait = _Wait(clock)
    while True:
        try:
            return ask()
        except Busy:
            if wait.waited_seconds >= seconds:
                raise
        wait.pause()


class _Wait:
    """Pauses that grow."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    @property
    def waited_seconds(self) -> float:
        return self._clock.monotonic() - self._started

    def pause(self) -> None:
        self._clock.sleep(self._pause_seconds)
        self._pause_seconds = min(self._pause_seconds * _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS)
