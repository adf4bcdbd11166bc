"""The rehearsal Vultr itself: who may ask, and time going by."""

from collections.abc import Callable, Mapping
from hmac import compare_digest
from pathlib import Path
from secrets import token_hex

from capsule_adapters.clock import SystemClock
from capsule_adapters.sandbox.api import Answer, CloudApi, Exchange
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import RequestLimit
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_adapters.sandbox.machines import Machines
from capsule_adapters.sandbox.vultr import routes
from capsule_adapters.sandbox.vultr.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.vultr.state import Rental, State
from capsule_adapters.sandbox.vultr.wording import Refusal, error
from capsule_domain.ports.clock import Clock


class VultrSimulator(CloudApi):
    """One account at a rehearsal Vultr, over `machines`.

    `state_file`: where the account is kept after each change, and found again. Its
    constructor raises OSError and ValueError when that cannot be read.
    """

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
        requests_per_second: int = 30,
        observer: Callable[[Exchange], None] | None = None,
    ) -> None:
        """`clock` None takes the real time; `token` None makes one, see `token`."""
        super().__init__(clock=clock or SystemClock(), port=port, observer=observer)
        self.token = token or token_hex(18).upper()
        self.temper = temper or Temper()
        self.state = State() if state_file is None else State.load(state_file)
        self._room = MachineRoom(machines)
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._state_file = state_file
        self._limit = RequestLimit(requests_per_second, 1.0, self.clock)
        for rental in self.state.rentals.values():
            if rental.status == "pending":
                # It may be half made, or made without our having heard of it.
                self._room.remove(rental.id)
                self._room.boot(rental)

    def stop(self) -> None:
        super().stop()
        self._room.close()

    def ambient(self, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """No request id, and no word about the limit."""
        return {}

    def answer(self, request: Request, request_id: str) -> Answer:  # noqa: ARG002
        allowed = self._limit.ask()
        if not allowed.passes:
            refused = error(429, "")
            wait = {"Retry-After": str(allowed.retry_after_seconds)}
            return Answer(refused.status, refused.body, wait)
        if self.temper.unlisted_address_status is not None:
            return error(self.temper.unlisted_address_status, "Unauthorized IP address: 192.0.2.7")
        if not self._may_ask(request):
            return error(401, "")
        changed = self._pass_time()
        try:
            answer = routes.answer(self._endpoints, request)
            changed = changed or request.method != "GET"
        except Refusal as refusal:
            answer = error(refusal.status, refusal.message)
        if changed:
            self._keep()
        return answer

    def error(self, status: int, message: str, request_id: str) -> Answer:  # noqa: ARG002
        return error(status, message)

    def _may_ask(self, request: Request) -> bool:
        given = request.headers.get("authorization")
        if given is None:
            return not routes.needs_key(request)
        return compare_digest(given.encode(), f"Bearer {self.token}".encode())

    def _pass_time(self) -> bool:
        """Servers come up, and power follows what was asked; tells whether anything did."""
        passed = [self._pass_time_of(rental) for rental in self.state.rentals.values()]
        return any(passed)

    def _pass_time_of(self, rental: Rental) -> bool:
        now = self._endpoints.now
        if rental.status == "pending" and rental.active_at <= now:
            address = self._room.address(rental.id) if self._room.is_idle(rental.id) else None
            if address is not None:
                rental.status, rental.address, rental.user_data = "active", address, ""
                return True
        due = rental.becomes is not None and rental.locked_until <= now
        if rental.becomes is not None and due and self._room.is_idle(rental.id):
            rental.power, rental.becomes = rental.becomes, None
            return True
        return False

    def _keep(self) -> None:
        if self._state_file is not None:
            self.state.save(self._state_file)
