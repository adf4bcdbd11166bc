"""The HTTP client below: time limits, the key, no redirects."""

import logging
from collections.abc import Generator, Mapping
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from capsule_adapters.rest.endpoint import is_loopback
from capsule_adapters.rest.patience import Patience


def wire_client(base_url: str, auth: Mapping[str, SecretStr], patience: Patience) -> httpx.Client:
    """A client that sends `auth` with each request, and only to `base_url`'s host."""
    # At debug level httpcore logs the headers of answers, which may quote or set a secret.
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    return httpx.Client(
        auth=_KeyHeaders(auth),
        headers={"user-agent": _user_agent(), "accept": "application/json"},
        timeout=httpx.Timeout(patience.read_seconds, connect=patience.connect_seconds),
        follow_redirects=False,
        # A proxy for the outside world must not see what is meant for this machine.
        trust_env=not is_loopback(urlsplit(base_url).hostname or ""),
    )


class _KeyHeaders(httpx.Auth):
    """Adds the key as a request leaves, so that it lies in no client's headers."""

    def __init__(self, headers: Mapping[str, SecretStr]) -> None:
        self._headers = headers

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for name, secret in self._headers.items():
            request.headers[name] = secret.get_secret_value()
        yield request


def _user_agent() -> str:
    try:
        return f"capsule/{version('capsule-xnode')}"
    except PackageNotFoundError:
        return "capsule"
