"""Whose account: boto3's sessions and clients, with our patience and our HTTP."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import ConstantProvider
from botocore.exceptions import BotoCoreError
from botocore.loaders import create_loader
from botocore.utils import get_environ_proxies
from pydantic import SecretStr

from capsule_adapters.providers.aws import (
    KEY_VARIABLE,
    NAME,
    SECRET_VARIABLE,
    SESSION_VARIABLE,
)
from capsule_adapters.providers.aws.http import BoundedHttp
from capsule_adapters.rest.endpoint import checked_endpoint, is_loopback
from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.secrets import check_header_secret
from capsule_domain.errors import ConfigurationError, CredentialsMissing
from capsule_domain.ports.clock import Clock

_HOME_REGION = "us-east-1"
_CONNECTIONS = 32


@dataclass(frozen=True)
class Access:
    """Keys that were given, or else none: then boto3 looks for its own."""

    key_id: SecretStr | None
    secret: SecretStr | None
    session_token: SecretStr | None
    endpoint: str | None

    @classmethod
    def of(cls, secrets: Mapping[str, SecretStr], endpoint: str | None) -> "Access":
        """From variables, or from `ID:SECRET` in place of the id, as providers.yml holds it.

        Raises CredentialsMissing for half a pair, ConfigurationError for an endpoint that
        must not have a key.
        """
        key_id, secret = secrets.get(KEY_VARIABLE), secrets.get(SECRET_VARIABLE)
        if key_id is not None and ":" in key_id.get_secret_value():
            left, _, right = key_id.get_secret_value().partition(":")
            secrets = {KEY_VARIABLE: SecretStr(left), SECRET_VARIABLE: SecretStr(right)}
            key_id, secret = secrets[KEY_VARIABLE], secrets[SECRET_VARIABLE]
        if (key_id is None) != (secret is None):
            raise CredentialsMissing(NAME, KEY_VARIABLE if key_id is None else SECRET_VARIABLE)
        where = None if endpoint is None else checked_endpoint(NAME, endpoint)
        access = cls(key_id, secret, secrets.get(SESSION_VARIABLE), where)
        for part in access.secrets:
            check_header_secret(NAME, part)
        return access

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """What must never be shown."""
        return tuple(part for part in (self.key_id, self.secret, self.session_token) if part)

    @property
    def alone(self) -> bool:
        """Whether nothing of the person's AWS configuration is needed, so none is read."""
        return self.key_id is not None and self.endpoint is not None


@cache
def _descriptions() -> Any:
    """boto3's descriptions of AWS: EC2's takes a third of a second, so each is read once."""
    return create_loader()


@dataclass
class Clients:
    """boto3's clients by service and region, each made once. Safe for several threads."""

    access: Access
    clock: Clock
    patience: Patience
    _made: dict[tuple[str, str, bool], Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        # At debug level botocore logs whole requests: user data, and with it private keys.
        logging.getLogger("botocore").setLevel(logging.WARNING)
        self._https: list[BoundedHttp] = []
        try:
            self._session = self._open()
            self.home_region: str = self._session.region_name or _HOME_REGION
            found = self._session.get_credentials()
        except BotoCoreError as error:
            raise ConfigurationError(
                f"the configuration of AWS cannot be used: {error}", hint="aws configure list"
            ) from error
        if found is None:
            raise CredentialsMissing(NAME, KEY_VARIABLE)

    def client(self, service: str, region: str, *, once: bool = False) -> Any:
        """A client; `once`: it never repeats a request by itself."""
        with self._lock:
            key = (service, region, once)
            if key not in self._made:
                self._made[key] = self._make(service, region, once=once)
            return self._made[key]

    def region_titles(self) -> Mapping[str, str]:
        """The regions' long names, as boto3's own data has them."""
        loader = self._session._loader  # noqa: SLF001  botocore's data has no public door in boto3
        partitions = loader.load_data("endpoints")["partitions"]
        return {
            name: region["description"] for p in partitions for name, region in p["regions"].items()
        }

    def close(self) -> None:
        """Give the connections back. Closing twice is fine."""
        with self._lock:
            while self._https:
                self._https.pop().close()
            self._made.clear()

    def _open(self) -> Any:
        core = botocore.session.Session()
        if self.access.alone:
            core.register_component("data_loader", _descriptions())
            store = core.get_component("config_store")
            for name, value in (
                ("profile", None),
                ("region", None),
                ("config_file", os.devnull),
                ("credentials_file", os.devnull),
                ("ca_bundle", None),
            ):
                store.set_config_provider(name, ConstantProvider(value))
        return boto3.Session(
            botocore_session=core,
            **{
                name: None if part is None else part.get_secret_value()
                for name, part in (
                    ("aws_access_key_id", self.access.key_id),
                    ("aws_secret_access_key", self.access.secret),
                    ("aws_session_token", self.access.session_token),
                )
            },
        )

    def _make(self, service: str, region: str, *, once: bool) -> Any:
        session: Any = self._session
        made = session.client(
            service,
            region_name=region,
            endpoint_url=self.access.endpoint,
            config=Config(
                retries={
                    "mode": "standard",
                    "total_max_attempts": 1 if once else self.patience.attempts,
                },
                user_agent_extra="capsule",
            ),
        )
        url = made.meta.endpoint_url
        local = is_loopback(urlsplit(url).hostname or "")
        http = BoundedHttp(
            service=service,
            region=region,
            clock=self.clock,
            patience=self.patience,
            # A proxy for the outside world must not see what is meant for this machine.
            proxies={} if local else get_environ_proxies(url),
            verify=session._session.get_config_variable("ca_bundle") or True,  # noqa: SLF001
            connections=_CONNECTIONS,
        )
        self._https.append(http)
        made.meta.events.register_first("before-send", http)
        return made
