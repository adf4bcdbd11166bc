"""Asking AWS: one call, all pages, all regions side by side."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from pydantic import SecretStr

from capsule_adapters.providers.aws import NAME
from capsule_adapters.providers.aws.refusals import meaning, scrub
from capsule_adapters.providers.aws.session import Access, Clients
from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.refusals import Subject
from capsule_domain.errors import ProviderError
from capsule_domain.ports.clock import Clock

_TROUBLE = (BotoCoreError, ClientError, ResponseParserError)
_THREADS = 16
_DEFAULT_PATIENCE = Patience()

Key = TypeVar("Key")
T = TypeVar("T")


class AwsApi:
    """One account at AWS. Safe for several threads.

    Fails only with a ProviderError or NotFound. boto3 repeats by itself what AWS or the
    network refused for a moment (retries `standard`), unless it is asked `once`.
    """

    def __init__(
        self, access: Access, clock: Clock, *, patience: Patience = _DEFAULT_PATIENCE
    ) -> None:
        """Raises CredentialsMissing, and ConfigurationError for a broken AWS configuration."""
        self._access = access
        self.patience = patience
        self._clients = Clients(access, clock, patience)
        self.home = self._clients.home_region

    def __repr__(self) -> str:
        return f"AwsApi({self._access.endpoint or self.home!r})"

    def close(self) -> None:
        """Give the connections back. Closing twice is fine."""
        self._clients.close()

    def call(
        self,
        service: str,
        region: str,
        operation: str,
        *,
        subject: Subject | None = None,
        once: bool = False,
        secret: SecretStr | None = None,
        **parameters: Any,
    ) -> Mapping[str, Any]:
        """What AWS answers to `describe_regions` and the like. `secret` goes along in it."""
        try:
            client = self._clients.client(service, region, once=once)
            answer: Mapping[str, Any] = getattr(client, operation)(**parameters)
        except _TROUBLE as error:
            raise self._meaning(error, service, operation, subject, secret) from error
        return answer

    def pages(
        self, service: str, region: str, operation: str, items: str, **parameters: Any
    ) -> list[Any]:
        """Every item of every page. `items` is the answer's key of the list."""
        found: list[Any] = []
        try:
            client = self._clients.client(service, region)
            for page in client.get_paginator(operation).paginate(**parameters):
                found += self.listed(page, items)
        except _TROUBLE as error:
            raise self._meaning(error, service, operation, None, None) from error
        return found

    def listed(self, answer: Mapping[str, Any], items: str) -> list[Any]:
        """The list `items` of an answer. Raises ProviderError when it is not there."""
        listed = answer.get(items)
        if not isinstance(listed, list):
            raise ProviderError(NAME, f"the answer lacks the list {items}")
        return listed

    def side_by_side(self, keys: Iterable[Key], ask: Callable[[Key], T]) -> dict[Key, T]:
        """`ask` for each of `keys` in threads. Raises the first one's error."""
        wanted: Sequence[Key] = list(keys)
        with ThreadPoolExecutor(max_workers=min(max(len(wanted), 1), _THREADS)) as pool:
            return dict(zip(wanted, pool.map(ask, wanted), strict=True))

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The regions that this account may use."""
        answer = self.call("ec2", self.home, "describe_regions", AllRegions=False)
        names = [region.get("RegionName") for region in self.listed(answer, "Regions")]
        if not all(isinstance(name, str) and is_region(name) for name in names):
            raise ProviderError(NAME, "the answer lacks Regions.RegionName")
        return tuple(sorted(names))

    @cached_property
    def region_titles(self) -> Mapping[str, str]:
        """Long names, such as `Europe (Ireland)`."""
        return self._clients.region_titles()

    def _meaning(
        self,
        error: Any,
        service: str,
        operation: str,
        subject: Subject | None,
        secret: SecretStr | None,
    ) -> Exception:
        pascal = "".join(part.title() for part in operation.split("_"))
        secrets = (*self._access.secrets, *((secret,) if secret else ()))
        scrub(error, secrets)
        return meaning(error, operation=f"{service}:{pascal}", subject=subject, secrets=secrets)


def is_region(name: str) -> bool:
    """Whether `name` can be a region: it becomes part of a host's name."""
    return re.fullmatch(r"[a-z]{2}(?:-[a-z]{3,12}){1,2}-[0-9]{1,2}", name, re.ASCII) is not None
