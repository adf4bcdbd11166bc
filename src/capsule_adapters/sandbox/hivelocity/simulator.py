"""The rehearsal Hivelocity itself: who may ask, how often, and time going by."""

import re
from collections.abc import Mapping
from hmac import compare_digest
from math import ceil
from secrets import token_hex
from typing import Unpack

from capsule_adapters.sandbox.account_api import AccountApi, Usual
from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.hivelocity import devices, routes
from capsule_adapters.sandbox.hivelocity.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.hivelocity.state import State
from capsule_adapters.sandbox.hivelocity.wording import Refusal, error
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import Allowed, RequestLimit
from capsule_adapters.sandbox.machines import Machines

_HOUR_SECONDS = 3600.0


class HivelocitySimulator(AccountApi[State]):
    """One account at a rehearsal Hivelocity, over `machines`."""

    secret_headers = ("x-api-key",)
    base_path = routes.PREFIX

    def __init__(
        self,
        machines: Machines,
        *,
        temper: Temper | None = None,
        requests_per_hour: int = 3600,
        **usual: Unpack[Usual],
    ) -> None:
        super().__init__(machines, State, token_hex(32), **usual)
        self.temper = temper or Temper()
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._limit = RequestLimit(requests_per_hour, _HOUR_SECONDS, self.clock)
        self._allowed: Allowed | None = None
        self._boot_again(d for d in self.state.devices.values() if d.address is None)

    def ambient(self, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """The limit is on every answer; its reset in seconds left. There is no request id."""
        allowed = self._allowed = self._limit.ask()
        left = max(0, ceil(allowed.reset_epoch - self.clock.now().timestamp()))
        return {
            "X-RateLimit-Limit": str(allowed.limit),
            "X-RateLimit-Remaining": str(allowed.remaining),
            "X-RateLimit-Reset": str(left),
        }

    def answer(self, request: Request, request_id: str) -> Answer:
        if self._allowed is not None and not self._allowed.passes:
            return error(429)
        if not self._may_ask(request):
            return error(401)
        path = request.path.removeprefix(routes.PREFIX)
        if self.temper.lacking and re.fullmatch(self.temper.lacking, path):
            return error(403)
        return self._admitted(request, request_id)

    def _pass_time(self) -> bool:
        return devices.pass_time(self.state, self._room, now=self._endpoints.now)

    def _done(self, request: Request, request_id: str) -> Answer:  # noqa: ARG002
        try:
            return routes.answer(self._endpoints, request)
        except Refusal as refusal:
            return error(refusal.status, refusal.message)

    def error(self, status: int, message: str, request_id: str) -> Answer:  # noqa: ARG002
        return error(status, message)

    def _may_ask(self, request: Request) -> bool:
        given = request.headers.get("x-api-key")
        if given is None:
            return not routes.needs_key(request)
        return compare_digest(given.encode(), self.token.encode())
