"""The rehearsal Hivelocity itself: who may ask, how often, and time going by."""

import re
from collections.abc import Callable, Mapping
from hmac import compare_digest
from math import ceil
from pathlib import Path
from secrets import token_hex

from capsule_adapters.clock import SystemClock
from capsule_adapters.sandbox.api import Answer, CloudApi, Exchange
from capsule_adapters.sandbox.hivelocity import devices, routes
from capsule_adapters.sandbox.hivelocity.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.hivelocity.state import State
from capsule_adapters.sandbox.hivelocity.wording import Refusal, error
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import Allowed, RequestLimit
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_adapters.sandbox.machines import Machines
from capsule_domain.ports.clock import Clock

_HOUR_SECONDS = 3600.0


class HivelocitySimulator(CloudApi):
    """One account at a rehearsal Hivelocity, over `machines`.

    `state_file`: where the account is kept after each change, and found again. Its
    constructor raises OSError and ValueError when that cannot be read.
    """

    secret_headers = ("x-api-key",)
    base_path = routes.PREFIX

    def __init__(
        self,
        machines: Machines,
        *,
        clock: Clock | None = None,
        state_file: Path | None = None,
        port: int = 0,
        token: str | None = None,
        temper: Temper | None = None,
        requests_per_hour: int = 3600,
        observer: Callable[[Exchange], None] | None = None,
    ) -> None:
        """`clock` None takes the real time; `token` None makes one, see `token`."""
        super().__init__(clock=clock or SystemClock(), port=port, observer=observer)
        self.token = token or token_hex(32)
        self.temper = temper or Temper()
        self.state = State() if state_file is None else State.load(state_file)
        self._room = MachineRoom(machines)
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._state_file = state_file
        self._limit = RequestLimit(requests_per_hour, _HOUR_SECONDS, self.clock)
        self._allowed: Allowed | None = None
        for device in self.state.devices.values():
            if device.address is None:
                # It may be half made, or made without our having heard of it.
                self._room.remove(device.id)
                self._room.boot(device)

    def stop(self) -> None:
        super().stop()
        self._room.close()

    def ambient(self, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """The limit is on every answer; its reset in seconds left. There is no request id."""
        allowed = self._allowed = self._limit.ask()
        left = max(0, ceil(allowed.reset_epoch - self.clock.now().timestamp()))
        return {
            "X-RateLimit-Limit": str(allowed.limit),
            "X-RateLimit-Remaining": str(allowed.remaining),
            "X-RateLimit-Reset": str(left),
        }

    def answer(self, request: Request, request_id: str) -> Answer:  # noqa: ARG002
        if self._allowed is not None and not self._allowed.passes:
            return error(429)
        if not self._may_ask(request):
            return error(401)
        path = request.path.removeprefix(routes.PREFIX)
        if self.temper.lacking and re.fullmatch(self.temper.lacking, path):
            return error(403)
        changed = devices.pass_time(self.state, self._room, now=self._endpoints.now)
        try:
            answer = routes.answer(self._endpoints, request)
            changed = changed or request.method != "GET"
        except Refusal as refusal:
            answer = error(refusal.status, refusal.message)
        if changed and self._state_file is not None:
            self.state.save(self._state_file)
        return answer

    def error(self, status: int, message: str, request_id: str) -> Answer:  # noqa: ARG002
        return error(status, message)

    def _may_ask(self, request: Request) -> bool:
        given = request.headers.get("x-api-key")
        if given is None:
            return not routes.needs_key(request)
        return compare_digest(given.encode(), self.token.encode())
