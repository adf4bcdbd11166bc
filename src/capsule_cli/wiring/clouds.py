"""The clouds: the real ones with the person's keys, or the rehearsed ones with none."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from capsule_domain.errors import NotFound
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.provider import Provider

if TYPE_CHECKING:
    from datetime import date

    from capsule_adapters.sandbox.control import SandboxControl
    from capsule_adapters.store.credentials import Credentials
    from capsule_domain.models.cloud import CloudFacts
    from capsule_domain.ports.cloud_keys import CloudKey, CloudKeys


class CloudPorts:
    """Each cloud connected when it is first asked for, and the way to the sandbox."""

    def __init__(
        self,
        *,
        home: Path,
        sandboxed: bool,
        sandbox_home: Path,
        environment: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self._home = home
        self._sandboxed = sandboxed
        self._sandbox_home = sandbox_home
        self._environment = environment
        self._clock = clock
        self._connected: dict[str, Provider] = {}

    @cached_property
    def sandbox(self) -> "SandboxControl":
        from capsule_adapters.sandbox.control import SandboxControl

        return SandboxControl(self._sandbox_home)

    def ssh_config(self) -> Path:
        """The person's own; in the rehearsal only the rehearsal's."""
        if self._sandboxed:
            self.sandbox.up()
            return self.sandbox.access().ssh_config
        return Path("~/.ssh/config").expanduser()

    def endpoint(self, name: str) -> str | None:
        """Where a cloud is reached, as far as it has one address."""
        from capsule_adapters.providers import PROVIDERS
        from capsule_adapters.rest.endpoint import checked_endpoint

        entry = PROVIDERS[name]
        if self._sandboxed:
            return self.sandbox.access().endpoints.get(name)
        found = self._credentials.endpoint(name, entry.endpoint_variable) or entry.endpoint
        return checked_endpoint(name, found) if found else None

    def providers(self) -> Sequence[str]:
        from capsule_adapters.providers import PROVIDERS

        return list(PROVIDERS)

    def configured(self) -> Sequence[str]:
        from capsule_adapters.providers import PROVIDERS

        if self._sandboxed:
            self.sandbox.up()
            return list(self.sandbox.access().endpoints)
        return [
            entry.name
            for entry in PROVIDERS.values()
            if self._credentials.token(entry.name, entry.token_variables)
            or entry.found_elsewhere(self._environment)
        ]

    def provider(self, name: str) -> Provider:
        if name not in self._connected:
            self._connected[name] = self._connect(name)
        return self._connected[name]

    def _connect(self, name: str) -> Provider:
        """The cloud; in the rehearsal never with a real key, and never the real one."""
        from capsule_adapters.providers import PROVIDERS, connect

        entry = PROVIDERS.get(name)
        if entry is None:
            raise NotFound("provider", name, known=PROVIDERS)
        if self._sandboxed:
            self.sandbox.up()
            access = self.sandbox.access()
            if name not in access.endpoints:
                hint = "pip install 'capsule-xnode[sandbox]', then: capsule sandbox down"
                raise NotFound("cloud in the sandbox", name, known=access.endpoints, hint=hint)
            tokens = dict.fromkeys(entry.key_variables, access.token)
            endpoint = access.endpoints[name]
            return connect(name, credentials=tokens, endpoint=endpoint, clock=self._clock)
        from capsule_domain.services.cloud_key import key_at_hand

        return self.provider_with(name, key_at_hand(self.keys, name))

    def provider_with(self, name: str, key: "CloudKey") -> Provider:
        """The cloud opened by that key; in the rehearsal the rehearsed one."""
        from capsule_adapters.providers import PROVIDERS, connect

        entry = PROVIDERS[name]
        return connect(
            name,
            credentials={
                part.variables[0]: key[part.field] for part in entry.key_parts if part.field in key
            },
            endpoint=self.endpoint(name),
            clock=self._clock,
        )

    @cached_property
    def keys(self) -> "CloudKeys":
        from capsule_adapters.providers import PROVIDERS
        from capsule_adapters.store.cloud_keys import YamlCloudKeys

        parts = {name: entry.key_parts for name, entry in PROVIDERS.items()}
        environment = {} if self._sandboxed else self._environment
        return YamlCloudKeys(self._home, environment, parts)

    @cached_property
    def _credentials(self) -> "Credentials":
        from capsule_adapters.store.credentials import Credentials

        return Credentials(self._home, self._environment)

    def bills_when_stopped(self, provider: str) -> bool:
        from capsule_adapters.providers import PROVIDERS

        entry = PROVIDERS.get(provider)
        return entry is None or entry.capabilities.bills_when_stopped

    def facts(self, provider: str) -> "CloudFacts":
        """What is known of a cloud without asking it. Raises NotFound."""
        from capsule_adapters.providers import PROVIDERS
        from capsule_domain.models.cloud import CloudFacts

        entry = PROVIDERS.get(provider)
        if entry is None:
            raise NotFound("provider", provider, known=PROVIDERS)
        return CloudFacts(
            name=entry.name,
            title=entry.title,
            capabilities=entry.capabilities,
            ended=entry.ended,
        )

    def clock_ahead(self, provider: str) -> float | None:
        """How many seconds a cloud's clock is ahead of ours; None where it does not tell."""
        from capsule_adapters.doctor.clouds import http_head, seconds_ahead

        return seconds_ahead(self.endpoint(provider), http_head, self._clock)

    def ended(self, provider: str) -> "date | None":
        from capsule_adapters.providers import PROVIDERS

        entry = PROVIDERS.get(provider)
        return None if entry is None else entry.ended
