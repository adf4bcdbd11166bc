"""The rehearsal Vultr itself: who may ask, and time going by."""

from collections.abc import Mapping
from hmac import compare_digest
from secrets import token_hex
from typing import Unpack

from capsule_adapters.sandbox.account_api import AccountApi, Usual
from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import RequestLimit
from capsule_adapters.sandbox.machines import Machines
from capsule_adapters.sandbox.vultr import routes
from capsule_adapters.sandbox.vultr.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.vultr.state import Rental, State
from capsule_adapters.sandbox.vultr.wording import Refusal, error


class VultrSimulator(AccountApi[State]):
    """One account at a rehearsal Vultr, over `machines`."""

    base_path = routes.PREFIX

    def __init__(
        self,
        machines: Machines,
        *,
        temper: Temper | None = None,
        requests_per_second: int = 30,
        **usual: Unpack[Usual],
    ) -> None:
        super().__init__(machines, State, token_hex(18).upper(), **usual)
        self.temper = temper or Temper()
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._limit = RequestLimit(requests_per_second, 1.0, self.clock)
        self._boot_again(r for r in self.state.rentals.values() if r.status == "pending")

    def ambient(self, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """No request id, and no word about the limit."""
        return {}

    def answer(self, request: Request, request_id: str) -> Answer:
        allowed = self._limit.ask()
        if not allowed.passes:
            refused = error(429, "")
            wait = {"Retry-After": str(allowed.retry_after_seconds)}
            return Answer(refused.status, refused.body, wait)
        if self.temper.unlisted_address_status is not None:
            return error(self.temper.unlisted_address_status, "Unauthorized IP address: 192.0.2.7")
        if not self._may_ask(request):
            return error(401, "")
        return self._admitted(request, request_id)

    def _done(self, request: Request, request_id: str) -> Answer:  # noqa: ARG002
        try:
            return routes.answer(self._endpoints, request)
        except Refusal as refusal:
            return error(refusal.status, refusal.message)

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
