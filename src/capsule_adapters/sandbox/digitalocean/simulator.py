"""The rehearsal DigitalOcean itself: who may ask, and time going by."""

from collections.abc import Callable, Mapping
from hmac import compare_digest
from pathlib import Path
from secrets import token_hex

from capsule_adapters.clock import SystemClock
from capsule_adapters.sandbox.api import Answer, CloudApi, Exchange
from capsule_adapters.sandbox.digitalocean import actions, routes
from capsule_adapters.sandbox.digitalocean.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.digitalocean.state import State
from capsule_adapters.sandbox.digitalocean.wording import Refusal, error
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import Allowed, RequestLimit
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_adapters.sandbox.machines import Machines
from capsule_domain.ports.clock import Clock


class DigitalOceanSimulator(CloudApi):
    """One account at a rehearsal DigitalOcean, over `machines`.

    `state_file`: where the account is kept after each change, and found again. Its
    constructor raises OSError and ValueError when that cannot be read.
    """

    def __init__(
        self,
        machines: Machines,
        *,
        clock: Clock | None = None,
        state_file: Path | None = None,
        port: int = 0,
        token: str | None = None,
        temper: Temper | None = None,
        requests_per_hour: int = 5000,
        requests_per_minute: int = 250,
        observer: Callable[[Exchange], None] | None = None,
    ) -> None:
        """`clock` None takes the real time; `token` None makes one, see `token`."""
        super().__init__(clock=clock or SystemClock(), port=port, observer=observer)
        self.token = token or f"dop_v1_{token_hex(32)}"
        self.temper = temper or Temper()
        self.state = State() if state_file is None else State.load(state_file)
        self._room = MachineRoom(machines)
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._state_file = state_file
        self._hour = RequestLimit(requests_per_hour, 3600.0, self.clock)
        self._minute = RequestLimit(requests_per_minute, 60.0, self.clock)
        self._told: Allowed | None = None
        for droplet in self.state.droplets.values():
            if droplet.status == "new":
                # It may be half made, or made without our having heard of it.
                self._room.remove(droplet.id)
                self._room.boot(droplet)

    def stop(self) -> None:
        super().stop()
        self._room.close()

    def ambient(self, request_id: str) -> Mapping[str, str]:
        """The limits are told with every answer, whatever it is."""
        hour, minute = self._hour.ask(), self._minute.ask()
        self._told = hour if not hour.passes or minute.passes else minute
        return {
            **super().ambient(request_id),
            "ratelimit-limit": str(self._told.limit),
            "ratelimit-remaining": str(self._told.remaining),
            "ratelimit-reset": str(self._told.reset_epoch),
        }

    def answer(self, request: Request, request_id: str) -> Answer:
        if self._told is not None and not self._told.passes:
            refused = error(429, "", request_id)
            wait = {"Retry-After": str(self._told.retry_after_seconds)}
            return Answer(refused.status, refused.body, wait)
        given = request.headers.get("authorization", "")
        if not compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return error(401, "", request_id)
        changed = self._pass_time()
        try:
            answer = routes.answer(self._endpoints, request)
            changed = changed or request.method != "GET"
        except Refusal as refusal:
            answer = error(refusal.status, refusal.message, request_id)
        if changed:
            self._keep()
        return answer

    def error(self, status: int, message: str, request_id: str) -> Answer:
        return error(status, message, request_id)

    def _pass_time(self) -> bool:
        """Droplets come up and actions end; tells whether anything did."""
        now = self._endpoints.now
        changed = False
        for droplet in self.state.droplets.values():
            due = droplet.status == "new" and droplet.active_at <= now
            if due and self._room.is_idle(droplet.id):
                address = self._room.address(droplet.id)
                if address is not None:
                    droplet.status, droplet.address, droplet.user_data = "active", address, ""
                    changed = True
        return actions.finish(self.state, self._room, now=now) or changed

    def _keep(self) -> None:
        if self._state_file is not None:
            self.state.save(self._state_file)
