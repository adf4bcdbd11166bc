"""The rehearsal DigitalOcean itself: who may ask, and time going by."""

from collections.abc import Mapping
from hmac import compare_digest
from secrets import token_hex
from typing import Unpack

from capsule_adapters.sandbox.account_api import AccountApi, Usual
from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.digitalocean import actions, routes
from capsule_adapters.sandbox.digitalocean.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.digitalocean.state import State
from capsule_adapters.sandbox.digitalocean.wording import Refusal, error
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import Allowed, RequestLimit
from capsule_adapters.sandbox.machines import Machines


class DigitalOceanSimulator(AccountApi[State]):
    """One account at a rehearsal DigitalOcean, over `machines`."""

    def __init__(
        self,
        machines: Machines,
        *,
        temper: Temper | None = None,
        requests_per_hour: int = 5000,
        requests_per_minute: int = 250,
        **usual: Unpack[Usual],
    ) -> None:
        super().__init__(machines, State, f"dop_v1_{token_hex(32)}", **usual)
        self.temper = temper or Temper()
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._hour = RequestLimit(requests_per_hour, 3600.0, self.clock)
        self._minute = RequestLimit(requests_per_minute, 60.0, self.clock)
        self._told: Allowed | None = None
        self._boot_again(d for d in self.state.droplets.values() if d.status == "new")

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
        return self._admitted(request, request_id)

    def _done(self, request: Request, request_id: str) -> Answer:
        try:
            return routes.answer(self._endpoints, request)
        except Refusal as refusal:
            return error(refusal.status, refusal.message, request_id)

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
