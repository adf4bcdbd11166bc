"""Whether a cloud lets us in, and far enough."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from capsule_domain.errors import AccountLocked, PermissionMissing
from capsule_domain.models.server import Account
from capsule_domain.ports.provider import Provider

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class CheckProvider:
    """Asks what changes nothing: whose key this is, and which servers and regions it sees."""

    cloud: Provider

    def run(self) -> Account:
        """Whose account it is.

        Raises CredentialsRefused, PermissionMissing, ProjectUnknown, AccountLocked,
        ProviderUnavailable, RateLimited: each what is in the way, and nothing else.
        """
        account = self._may("read the account", self.cloud.account)
        if not account.active:
            detail = f" ({account.detail})" if account.detail else ""
            raise AccountLocked(
                self.cloud.name,
                f"the account {account.identity} is not active{detail}",
                hint="settle it in the cloud's own console",
            )
        self._may("list servers", lambda: list(self.cloud.servers()))
        self._may("list regions", lambda: list(self.cloud.regions()))
        return account

    def _may(self, deed: str, question: Callable[[], Answer]) -> Answer:
        try:
            return question()
        except PermissionMissing as error:
            said = error.message.removeprefix(f"{self.cloud.name}: ")
            raise PermissionMissing(
                self.cloud.name, f"may not {deed}: {said}", hint=error.hint
            ) from error
