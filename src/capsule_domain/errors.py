"""Everything that can go wrong, as one tree.

CapsuleError
├── UsageError                    the command line cannot be acted upon
├── Declined                      a person said no, or interrupted
├── ConfigurationError            something of the user's must be set or corrected
│   ├── CredentialsMissing        a cloud's key is nowhere to be found
│   ├── BudgetExceeded            the deploy would cost more than the budget allows
│   ├── CurrencyMismatch          two currencies, and no rate between them
│   └── ToolMissing               Nix, ssh … is not installed
├── NotFound                      nothing has that name
│   └── NoOfferFits               nothing on sale is what was asked for
├── Conflict                      two things cannot both be
│   └── UnsafePlan                possible, but it would harm; an override is named
│       └── ServiceEnded          nothing can be rented at a cloud that has ended
├── ProviderError                 a cloud refused
│   ├── CredentialsRefused        the cloud does not accept the key
│   │   └── PermissionMissing     the key is accepted, and lacks a right
│   ├── ProjectUnknown            the cloud has no such project for this key
│   ├── AccountLocked             the cloud knows the account, and lets it do nothing
│   ├── OutOfStock                the cloud has none of that template left
│   ├── QuotaExceeded             the account may not rent more
│   └── ProviderUnavailable       the cloud did not answer, or not sensibly
│       └── RateLimited           the cloud asks us to wait
├── HostError                     a machine did not do as asked
│   ├── HostUnreachable           no connection
│   ├── HostKeyChanged            the machine does not prove to be the one we know
│   ├── NotDelivered              a channel did not take a message
│   └── CommandFailed             a command on it ended with a failure
│       └── NixFailed             Nix could not evaluate or build
├── ActivationFailed              the new system did not hold; the old one runs, verified
├── RollbackFailed                the old system could not be brought back
├── OutcomeUnknown                nobody can say which system runs
├── StoreError                    our own state cannot be read or written
└── CheckFailed                   a check found something: a result, not a fault

A message is one lower-case line that names the thing and the cause; a hint is a
command to paste, or the one thing to do. Neither ever holds a secret.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches


class CapsuleError(Exception):
    """A failure that a person can understand.

    `message`: one lower-case line. `hint`: what to do next, or None.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CapsuleError):
    """The command line cannot be acted upon."""


class Declined(CapsuleError):
    """A person said no, or interrupted."""

    def __init__(self, message: str = "nothing was changed", *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)


class ConfigurationError(CapsuleError):
    """Something of the user's must be set or corrected.

    `file`, `line` and `field` say where, as far as it is known.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        file: str | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {message}" if place else message, hint=hint)
        self.file = file
        self.line = line
        self.field = field


class CredentialsMissing(ConfigurationError):
    """A cloud's key is nowhere to be found."""

    def __init__(self, provider: str, variable: str) -> None:
        super().__init__(
            f"no credentials for {provider}",
            hint=f"export {variable}=…, or: capsule openmesh provider configure {provider}",
        )
        self.provider = provider


class BudgetExceeded(ConfigurationError):
    """The deploy would cost more than the budget allows."""


class CurrencyMismatch(ConfigurationError):
    """Two currencies refuse to be added or compared."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} cannot be mixed without a rate")


class ToolMissing(ConfigurationError):
    """A program that the command needs is not installed."""

    def __init__(self, tool: str, *, hint: str) -> None:
        super().__init__(f"{tool} is not installed", hint=hint)
        self.tool = tool


class NotFound(CapsuleError):
    """Nothing has that name. `known` are the names there are: the nearest is suggested."""

    def __init__(
        self, kind: str, name: str, *, known: Iterable[str] = (), hint: str | None = None
    ) -> None:
        near = get_close_matches(name.lower(), {k.lower(): k for k in known}, n=1, cutoff=0.6)
        original = {k.lower(): k for k in known}
        meant = f"; did you mean {original[near[0]]}?" if near else ""
        super().__init__(f"no {kind} named {_shown(name)}{meant}", hint=hint)
        self.kind = kind
        self.name = name
        self.suggestion = original[near[0]] if near else None


class NoOfferFits(NotFound):
    """Nothing on sale is what was asked for; `reasons` are what was in the way, each as often
    as it was. `near`: what there would be if less was asked.
    """

    def __init__(self, seen: int, reasons: Iterable[str], *, near: str | None = None) -> None:
        most = Counter(sorted(reasons)).most_common(3)
        why = ", ".join(reason for reason, _ in most)
        message = f"none of {seen} offers fits: {why}" if seen else "no cloud offers anything"
        CapsuleError.__init__(self, message, hint=near or "capsule openmesh templates")
        self.seen = seen


class Conflict(CapsuleError):
    """Two things cannot both be."""


class UnsafePlan(Conflict):
    """Possible, but it would harm; the hint names the override."""


class ServiceEnded(UnsafePlan):
    """Nothing can be rented at a cloud that has ended; `alternatives` are those that go on."""

    def __init__(self, provider: str, ended: date, alternatives: Iterable[str]) -> None:
        self.provider = provider
        self.ended = ended
        self.alternatives = tuple(alternatives)
        others = ", ".join(self.alternatives) or "no other cloud"
        super().__init__(
            f"{provider} ended on {ended}: nothing can be rented there",
            hint=f"there is {others}; --force asks {provider} all the same",
        )


class ProviderError(CapsuleError):
    """A cloud refused. `request_id` is the cloud's own, for its support."""

    def __init__(
        self,
        provider: str,
        message: str,
        *,
        hint: str | None = None,
        request_id: str | None = None,
    ) -> None:
        trail = f" (request {request_id})" if request_id else ""
        super().__init__(f"{provider}: {message}{trail}", hint=hint)
        self.provider = provider
        self.request_id = request_id


