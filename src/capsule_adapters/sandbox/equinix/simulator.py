"""The rehearsal Equinix Metal itself: who may ask, and time going by."""

from collections.abc import Callable
from hmac import compare_digest
from pathlib import Path
from secrets import token_urlsafe

from capsule_adapters.clock import SystemClock
from capsule_adapters.sandbox.api import Answer, CloudApi, Exchange
from capsule_adapters.sandbox.equinix import power, routes
from capsule_adapters.sandbox.equinix.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.equinix.state import State
from capsule_adapters.sandbox.equinix.wording import PREFIX, Refusal, error
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_adapters.sandbox.machines import Machines
from capsule_domain.ports.clock import Clock


class EquinixSimulator(CloudApi):
    """One account at a rehearsal Equinix Metal, over `machines`.

    `state_file`: where the account is kept after each change, and found again. Its
    constructor raises OSError and ValueError when that cannot be read.
    """

    secret_headers = ("x-auth-token",)
    base_path = PREFIX

    def __init__(
        self,
        machines: Machines,
        *,
        clock: Clock | None = None,
        state_file: Path | None = None,
        port: int = 0,
        token: str | None = None,
        temper: Temper | None = None,
        observer: Callable[[Exchange], None] | None = None,
    ) -> None:
        """`clock` None takes the real time; `token` None makes one, see `token`."""
        super().__init__(clock=clock or SystemClock(), port=port, observer=observer)
        self.token = token or token_urlsafe(24)
        self.temper = temper or Temper()
        self.state = State() if state_file is None else State.load(state_file)
        self._room = MachineRoom(machines)
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._state_file = state_file
        for device in self.state.devices.values():
            if device.is_new:
                # It may be half made, or made without our having heard of it.
                self._room.remove(device.id)
                self._room.boot(device)

    def stop(self) -> None:
        super().stop()
        self._room.close()

    def answer(self, request: Request, request_id: str) -> Answer:  # noqa: ARG002
        given = request.headers.get("x-auth-token", "")
        if not compare_digest(given.encode(), self.token.encode()):
            return error(401)
        changed = power.pass_time(
            self._room,
            self.state,
            now=self._endpoints.now,
            fails=self.temper.provisioning_fails,
        )
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
