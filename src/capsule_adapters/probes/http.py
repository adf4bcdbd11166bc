"""A request to a service of an xNode: its status, its text, its certificate."""

import ssl
import time
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from capsule_adapters.ssh import refusals
from capsule_domain.models.health import Check, CheckKind, Fault
from capsule_domain.models.look import HttpCheck

READ_LIMIT_BYTES = 1024 * 1024

Kind = TypeVar("Kind", bound=BaseException)


class HttpProbe:
    """Asks URLs. Belongs to one event loop; certificates are verified by `context`."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._client: httpx.AsyncClient | None = None

    async def check(self, wanted: HttpCheck, address: str, name: str, seconds: float) -> Check:
        """One request over a connection of its own. The caller ends it after its time."""
        url = wanted.url.replace("{address}", _in_url(address)).replace("{name}", name)
        begun = time.perf_counter()
        try:
            async with self._opened().stream("GET", url, timeout=seconds) as answer:
                latency_ms = (time.perf_counter() - begun) * 1000
                found = not wanted.text or await _holds(answer, wanted.text.encode())
                return _judged(wanted, answer, latency_ms, found=found)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, UnicodeError) as error:
            return failed(wanted, _fault(error), _reason(error, seconds))

    async def close(self) -> None:
        """Let go of the client."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            # A look must see what a fresh visitor sees: no kept connections, no proxies.
            self._client = httpx.AsyncClient(
                verify=self._context or ssl.create_default_context(),
                limits=httpx.Limits(max_keepalive_connections=0),
                trust_env=False,
                headers={"User-Agent": "capsule-monitor"},
            )
        return self._client


def failed(wanted: HttpCheck, fault: Fault, error: str, **more: Any) -> Check:
    """The check of a URL that did not pass."""
    return Check(
        kind=CheckKind.HTTP,
        ok=False,
        instance=shown(wanted.url),
        fault=fault,
        error=error,
        **more,
    )


def shown(url: str) -> str:
    """A URL without its user, password, query and fragment: any of them may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _judged(wanted: HttpCheck, answer: httpx.Response, latency_ms: float, *, found: bool) -> Check:
    facts = {
        "status_code": answer.status_code,
        "certificate_expires_at": _expiry(answer),
    }
    status = answer.status_code
    if not (status in wanted.statuses if wanted.statuses else 200 <= status < 400):
        return failed(wanted, Fault.ANSWER, f"it answers {status}", **facts)
    if not found:
        return failed(wanted, Fault.ANSWER, "its answer does not hold the text", **facts)
    return Check(
        kind=CheckKind.HTTP, ok=True, instance=shown(wanted.url), latency_ms=latency_ms, **facts
    )


async def _holds(answer: httpx.Response, text: bytes) -> bool:
    """Whether the text stands in the beginning of the answer; no more than that is read."""
    read = b""
    async for chunk in answer.aiter_bytes(65536):
        read += chunk
        if text in read:
            return True
        if len(read) >= READ_LIMIT_BYTES:
            return False
    return False


def _expiry(answer: httpx.Response) -> datetime | None:
    """Until when the server's certificate holds; None without TLS."""
    stream = answer.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    told = (tls.getpeercert() or {}).get("notAfter") if tls is not None else None
    if not isinstance(told, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC)


def _fault(error: Exception) -> Fault:
    if _certificate_error(error) is not None:
        return Fault.CERTIFICATE
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | UnicodeError):
        return Fault.LOCAL
    answered = isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError | ssl.SSLError)
    return Fault.ANSWER if answered else Fault.UNREACHABLE


def _reason(error: Exception, seconds: float) -> str:
    certificate = _certificate_error(error)
    if certificate is not None:
        return f"its certificate does not hold: {certificate.verify_message}"
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {seconds:g} s"
    return refusals.cause(_deepest(error, OSError) or error)


def _certificate_error(error: Exception) -> ssl.SSLCertVerificationError | None:
    """The refusal of a certificate, however deep it lies."""
    return _deepest(error, ssl.SSLCertVerificationError)


def _deepest(error: BaseException, kind: type[Kind]) -> Kind | None:
    """What lies under an error of httpx's, of that kind; groups are of several addresses."""
    found = None
    cause: BaseException | None = error
    while cause is not None:
        found = cause if isinstance(cause, kind) else found
        inside = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else None
        cause = inside or cause.__cause__ or cause.__context__
    return found


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
