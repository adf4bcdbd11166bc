"""What a cloud's refusal means, in our errors."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from capsule_domain.errors import (
    CapsuleError,
    CredentialsRefused,
    NotFound,
    PermissionMissing,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)

_LONGEST_MESSAGE_CHARS = 300
_TEXTS = (
    "message",
    "error",
    "description",
    "reason",
    "errors",
    "messages",
    "details",
    "help_message",
)
_CODES = ("id", "type", "code", "precondition")


@dataclass(frozen=True)
class Refusal:
    """What a cloud's words mean: where `pattern` is found in its error, `error` is raised."""

    pattern: str
    error: type[ProviderError]
    hint: str | None = None


class Busy(ProviderError):
    """The cloud is at something else with the server; nothing was done, so ask again later."""


@dataclass(frozen=True)
class Subject:
    """What a request is about, so that a 404 can name it."""

    kind: str
    name: str


@dataclass(frozen=True)
class Refused:
    """A refusal as it came: `body` is its JSON, or None where there was none or no sense in it."""

    status: int
    body: Any = None
    request_id: str | None = None
    retry_after_seconds: float | None = None


class AskedToWait(ProviderUnavailable):
    """The cloud cannot just now, and said for how long."""

    def __init__(
        self, provider: str, message: str, *, seconds: float, request_id: str | None
    ) -> None:
        super().__init__(provider, message, request_id=request_id)
        self.retry_after_seconds = seconds


def words(body: Any) -> str:
    """The sentence in a cloud's error answer, in whichever of the usual forms; one line."""
    text = "; ".join(dict.fromkeys(_sentences(body)))
    clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return (
        clean if len(clean) <= _LONGEST_MESSAGE_CHARS else f"{clean[: _LONGEST_MESSAGE_CHARS - 1]}…"
    )


def code(body: Any) -> str:
    """The cloud's own short name of the error, or an empty string."""
    found = body if isinstance(body, dict) else {}
    return " ".join(str(found[key]) for key in _CODES if isinstance(found.get(key), str))


def error_for(
    provider: str,
    refused: Refused,
    *,
    subject: Subject | None,
    refusals: Sequence[Refusal],
    said: str,
) -> CapsuleError:
    """The error that a refusal is. `said`: the cloud's words, free of secrets."""
    status, request_id = refused.status, refused.request_id
    if status == 429:
        return RateLimited(
            provider, retry_after_seconds=refused.retry_after_seconds, request_id=request_id
        )
    message = _lowered(said) or f"refused without a reason (HTTP {status})"
    meant = _meant(refusals, f"{code(refused.body)} {said}")
    if status == 401 and meant is not None and not issubclass(meant.error, CredentialsRefused):
        meant = None
    # Some say with a 500 that they are busy with the server; no other word of a 5xx counts.
    busy = meant is not None and meant.error is Busy
    if (status >= 500 or status == 408) and not busy:
        return _unavailable(provider, refused, said)
    if meant is not None:
        return meant.error(provider, message, hint=meant.hint, request_id=request_id)
    if status in (401, 403):
        return _credentials(provider, status, said, request_id)
    if status == 404 and subject is not None:
        return NotFound(f"{provider} {subject.kind}", subject.name)
    return ProviderError(provider, message, request_id=request_id)


def _meant(refusals: Sequence[Refusal], text: str) -> Refusal | None:
    found = (r for r in refusals if re.search(r.pattern, text, re.IGNORECASE))
    return next(found, None)


def _unavailable(provider: str, refused: Refused, said: str) -> ProviderUnavailable:
    message = f"not working just now (HTTP {refused.status})" + (f": {said}" if said else "")
    if refused.retry_after_seconds is None:
        return ProviderUnavailable(provider, message, request_id=refused.request_id)
    return AskedToWait(
        provider, message, seconds=refused.retry_after_seconds, request_id=refused.request_id
    )


def _credentials(
    provider: str, status: int, said: str, request_id: str | None
) -> CredentialsRefused:
    cause = "the key is not accepted" if status == 401 else "the key lacks the right"
    kind = CredentialsRefused if status == 401 else PermissionMissing
    return kind(
        provider,
        f"{cause}: {_lowered(said)}" if said else cause,
        hint=f"set its key anew: capsule openmesh provider configure {provider}",
        request_id=request_id,
    )


def _sentences(body: Any) -> Iterator[str]:
    if isinstance(body, str) and body.strip():
        yield body.strip()
    elif isinstance(body, list):
        for part in body:
            yield from _sentences(part)
    elif isinstance(body, dict):
        for key in _TEXTS:
            yield from _sentences(body.get(key))
        if isinstance(body.get("action"), str) and isinstance(body.get("resource"), str):
            yield f"{body['action']} {body['resource']}"  # the right that is lacking


def _lowered(text: str) -> str:
    """As the second half of a sentence; a word in capitals stays one."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
