"""The clouds: do they know us, and what time do they say it is?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from email.utils import parsedate_to_datetime

from capsule_adapters.doctor.check import as_diagnosis
from capsule_domain.errors import CapsuleError, ProviderUnavailable
from capsule_domain.models.diagnosis import Diagnosis, Verdict, error, ok, skipped, warning
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.provider import Provider

_WARNING_SECONDS, _ERROR_SECONDS = 30.0, 300.0
_ANSWER_SECONDS = 5.0

Head = Callable[[str], Mapping[str, str]]
"""The headers of an answer to a HEAD request without any key. Raises OSError."""


def cloud(
    name: str,
    configured: Callable[[], Sequence[str]],
    provider: Callable[[str], Provider],
    *,
    ended: date | None = None,
) -> Iterator[Diagnosis]:
    """Whether the cloud accepts the key; of one that has `ended` silence is no news."""
    if name not in configured():
        yield skipped("cloud", f"{name} is not configured")
        return
    try:
        account = provider(name).account()
    except ProviderUnavailable as trouble:
        if ended is not None:
            yield skipped("cloud", f"{name} ended on {ended}, and does not answer")
            return
        yield as_diagnosis("cloud", trouble, verdict=Verdict.WARNING)
        return
    if account.active:
        yield ok("cloud", f"{name} knows {account.identity}")
    else:
        detail = f": {account.detail}" if account.detail else ""
        hint = "look at the account in the cloud's own console"
        yield error("cloud", f"{name}: the account is not active{detail}", hint=hint)


def clock(
    configured: Callable[[], Sequence[str]],
    endpoint: Callable[[str], str | None],
    head: Head,
    time: Clock,
) -> Iterator[Diagnosis]:
    """This machine's clock beside a configured cloud's. Signed requests fail when it is off."""
    told = _offset_seconds(configured, endpoint, head, time)
    if told is None:
        yield skipped("clock", "no configured cloud told the time")
        return
    name, offset = told
    side = "behind" if offset > 0 else "ahead"
    message = f"this clock is {_span(abs(offset))} {side} of {name}'s"
    hint = "sudo timedatectl set-ntp true, or on macOS: sudo sntp -sS time.apple.com"
    if abs(offset) >= _ERROR_SECONDS:
        yield error("clock", message, hint=hint)
    elif abs(offset) >= _WARNING_SECONDS:
        yield warning("clock", message, hint=hint)
    else:
        yield ok("clock", f"agrees with {name}'s within {max(abs(offset), 1):.0f} s")


def _offset_seconds(
    configured: Callable[[], Sequence[str]],
    endpoint: Callable[[str], str | None],
    head: Head,
    time: Clock,
) -> tuple[str, float] | None:
    """How many seconds a cloud's clock is ahead of ours, by the first that says."""
    for name in configured():
        try:
            url = endpoint(name)
        except CapsuleError:
            continue
        offset = seconds_ahead(url, head, time)
        if offset is not None:
            return name, offset
    return None


def seconds_ahead(url: str | None, head: Head, time: Clock) -> float | None:
    """How many seconds the clock there is ahead of ours; None where it does not tell."""
    if url is None:
        return None
    before = time.now()
    try:
        header = {key.lower(): value for key, value in head(url).items()}.get("date", "")
        said = parsedate_to_datetime(header)
    except (OSError, ValueError, TypeError):
        return None
    middle = before + (time.now() - before) / 2
    return None if said.tzinfo is None else (said - middle).total_seconds()


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def http_head(url: str) -> Mapping[str, str]:
    """A HEAD request that sends nothing of ours. Raises OSError when nobody answers."""
    import httpx

    from capsule_adapters.rest.patience import Patience
    from capsule_adapters.rest.wire_client import wire_client

    patience = Patience(connect_seconds=_ANSWER_SECONDS, read_seconds=_ANSWER_SECONDS)
    try:
        with wire_client(url, {}, patience) as client:
            return dict(client.head(url).headers)
    except httpx.HTTPError as trouble:
        raise ConnectionError(str(trouble)) from trouble
