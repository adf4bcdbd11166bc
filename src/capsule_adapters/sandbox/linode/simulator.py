"""The rehearsal Linode itself: who may ask, how often, and time going by."""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from secrets import token_hex
from typing import Unpack

from capsule_adapters.sandbox.account_api import AccountApi, Usual
from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import Allowed, RequestLimit
from capsule_adapters.sandbox.linode import jobs, routes
from capsule_adapters.sandbox.linode.endpoints import Endpoints, Temper
from capsule_adapters.sandbox.linode.routes import Bucket
from capsule_adapters.sandbox.linode.state import State
from capsule_adapters.sandbox.linode.wording import Refusal, error
from capsule_adapters.sandbox.machines import Machines


@dataclass(frozen=True)
class Limits:
    """Requests allowed: each kind is counted by itself."""

    usual_per_minute: int = 1600
    lists_per_minute: int = 200
    images_per_minute: int = 20
    creates_per_15_seconds: int = 20


_USUAL_LIMITS = Limits()


class LinodeSimulator(AccountApi[State]):
    """One account at a rehearsal Linode, over `machines`."""

    def __init__(
        self,
        machines: Machines,
        *,
        temper: Temper | None = None,
        limits: Limits = _USUAL_LIMITS,
        **usual: Unpack[Usual],
    ) -> None:
        super().__init__(machines, State, token_hex(32), **usual)
        self.temper = temper or Temper()
        self._endpoints = Endpoints(self.state, self._room, self.temper, self.clock)
        self._limits = {
            Bucket.USUAL: RequestLimit(limits.usual_per_minute, 60.0, self.clock),
            Bucket.LIST: RequestLimit(limits.lists_per_minute, 60.0, self.clock),
            Bucket.IMAGES: RequestLimit(limits.images_per_minute, 60.0, self.clock),
            Bucket.CREATE: RequestLimit(limits.creates_per_15_seconds, 15.0, self.clock),
        }
        self._boot_again(linode for linode in self.state.linodes.values() if linode.is_new)

    def ambient(self, request_id: str) -> Mapping[str, str]:  # noqa: ARG002
        """Nothing: no header is on every answer that a client could rely on."""
        return {}

    def answer(self, request: Request, request_id: str) -> Answer:
        allowed = self._limits[routes.bucket(request)].ask()
        refused = self._refused(request) if allowed.passes else error(429)
        answer = refused or self._admitted(request, request_id)
        return Answer(answer.status, answer.body, _told(allowed))

    def error(self, status: int, message: str, request_id: str) -> Answer:  # noqa: ARG002
        return error(status, message)

    def _refused(self, request: Request) -> Answer | None:
        """The answer to a wrong token; None to a right one, and to none at all."""
        given = request.headers.get("authorization")
        return None if given is None or self._is_right(given) else error(401)

    def _is_right(self, given: str) -> bool:
        return compare_digest(given.encode(), f"Bearer {self.token}".encode())

    def _done(self, request: Request, request_id: str) -> Answer:  # noqa: ARG002
        authorized = "authorization" in request.headers
        try:
            return routes.answer(
                self._endpoints, request, authorized=authorized, scopes=self.temper.scopes
            )
        except Refusal as refusal:
            return error(refusal.status, refusal.reason, refusal.field)

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
