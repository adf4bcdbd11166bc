"""One cloud's JSON over HTTP. All patience is here: time limits, retries, rate limits, errors."""

import logging
import random
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from capsule_adapters.rest.answer import Answer
from capsule_adapters.rest.endpoint import checked_endpoint
from capsule_adapters.rest.pacing import Paces, Pacing
from capsule_adapters.rest.patience import Patience, Repetition
from capsule_adapters.rest.reception import Expected, Reception, request_id
from capsule_adapters.rest.refusals import Refusal, Subject
from capsule_adapters.rest.secrets import check_header_secret, encode
from capsule_adapters.rest.wire_client import wire_client
from capsule_domain.ports.clock import Clock

_LOG = logging.getLogger("capsule.rest")
_DEFAULT_PATIENCE = Patience()
_UNPACED = Pacing()


class JsonApi:
    """One account at one cloud. Safe for several threads.

    Fails only with a ProviderError or NotFound. Only what is safe to repeat is
    repeated: GET, and what the caller says is idempotent. After any
    other request a `ProviderUnavailable` with `sent` True means that nobody knows
    whether the cloud acted; a success that cannot be read is one of those.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        auth_headers: Mapping[str, SecretStr],
        clock: Clock,
        pacing: Pacing = _UNPACED,
        refusals: Sequence[Refusal] = (),
        patience: Patience = _DEFAULT_PATIENCE,
        randomness: Callable[[], float] = random.random,
    ) -> None:
        """Raises ConfigurationError for an endpoint or a key that cannot be used."""
        self.provider = provider
        self._base_url = checked_endpoint(provider, base_url)
        for secret in auth_headers.values():
            check_header_secret(provider, secret)
        self._clock = clock
        self._repeated = Repetition(patience, clock, randomness)
        self._reception = Reception(
            provider, clock, patience, refusals, keys=tuple(auth_headers.values())
        )
        self._paces = Paces(
            provider, pacing, clock, longest_wait_seconds=patience.longest_pause_seconds
        )
        self._client = wire_client(self._base_url, auth_headers, patience)
        weakref.finalize(self, self._client.close)

    def __repr__(self) -> str:
        return f"JsonApi({self.provider!r}, {self._base_url!r})"

    def close(self) -> None:
        """Give the connections back. Closing twice is fine."""
        self._client.close()

    def get(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        subject: Subject | None = None,
    ) -> Answer:
        """Read; repeated with patience. `headers`: beyond the usual ones, never a secret."""
        expected = Expected(subject)
        return self._repeated(
            lambda: self._once("GET", path, expected, query=query, headers=headers)
        )

    def post(
        self,
        path: str,
        *,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None = None,
        subject: Subject | None = None,
        reads: bool = True,
    ) -> Answer:
        """Act; sent once. See `send`."""
        return self.send("POST", path, body=body, query=query, subject=subject, reads=reads)

    def delete(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        subject: Subject | None = None,
        idempotent: bool = False,
    ) -> Answer:
        """Remove; repeated only when `idempotent`. An empty answer is fine."""
        return self.send(
            "DELETE", path, query=query, subject=subject, reads=False, idempotent=idempotent
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | SecretStr | None = None,
        query: Mapping[str, str] | None = None,
        subject: Subject | None = None,
        reads: bool = True,
        idempotent: bool = False,
    ) -> Answer:
        """Change something; repeated only when `idempotent`: when to do it twice is the same.

        Without `reads` an empty answer is fine. `body` may hold SecretStr; one that is a
        SecretStr goes as plain text, and None sends none.
        """
        content, secrets = (None, ()) if body is None else encode(body)
        headers = {"content-type": "text/plain"} if isinstance(body, SecretStr) else None
        expected = Expected(subject, reads=reads, changes=True, secrets=secrets)

        def ask() -> Answer:
            return self._once(method, path, expected, query=query, content=content, headers=headers)

        return self._repeated(ask) if idempotent else ask()

    def _once(
        self,
        method: str,
        path: str,
        expected: Expected,
        *,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        pace = self._paces.of(method, path)
        pace.take()
        response: httpx.Response | None = None
        started = self._clock.monotonic()
        try:
            request = self._client.build_request(
                method,
                self._base_url + path,
                params=dict(query) if query else None,
                content=content,
                headers={
                    **({"content-type": "application/json"} if content is not None else {}),
                    **(headers or {}),
                },
            )
            response = self._client.send(request, stream=True)
            return self._reception.read(response, expected)
        except httpx.HTTPError as error:
            raise self._reception.no_answer(error) from error
        finally:
            pace.done(None if response is None else response.headers)
            self._log(method, path, response, self._clock.monotonic() - started)
            if response is not None:
                response.close()

    def _log(self, method: str, path: str, response: httpx.Response | None, seconds: float) -> None:
        """One line: no query, no body, no header but the request's id."""
        status = "no answer" if response is None else response.status_code
        trace = request_id(response) or "-"
        _LOG.debug(
            "%s %s %s %s %.0f ms %s", self.provider, method, path, status, seconds * 1000, trace
        )
