"""From an HTTP response to an Answer, or to the error that it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from capsule_adapters.rest.answer import Answer, parse, pluck
from capsule_adapters.rest.pacing import retry_after_seconds
from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.refusals import Refusal, Refused, Subject, error_for, words
from capsule_adapters.rest.secrets import redacted
from capsule_domain.errors import ProviderError, ProviderUnavailable
from capsule_domain.ports.clock import Clock

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True)
class Expected:
    """What a request needs from its answer.

    `reads`: a body must come. `changes`: the request may have changed something, so a
    success that cannot be read leaves the outcome open. `secrets` went along in the body.
    """

    subject: Subject | None = None
    reads: bool = True
    changes: bool = False
    secrets: tuple[SecretStr, ...] = ()


@dataclass(frozen=True)
class Reception:
    """Reads one cloud's responses. `keys` are never shown, even when the cloud quotes them."""

    provider: str
    clock: Clock
    patience: Patience
    refusals: Sequence[Refusal]
    keys: tuple[SecretStr, ...]

    def read(self, response: httpx.Response, expected: Expected) -> Answer:
        """The answer in `response`, which must be streaming. Raises what the refusal means."""
        data = self._whole(response, expected)
        if response.is_redirect:
            # Never followed: the key would go along, and a POST could turn into a GET.
            secrets = (*self.keys, *expected.secrets)
            where = _host(redacted(response.headers.get("location", ""), secrets))
            raise self._senseless(response, f"a redirect to {where}", expected)
        body = self._body(response, data, expected)
        if response.is_success:
            headers = dict(response.headers)
            return Answer(response.status_code, headers, body, request_id(response))
        refused = Refused(
            status=response.status_code,
            body=body,
            request_id=request_id(response, body),
            retry_after_seconds=self._asked_wait(response, body),
        )
        raise error_for(
            self.provider,
            refused,
            subject=expected.subject,
            refusals=self.refusals,
            said=redacted(words(body), (*self.keys, *expected.secrets)),
        )

    def no_answer(self, error: httpx.HTTPError) -> ProviderUnavailable:
        """The error for a request without an answer."""
        if isinstance(error, _NEVER_SENT):
            cause = f"cannot connect: {_cause(error)}"
            return ProviderUnavailable(self.provider, cause, hint="is the network up?", sent=False)
        if isinstance(error, httpx.TimeoutException):
            return ProviderUnavailable(self.provider, "no answer in time")
        return ProviderUnavailable(self.provider, f"the connection broke: {_cause(error)}")

    def _whole(self, response: httpx.Response, expected: Expected) -> bytes:
        """The whole answer, unless it is endless in size or in time."""
        data = bytearray()
        until = self.clock.monotonic() + self.patience.whole_answer_seconds
        for piece in response.iter_bytes():
            data += piece
            if len(data) > self.patience.answer_max_bytes:
                limit = f"more than {self.patience.answer_max_bytes:,} bytes"
                raise self._senseless(response, limit, expected)
            if self.clock.monotonic() > until:
                raise self._unavailable(response, "the answer took too long to arrive")
        return bytes(data)

    def _body(self, response: httpx.Response, data: bytes, expected: Expected) -> Any:
        """Its JSON. Of an error a body is no more than asked for, but a refusal must be a cloud's.

        A web page with a 404 may come from anything in between; believing it could
        mean to forget a server that is still billed.
        """
        if not data.strip() and not (expected.reads and response.is_success):
            return None
        try:
            return parse(data)
        except ValueError as error:
            if response.status_code == 429 or response.is_server_error:
                return None
            answered = f"answered with {error} (HTTP {response.status_code})"
            raise self._unavailable(response, answered) from error

    def _asked_wait(self, response: httpx.Response, body: Any) -> float | None:
        """The seconds that the cloud asks to wait, by its header or else in its body."""
        seconds = retry_after_seconds(response.headers, self.clock)
        if seconds is None:
            told = pluck(body, "reset_seconds")
            return retry_after_seconds({"retry-after": f"{told}"}, self.clock)
        return seconds

    def _senseless(self, response: httpx.Response, what: str, expected: Expected) -> ProviderError:
        """Asking again will not help; but after a change nobody knows whether it was made."""
        message = f"answered with {what}"
        if expected.changes:
            return self._unavailable(response, message)
        return ProviderError(self.provider, message, request_id=request_id(response))

    def _unavailable(self, response: httpx.Response, message: str) -> ProviderUnavailable:
        return ProviderUnavailable(self.provider, message, request_id=request_id(response))


def request_id(response: httpx.Response | None, body: Any = None) -> str | None:
    """The cloud's own id of a request, if there is one fit to be shown."""
    value = None if response is None else response.headers.get("x-request-id")
    if value is None and isinstance(body, dict):
        value = body.get("request_id")
    fit = isinstance(value, str) and value.isprintable() and 0 < len(value) <= 100
    return value if fit else None


def _host(location: str) -> str:
    try:
        host = urlsplit(location).hostname or "itself"
    except ValueError:
        host = "nowhere"
    return "".join(c for c in host[:80] if c.isprintable())


def _cause(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:200] if text.isprintable() and text else type(error).__name__
