"""What is in the accounts at all clouds, asked side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from capsule_domain.errors import CapsuleError, ProviderError, ProviderUnavailable
from capsule_domain.models.leftover import Leftover
from capsule_domain.models.reconciliation import SilentCloud
from capsule_domain.models.server import Server, ServerStatus
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.provider import Provider
from capsule_domain.services.side_by_side import side_by_side

DEADLINE_SECONDS = 120.0


@dataclass(frozen=True)
class Account:
    """One cloud's whole answer. `asked_at`: what is younger may be missing from it."""

    cloud: Provider
    asked_at: datetime
    servers: tuple[Server, ...]
    leftovers: tuple[Leftover, ...] = ()
    unseen: ProviderError | None = None
    """Why what is left beside servers could not be looked at."""


@dataclass(frozen=True)
class Survey:
    """What all answered. `errors`: why a cloud did not."""

    accounts: tuple[Account, ...]
    errors: Mapping[str, CapsuleError]

    @property
    def silent(self) -> tuple[SilentCloud, ...]:
        """Those that did not answer, in words."""
        unseen = {a.cloud.name: a.unseen for a in self.accounts if a.unseen}
        return tuple(
            SilentCloud(provider=name, reason=error.message, hint=error.hint)
            for name, error in {**self.errors, **unseen}.items()
        )


def survey(
    names: Sequence[str],
    connect: Callable[[str], Provider],
    clock: Clock,
    *,
    leftovers: bool,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Survey:
    """Ask each cloud for all that it has. One that fails does not fail the others."""
    answers = side_by_side(
        [partial(_asked, partial(connect, name), clock, leftovers=leftovers) for name in names],
        deadline_seconds=deadline_seconds,
    )
    accounts: list[Account] = []
    errors: dict[str, CapsuleError] = {}
    for name, answer in zip(names, answers, strict=True):
        if not answer.done():
            late = f"no answer within {deadline_seconds:g} s"
            errors[name] = ProviderUnavailable(name, late, hint="try again later")
        elif isinstance(error := answer.exception(), CapsuleError):
            errors[name] = error
        else:
            accounts.append(answer.result())
    return Survey(tuple(accounts), errors)


def _asked(connect: Callable[[], Provider], clock: Clock, *, leftovers: bool) -> Account:
    cloud, asked_at = connect(), clock.now()
    servers = [s for s in cloud.servers() if s.status is not ServerStatus.GONE]
    try:
        left = tuple(cloud.leftovers()) if leftovers else ()
    except ProviderError as error:  # the key may lack a right that servers do not need
        return Account(cloud, asked_at, tuple(servers), unseen=error)
    return Account(cloud, asked_at, tuple(servers), left)
