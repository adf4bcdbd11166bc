"""The rehearsal Linode itself: who may ask, how often, and time going by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from secrets import token_hex

from capsule_adapters.clock import SystemClock
from capsule_adapters.sandbox.api import Answer, CloudApi, Exchange
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import Allowed, RequestLimit
from capsule_adapters.sandbox.linode import jobs, routes
from capsule_adapters.sandbox.linode.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.linode.routes import Bucket
from capsule_adapters.sandbox.linode.state import State
from capsule_adapters.sandbox.linode.wording import Refusal, error
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_adapters.sandbox.machines import Machines
from capsule_domain.ports.clock import Clock


@dataclass(frozen=True)
class Limits:
    """Requests allowed: each kind is counted by itself."""

    usual_per_minute: int = 1600
    lists_per_minute: int = 200
    images_per_minute: int = 20
    creates_per_15_seconds: int = 20


_USUAL_LIMITS = Limits()


class LinodeSimulator(CloudApi):
    """One account at a rehearsal Linode, over `machines`.

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
        limits: Limits = _USUAL_LIMITS,
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
        self._limits = {
            Bucket.USUAL: RequestLimit(limits.usual_per_minute, 60.0, self.clock),
            Bucket.LIST: RequestLimit(limits.lists_per_minute, 60.0, self.clock),
            Bucket.IMAGES: RequestLimit(limits.images_per_minute, 60.0, self.clock),
            Bucket.CREATE: RequestLimit(limits.creates_per_15_seconds, 15.0, self.clock),
        }
        for linode in self.state.linodes.values():
            if linode.is_new:
                # It may be half made, or made without our having heard of it.
                self._room.remove(linode.id)
                self._room.boot(linode)

    def stop(self) -> None:
        super().stop()
        self._room.close()

    def ambient(self, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """Nothing: no header is on every answer that a client could rely on."""
        return {}

    def answer(self, request: Request, request_id: str) -> Answer:  # noqa: ARG002
        allowed = self._limits[routes.bucket(request)].ask()
        answer = self._answer(request) if allowed.passes else error(429)
        return Answer(answer.status, answer.body, _told(allowed))

    def error(self, status: int, message: str, request_id: str) -> Answer:  # noqa: ARG002
        return error(status, message)

    def _answer(self, request: Request) -> Answer:
        given = request.headers.get("authorization")
        authorized = given is not None and compare_digest(
            given.encode(), f"Bearer {self.token}".encode()
        )
        if given is not None and not authorized:
            return error(401)
        changed = self._pass_time()
        try:
            answer = routes.answer(
                self._endpoints, request, authorized=authorized, scopes=self.temper.scopes
            )
            changed = changed or request.method != "GET"
        except Refusal as refusal:
            answer = error(refusal.status, refusal.reason, refusal.field)
        if changed and self._state_file is not None:
            self.state.save(self._state_file)
        return answer

    def _pass_time(self) -> bool:
        """Linodes come up and jobs end; tells whether anything did."""
        now, rest_seconds = self._endpoints.now, self.temper.rest_seconds
        changes = [
            jobs.pass_time(self._room, linode, now=now, rest_seconds=rest_seconds)
            for linode in self.state.linodes.values()
        ]
        return any(changes)


def _told(allowed: Allowed) -> dict[str, str]:
    told = {
        "X-RateLimit-Limit": str(allowed.limit),
        "X-RateLimit-Remaining": str(allowed.remaining),
        "X-RateLimit-Reset": str(allowed.reset_epoch),
    }
    wait = {} if allowed.passes else {"Retry-After": str(allowed.retry_after_seconds)}
    return {**told, **wait}
