"""A cloud's key, tried before it is kept."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.errors import CapsuleError, CredentialsMissing, ProviderUnavailable
from capsule_domain.models.cloud import ProviderConfigured
from capsule_domain.ports.cloud_keys import CloudKey, CloudKeys
from capsule_domain.ports.provider import Provider
from capsule_domain.services.check_provider import CheckProvider

ConnectWith = Callable[[str, CloudKey], Provider]
"""A cloud opened by that very key, whatever else is configured."""


@dataclass(frozen=True)
class ConfigureProvider:
    """Keeps a key that the cloud accepts, or that nobody could try."""

    keys: CloudKeys
    connect: ConnectWith

    def complete(self, provider: str, key: CloudKey) -> None:
        """Raises CredentialsMissing when a part that is needed is not in `key`."""
        for part in self.keys.parts(provider):
            if part.needed and part.field not in key:
                raise CredentialsMissing(provider, part.variables[0])

    def replaces(self, provider: str, key: CloudKey) -> bool:
        """Whether keeping `key` would lose another one."""
        kept = self.keys.kept(provider)
        return bool(kept) and kept != key

    def run(
        self, provider: str, key: CloudKey, *, force: bool = False, dry_run: bool = False
    ) -> ProviderConfigured:
        """Try `key` and keep it. What the cloud refuses is kept with `force` only.

        Raises what `CheckProvider` raises, and keeps nothing then, unless the cloud could
        not be reached.
        """
        self.complete(provider, key)
        done = self._tried(provider, key, force=force)
        if dry_run:
            return done.model_copy(update={"saved": False})
        self.keys.keep(provider, key)
        return done

    def _tried(self, provider: str, key: CloudKey, *, force: bool) -> ProviderConfigured:
        done = ProviderConfigured(provider=provider, saved=True, checked=False)
        try:
            account = CheckProvider(self.connect(provider, key)).run()
        except ProviderUnavailable as error:
            return done.model_copy(update={"warning": error.message})
        except CapsuleError as error:
            if not force:
                error.hint = "nothing was saved; --force saves it all the same"
                raise
            return done.model_copy(update={"warning": error.message})
        return done.model_copy(update={"checked": True, "account": account})
