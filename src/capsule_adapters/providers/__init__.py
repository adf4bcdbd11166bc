"""The clouds that Capsule knows: one module and one line here for each.

Importing this imports no HTTP library, so that what only lists clouds stays quick.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from pydantic import SecretStr

from capsule_adapters.providers import (
    aws,
    digitalocean,
    equinix,
    hivelocity,
    linode,
    scaleway,
    vultr,
)
from capsule_adapters.rest.dialect import Dialect
from capsule_domain.errors import CredentialsMissing, NotFound
from capsule_domain.models.cloud import KeyPart
from capsule_domain.models.server import Capabilities
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.provider import Provider

if TYPE_CHECKING:
    from capsule_adapters.rest.transport import JsonApi

Connect = Callable[[Mapping[str, SecretStr], str | None, Clock], Provider]
RestImplementation = Callable[[Dialect, "JsonApi", Clock], Provider]


@dataclass(frozen=True)
class ProviderEntry:
    """A cloud before it is connected. `ended`: the day its service ended."""

    name: str
    title: str
    token_variables: tuple[str, ...]
    """Where its key may be, the preferred one first."""
    capabilities: Capabilities
    connect: Connect
    ended: date | None = None
    endpoint: str | None = None
    """Where it is reached unless another address is given; None where that is many."""
    secret_variable: str | None = None
    """Where the second half of its key is, when the key has two."""
    companion_variables: tuple[str, ...] = ()
    """What may go with the key, such as a session."""
    found_elsewhere: Callable[[Mapping[str, str]], bool] = lambda _environment: False
    """Whether its own tools have credentials here, which `connect` then finds by itself."""

    @property
    def key_variables(self) -> tuple[str, ...]:
        """Where each part of its key is."""
        secret = () if self.secret_variable is None else (self.secret_variable,)
        return (self.token_variables[0], *secret)

    @property
    def key_parts(self) -> tuple[KeyPart, ...]:
        """What a key of it is made of, in the order in which it is asked for."""
        key = KeyPart(field="api_key", title="API key", variables=self.token_variables)
        if self.secret_variable is None:
            return (key, *(_companion(variable) for variable in self.companion_variables))
        secret = KeyPart(field="secret_key", title="secret key", variables=(self.secret_variable,))
        key_id = key.model_copy(update={"title": "access key id"})
        return (key_id, secret, *(_companion(v) for v in self.companion_variables))

    @property
    def endpoint_variable(self) -> str:
        """What overrides the base URL."""
        return f"CAPSULE_{self.name.upper()}_ENDPOINT"


def _companion(variable: str) -> KeyPart:
    """By the end of its name, which all clouds agree on."""
    if variable.endswith("_PROJECT_ID"):
        return KeyPart(
            field="project_id",
            title="project id",
            variables=(variable,),
            needed=False,
            secret=False,
        )
    return KeyPart(
        field="session_token", title="session token", variables=(variable,), needed=False
    )


def connect(
    name: str,
    *,
    credentials: Mapping[str, SecretStr | str],
    endpoint: str | None,
    clock: Clock,
) -> Provider:
    """The cloud of that name, for one account. Nothing is sent yet.

    `credentials`: by variable name, such as `DIGITALOCEAN_API_KEY`; empty ones count as
    missing. `endpoint`: None takes the cloud's own. Raises NotFound for an unknown
    cloud, CredentialsMissing, and ConfigurationError for an endpoint or a key that
    cannot be used.
    """
    try:
        entry = PROVIDERS[name]
    except KeyError as error:
        raise NotFound(
            "provider", name, known=PROVIDERS, hint=f"there is {', '.join(PROVIDERS)}"
        ) from error
    secrets = {key: SecretStr(_text(value)) for key, value in credentials.items() if _text(value)}
    return entry.connect(secrets, endpoint, clock)


def _text(value: SecretStr | str) -> str:
    return (value.get_secret_value() if isinstance(value, SecretStr) else value).strip()


def _api(
    dialect: Dialect, secrets: Mapping[str, SecretStr], endpoint: str | None, clock: Clock
) -> "JsonApi":
    """The cloud's API, with the key that is among `secrets`. Raises CredentialsMissing."""
    from capsule_adapters.rest.transport import JsonApi

    token = next((secrets[v] for v in dialect.token_variables if v in secrets), None)
    if token is None:
        raise CredentialsMissing(dialect.name, dialect.token_variables[0])
    return JsonApi(
        dialect.name,
        endpoint or dialect.base_url,
        auth_headers=dialect.auth_headers(token),
        clock=clock,
        pacing=dialect.pacing,
        refusals=dialect.refusals,
    )


def _rest(dialect: Dialect, implementation: RestImplementation | None = None) -> ProviderEntry:
    """A cloud that a dialect describes. `implementation` None takes RestProvider."""

    def connected(secrets: Mapping[str, SecretStr], endpoint: str | None, clock: Clock) -> Provider:
        from capsule_adapters.rest.provider import RestProvider

        api = _api(dialect, secrets, endpoint, clock)
        return (implementation or RestProvider)(dialect, api, clock)

    return ProviderEntry(
        name=dialect.name,
        title=dialect.title,
        token_variables=dialect.token_variables,
        capabilities=dialect.capabilities,
        connect=connected,
        endpoint=dialect.base_url,
    )


def _beside(secrets: Mapping[str, SecretStr], variable: str) -> str | None:
    """What is named beside the key and is no secret itself."""
    found = secrets.get(variable)
    return None if found is None else found.get_secret_value()


def _equinix(secrets: Mapping[str, SecretStr], endpoint: str | None, clock: Clock) -> Provider:
    """One project there: the one that is named beside the key, or the one that is found."""
    from capsule_adapters.providers.equinix.provider import EquinixProvider

    api = _api(equinix.DIALECT, secrets, endpoint, clock)
    return EquinixProvider(equinix.DIALECT, api, clock, _beside(secrets, equinix.PROJECT_VARIABLE))


def _scaleway(secrets: Mapping[str, SecretStr], endpoint: str | None, clock: Clock) -> Provider:
    """Every zone there; what is rented goes into the project that is named beside the key."""
    return scaleway.ScalewayProvider(
        _api(scaleway.DIALECT, secrets, endpoint, clock),
        clock,
        project_id=_beside(secrets, scaleway.PROJECT_VARIABLE),
    )


PROVIDERS: Mapping[str, ProviderEntry] = {
    entry.name: entry
    for entry in (
        ProviderEntry(
            name=aws.NAME,
            title=aws.TITLE,
            token_variables=(aws.KEY_VARIABLE,),
            secret_variable=aws.SECRET_VARIABLE,
            companion_variables=(aws.SESSION_VARIABLE,),
            found_elsewhere=aws.found_elsewhere,
            capabilities=aws.CAPABILITIES,
            connect=aws.connect,
        ),
        _rest(digitalocean.DIALECT),
        _rest(vultr.DIALECT, vultr.VultrProvider),
        _rest(linode.DIALECT),
        _rest(hivelocity.DIALECT, hivelocity.HivelocityProvider),
        replace(
            _rest(equinix.DIALECT),
            connect=_equinix,
            companion_variables=(equinix.PROJECT_VARIABLE,),
            ended=equinix.ENDED,
        ),
        replace(
            _rest(scaleway.DIALECT),
            connect=_scaleway,
            companion_variables=(scaleway.PROJECT_VARIABLE,),
        ),
    )
}
