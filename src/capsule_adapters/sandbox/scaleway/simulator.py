"""The rehearsal Scaleway itself: who may ask, and time going by."""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Unpack
from uuid import uuid4

from capsule_adapters.sandbox.account_api import AccountApi, Usual
from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import RequestLimit
from capsule_adapters.sandbox.machines import Machines
from capsule_adapters.sandbox.scaleway import actions, routes
from capsule_adapters.sandbox.scaleway.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.scaleway.state import State
from capsule_adapters.sandbox.scaleway.wording import Refusal, error, refused


class ScalewaySimulator(AccountApi[State]):
    """One organization at a rehearsal Scaleway, over `machines`."""

    secret_headers = ("x-auth-token",)

    def __init__(
        self,
        machines: Machines,
        *,
        temper: Temper | None = None,
        requests_per_second: int = 300,
        **usual: Unpack[Usual],
    ) -> None:
        """`requests_per_second`: the real limit is published nowhere."""
        super().__init__(machines, State, str(uuid4()), **usual)
        self.temper = temper or Temper()
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._requests_per_second = requests_per_second
        self._limit = RequestLimit(requests_per_second, 1.0, self.clock)
        self._boot_again(
            server
            for server in self.state.servers.values()
            if server.becomes == "running" and not server.has_booted
        )

    def ambient(self, request_id: str) -> Mapping[str, str]:
        return {"X-Request-Id": request_id}

    def answer(self, request: Request, request_id: str) -> Answer:
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
        return self._admitted(request, request_id)

    def _done(self, request: Request, request_id: str) -> Answer:  # noqa: ARG002
        try:
            return routes.answer(self._endpoints, request)
        except Refusal as refusal:
            return refused(refusal)

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
