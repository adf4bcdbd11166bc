"""boto3's HTTP with bounds: an answer ends in size and in time. One log line a request."""

import logging
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import HTTPClientError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as StalledError

from capsule_adapters.providers.aws import NAME
from capsule_adapters.rest.pacing import Lane, Paces, Pacing, Window
from capsule_adapters.rest.patience import Patience
from capsule_domain.ports.clock import Clock

_LOG = logging.getLogger("capsule.rest")
_PIECE_BYTES = 64 * 1024
_DESCRIBED = (
    "DescribeImages",
    "DescribeInstanceTypeOfferings",
    "DescribeInstanceTypes",
    "DescribeInstances",
    "DescribeKeyPairs",
    "DescribeRegions",
    "DescribeSecurityGroups",
    "DescribeSubnets",
)
_PACING = Pacing(
    # EC2 developer guide, request throttling: for each operation in each region a bucket of 100
    # that fills by 20 a second. No header tells how full it is.
    lanes=tuple(Lane("", name, (Window(requests=100, seconds=5.0),)) for name in _DESCRIBED)
)
_OF_AWS = re.compile(
    rb"\s*(?:(?:<\?xml[^>]*\?>\s*)?<(\w*Response)[\s>].*</\1>|\{.*\})\s*", re.DOTALL
)
"""How XML and JSON of AWS begin and end: what was cut off does not end so, and a web page that
is well formed would pass for an empty answer."""


class Senseless(HTTPClientError):
    """An answer that is endless, or that AWS never gave."""

    fmt = "{what}"


class BoundedHttp:
    """Sends what a boto3 client has signed. Redirects are never followed by botocore."""

    def __init__(
        self,
        *,
        service: str,
        region: str,
        clock: Clock,
        patience: Patience,
        proxies: Mapping[str, str],
        verify: str | bool,
        connections: int,
    ) -> None:
        self._label = f"{NAME} {service} {region}"
        self._clock = clock
        self._paces = Paces(
            NAME, _PACING, clock, longest_wait_seconds=patience.longest_pause_seconds
        )
        self._patience = patience
        make: Any = URLLib3Session
        self._session = make(
            verify=verify,
            proxies=dict(proxies),
            timeout=(patience.connect_seconds, patience.read_seconds),
            max_pool_connections=connections,
            # botocore leaves it out, and then each request waits 40 ms for an acknowledgement.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    def __call__(self, request: Any, event_name: str, **_: Any) -> Any:
        """Botocore's hook `before-send`: what is returned is taken for the answer."""
        operation = event_name.rpartition(".")[2]
        pace = self._paces.of("", operation)
        pace.take()
        started = self._clock.monotonic()
        answered: Any = None
        try:
            request.stream_output = True  # or the session itself would read it, however long
            answered = self._session.send(request)
            return self._whole(answered, started)
        finally:
            pace.done(None)
            self._log(operation, answered, self._clock.monotonic() - started)

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def _whole(self, answered: Any, started: float) -> Any:
        data = bytearray()
        until = started + self._patience.whole_answer_seconds
        for piece in _pieces(answered.raw):
            data += piece
            if len(data) > self._patience.answer_max_bytes:
                answered.raw.close()
                raise Senseless(what=f"more than {self._patience.answer_max_bytes:,} bytes")
            if self._clock.monotonic() > until:
                answered.raw.close()
                raise Senseless(what="something that takes too long to arrive")
        if answered.status_code < 500 and not _OF_AWS.fullmatch(data):
            what = f"something that is no answer of AWS (HTTP {answered.status_code})"
            raise Senseless(what=what)
        raw = _Read(bytes(data))
        return AWSResponse(answered.url, answered.status_code, answered.headers, raw)

    def _log(self, operation: str, answered: Any, seconds: float) -> None:
        """No query, no body, no header but the request's id."""
        status = "no answer" if answered is None else answered.status_code
        trace = "-" if answered is None else answered.headers.get("x-amzn-requestid", "-")
        _LOG.debug("%s %s %s %.0f ms %s", self._label, operation, status, seconds * 1000, trace)


@dataclass
class _Read:
    """A body that came whole."""

    data: bytes

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.data


def _pieces(raw: Any) -> Iterator[bytes]:
    try:
        yield from raw.stream(_PIECE_BYTES)
    except StalledError as error:
        raise ReadTimeoutError(endpoint_url="", error=error) from error
    except HTTPError as error:
        # Whatever goes wrong in the middle of an answer: the connection broke.
        raise HTTPClientError(error=error) from error