class CredentialsRefused(ProviderError):
    """The cloud does not accept the key, or the key lacks the right."""


class PermissionMissing(CredentialsRefused):
    """The cloud accepts the key, which lacks a right; the message says which, if the cloud did."""


class ProjectUnknown(ProviderError):
    """The project is none of this key's."""


class AccountLocked(ProviderError):
    """The cloud accepts the key, and its account may do nothing until that is settled there."""


class OutOfStock(ProviderError):
    """The cloud has none of that template left in that region."""


class QuotaExceeded(ProviderError):
    """The account may not rent more."""


class ProviderUnavailable(ProviderError):
    """The cloud did not answer, or not sensibly; asking again is safe.

    `sent` is False only when the cloud surely did not act: the request never reached
    it, or was turned away. After a POST with `sent` True nobody knows.
    """

    def __init__(
        self,
        provider: str,
        message: str,
        *,
        hint: str | None = None,
        request_id: str | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(provider, message, hint=hint, request_id=request_id)
        self.sent = sent


class RateLimited(ProviderUnavailable):
    """The cloud asks us to wait. `retry_after_seconds` is its word, if it gave one.

    `sent` is False: a request turned away at the door was not acted upon.
    """

    def __init__(
        self,
        provider: str,
        *,
        retry_after_seconds: float | None = None,
        request_id: str | None = None,
    ) -> None:
        wait = "" if retry_after_seconds is None else f" for {retry_after_seconds:.0f} s"
        super().__init__(
            provider,
            f"rate limit reached{wait}",
            request_id=request_id,
            hint="try again later",
            sent=False,
        )
        self.retry_after_seconds = retry_after_seconds


class HostError(CapsuleError):
    """A machine did not do as asked."""


class HostUnreachable(HostError):
    """No connection: refused, timed out, or not allowed in."""


class HostKeyChanged(HostError):
    """The machine does not prove to be the one we know. Never accepted by itself."""


class NotDelivered(HostError):
    """A channel did not take a message.

    `retry_after_seconds`: how long the other side wants to be left alone, if it said so.
    `for_good`: trying again cannot help.
    """

    def __init__(
        self,
        channel: str,
        why: str,
        *,
        hint: str | None = None,
        retry_after_seconds: float | None = None,
        for_good: bool = False,
    ) -> None:
        super().__init__(f"{channel} did not take the message: {why}", hint=hint)
        self.why = why
        self.retry_after_seconds = retry_after_seconds
        self.for_good = for_good


class CommandFailed(HostError):
    """A command on the machine ended with a failure."""


class NixFailed(CommandFailed):
    """Nix could not evaluate or build. `lines` are its own last words, as it wrote them."""

    def __init__(self, message: str, *, lines: Iterable[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.lines = tuple(lines)


class ActivationFailed(CapsuleError):
    """The new system did not hold; the old one runs, verified."""


class RollbackFailed(CapsuleError):
    """The old system could not be brought back, or the machine is rebooting into it."""


class OutcomeUnknown(CapsuleError):
    """Nobody can say which system runs."""


class StoreError(CapsuleError):
    """Our own state cannot be read or written: disk full, no permission, locked, too new."""


class CheckFailed(CapsuleError):
    """A check found something: a result, not a fault."""


def _shown(name: str, limit: int = 60) -> str:
    """`name` fit for a message: one line, no control characters, not endless."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return f"'{clean if len(clean) <= limit else clean[: limit - 1] + '…'}'"
