"""The rehearsal Scaleway itself: who may ask, and time going by."""

from collections.abc import Callable, Mapping
from hmac import compare_digest
from pathlib import Path
from uuid import uuid4

from capsule_adapters.clock import SystemClock
from capsule_adapters.sandbox.api import Answer, CloudApi, Exchange
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import RequestLimit
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_adapters.sandbox.machines import Machines
from capsule_adapters.sandbox.scaleway import actions, routes
from capsule_adapters.sandbox.scaleway.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.scaleway.state import State
from capsule_adapters.sandbox.scaleway.wording import Refusal, error, refused
from capsule_domain.ports.clock import Clock


class ScalewaySimulator(CloudApi):
    """One organization at a rehearsal Scaleway, over `machines`.

    `state_file`: where the account is kept after each change, and found again. Its
    constructor raises OSError and ValueError when that cannot be read.
    """

    secret_headers = ("x-auth-token",)

    def __init__(
        self,
        machines: Machines,
        *,
        clock: Clock | None = None,
        state_file: Path | None = None,
        port: int = 0,
        token: str | None = None,
        temper: Temper | None = None,
        requests_per_second: int = 300,
        observer: Callable[[Exchange], None] | None = None,
    ) -> None:
        """`clock` None takes the real time; `token` None makes one, see `token`.

        `requests_per_second`: the real limit is published nowhere.
        """
        super().__init__(clock=clock or SystemClock(), port=port, observer=observer)
        self.token = token or str(uuid4())
        self.temper = temper or Temper()
        self.state = State() if state_file is None else State.load(state_file)
        self._room = MachineRoom(machines)
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._state_file = state_file
        self._requests_per_second = requests_per_second
        self._limit = RequestLimit(requests_per_second, 1.0, self.clock)
        for server in self.state.servers.values():
            if server.becomes == "running" and not server.has_booted:
                # It may be half made, or made without our having heard of it.
                self._room.remove(server.id)
                self._room.boot(server)

    def stop(self) -> None:
        super().stop()
        self._room.close()

    def ambient(self, request_id: str) -> Mapping[str, str]:
        return {"X-Request-Id": request_id}

    def answer(self, request: Request, request_id: str) -> Answer:  # noqa: ARG002
        allowed = self._limit.ask()
        if not allowed.passes:
            return error(
                429,
                limit={"quota": self._requests_per_second, "window_seconds": 1},
                reset_seconds=allowed.retry_after_seconds,
            )
        given = request.headers.get("x-auth-token", "")
        if not compare_digest(given.encode(), self.token.encode()):
            return error(401, method="api_key", reason="invalid_argument")
        if self.temper.locked:
            return error(403, message="the organization is locked")
        changed = self._pass_time()
        try:
            answer = routes.answer(self._endpoints, request)
            changed = changed or request.method != "GET"
        except Refusal as refusal:
            answer = refused(refusal)
        if changed and self._state_file is not None:
            self.state.save(self._state_file)
        return answer

    def error(self, status: int, message: str, request_id: str) -> Answer:  # noqa: ARG002
        return error(status, message=message)

    def _pass_time(self) -> bool:
        """What was begun ends; tells whether anything did."""
        now, loose = self._endpoints.now, self.temper.loose_seconds
        passed = [
            actions.pass_time(self.state, self._room, server, now=now, loose_after_seconds=loose)
            for server in list(self.state.servers.values())
        ]
        return any(passed)
