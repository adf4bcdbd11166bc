"""Switching servers, and waiting until the cloud has done it."""

from capsule_adapters.rest.answer import pluck
from capsule_adapters.rest.dialect import ActionPoll, Dialect, PowerCall
from capsule_adapters.rest.refusals import Subject
from capsule_adapters.rest.transport import JsonApi
from capsule_domain.errors import ProviderError, ProviderUnavailable
from capsule_domain.ports.clock import Clock

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_PAUSE_GROWTH = 1.5
_TIMEOUT_SECONDS = 300.0


class PowerSwitch:
    """Sends a PowerCall, and returns when the cloud says that it is done."""

    def __init__(self, dialect: Dialect, api: JsonApi, clock: Clock) -> None:
        self._name = dialect.name
        self._poll = dialect.power.poll
        self._api = api
        self._clock = clock

    def throw(self, server_id: str, call: PowerCall) -> None:
        """Do it to a server whose id was checked.

        Raises NotFound, ProviderError when the cloud refuses or fails, and
        ProviderUnavailable when it does not come to an end.
        """
        answer = self._api.post(
            call.path.format(id=server_id),
            body=call.body,
            subject=Subject("server", server_id),
            reads=self._poll is not None,
        )
        if self._poll is not None:
            self._wait(self._poll, pluck(answer.body, self._poll.item))

    def _wait(self, poll: ActionPoll, action: object) -> None:
        until = self._clock.monotonic() + _TIMEOUT_SECONDS
        pause_seconds = _FIRST_PAUSE_SECONDS
        action_id = pluck(action, poll.id)
        if not isinstance(action_id, int | str):
            raise ProviderError(self._name, f"the answer lacks {poll.item}.{poll.id}")
        while (status := pluck(action, poll.status)) != poll.done:
            if status == poll.failed:
                raise ProviderError(self._name, f"action {action_id} failed")
            if self._clock.monotonic() >= until:
                raise ProviderUnavailable(
                    self._name, f"action {action_id} is not done after {_TIMEOUT_SECONDS:.0f} s"
                )
            self._clock.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS)
            answer = self._api.get(
                poll.path.format(id=action_id), subject=Subject("action", str(action_id))
            )
            action = pluck(answer.body, poll.item)
