"""The rehearsal Equinix Metal itself: who may ask, and time going by."""

from hmac import compare_digest
from secrets import token_urlsafe
from typing import Unpack

from capsule_adapters.sandbox.account_api import AccountApi, Usual
from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.equinix import power, routes
from capsule_adapters.sandbox.equinix.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.equinix.state import State
from capsule_adapters.sandbox.equinix.wording import PREFIX, Refusal, error
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machines import Machines


class EquinixSimulator(AccountApi[State]):
    """One account at a rehearsal Equinix Metal, over `machines`."""

    secret_headers = ("x-auth-token",)
    base_path = PREFIX

    def __init__(
        self,
        machines: Machines,
        *,
        temper: Temper | None = None,
        **usual: Unpack[Usual],
    ) -> None:
        super().__init__(machines, State, token_urlsafe(24), **usual)
        self.temper = temper or Temper()
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._boot_again(device for device in self.state.devices.values() if device.is_new)

    def answer(self, request: Request, request_id: str) -> Answer:
        given = request.headers.get("x-auth-token", "")
        if not compare_digest(given.encode(), self.token.encode()):
            return error(401)
        return self._admitted(request, request_id)

    def _pass_time(self) -> bool:
        return power.pass_time(
            self._room,
            self.state,
            now=self._endpoints.now,
            fails=self.temper.provisioning_fails,
        )

    def _done(self, request: Request, request_id: str) -> Answer:  # noqa: ARG002
        try:
            return routes.answer(self._endpoints, request)
        except Refusal as refusal:
            return error(refusal.status, refusal.message)

    def error(self, status: int, message: str, request_id: str) -> Answer:  # noqa: ARG002
        return error(status, message)
