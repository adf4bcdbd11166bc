"""A cloud without a subject, for tests of the transport alone."""

from collections.abc import Callable, Mapping

from capsule_adapters.sandbox.api import Answer, CloudApi
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import RequestLimit
from capsule_domain.ports.clock import Clock

Respond = Callable[[Request], Answer]


def fine(_request: Request) -> Answer:
    """The answer to everything."""
    return Answer(200, {"fine": True})


class PlainApi(CloudApi):
    """Answers with what `respond` says; limits when there is a `limit`."""

    def __init__(
        self, clock: Clock, respond: Respond = fine, limit: RequestLimit | None = None
    ) -> None:
        super().__init__(clock=clock)
        self.respond = respond
        self._limit = limit
        self._passes = True

    def ambient(self, request_id: str) -> Mapping[str, str]:
        headers = dict(super().ambient(request_id))
        if self._limit is not None:
            told = self._limit.ask()
            self._passes = told.passes
            headers["x-limit"] = str(told.limit)
            headers["x-remaining"] = str(told.remaining)
            headers["x-reset"] = str(told.reset_epoch)
        return headers

    def answer(self, request: Request, request_id: str) -> Answer:
        return self.respond(request) if self._passes else self.error(429, "", request_id)

    def error(self, status: int, message: str, request_id: str) -> Answer:
        return Answer(status, {"message": message or "no", "request_id": request_id})
