"""One POST to a URL that is a secret: no redirect, no long answer, no word of the URL."""

import logging
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from capsule_adapters.rest.endpoint import is_loopback
from capsule_adapters.rest.pacing import retry_after_seconds
from capsule_domain.errors import NotDelivered
from capsule_domain.ports.clock import Clock

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 10.0
_ANSWER_BYTES = 1024
_CODE = re.compile(r"[a-z][a-z_]{2,40}")
_FOR_GOOD = frozenset({400, 410, 413, 422})
"""The message itself is refused, or the address is gone and says so."""


class Posting:
    """Posts to `url` on behalf of `channel`. `for_good`: more statuses that end all trying.

    Of an answer at most 1 KiB is read, and only its code word is believed: what an answer
    quotes may be the URL.
    """

    def __init__(
        self,
        channel: str,
        url: SecretStr,
        clock: Clock,
        *,
        for_good: frozenset[int] = frozenset(),
    ) -> None:
        # At INFO httpx logs each URL, and at DEBUG httpcore logs headers.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._channel = channel
        self._url = url
        self._clock = clock
        self._for_good = _FOR_GOOD | for_good

    def send(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Post `body`. Raises NotDelivered unless the answer is a success."""
        try:
            with (
                self._client() as client,
                client.stream(
                    "POST", self._url.get_secret_value(), content=body, headers=dict(headers)
                ) as response,
            ):
                if not response.is_success:
                    raise self._refused(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Not chained: httpx's errors hold the request, and with it the URL.
            raise NotDelivered(self._channel, _cause(error)) from None

    def _client(self) -> httpx.Client:
        host = urlsplit(self._url.get_secret_value()).hostname or ""
        return httpx.Client(
            headers={"user-agent": "capsule", "content-type": "application/json"},
            timeout=httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS),
            follow_redirects=False,
            # A proxy for the outside world must not see what is meant for this machine.
            trust_env=not is_loopback(host),
        )

    def _refused(self, response: httpx.Response) -> NotDelivered:
        status = response.status_code
        if response.is_redirect:
            # Never followed: the message, signed or not, would go where nobody meant it to.
            return NotDelivered(self._channel, f"it answers with a redirect (HTTP {status})")
        code = _code(response)
        return NotDelivered(
            self._channel,
            f"HTTP {status}{f', {code}' if code else ''}",
            retry_after_seconds=retry_after_seconds(response.headers, self._clock),
            for_good=status in self._for_good,
        )


def _code(response: httpx.Response) -> str:
    """The answer where it is a single code word such as Slack's `invalid_payload`, else empty."""
    said = b""
    try:
        for piece in response.iter_raw():
            said += piece[:_ANSWER_BYTES]
            if len(said) >= _ANSWER_BYTES:
                return ""
    except httpx.HTTPError:
        return ""
    word = said.decode("ascii", "replace").strip()
    return word if _CODE.fullmatch(word) else ""


def _cause(error: Exception) -> str:
    """Why there is no answer, in our own words."""
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return "no connection"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "its URL is none"
    return "the connection broke"
