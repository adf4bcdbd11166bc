"""The keys of clouds."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import SecretStr

from capsule_domain.models.cloud import KeyPart

CloudKey = Mapping[str, SecretStr]
"""What opens a cloud: each part by its `KeyPart.field`. Empty parts are left out."""


class CloudKeys(Protocol):
    """The keys of clouds, in the environment and in providers.yml, which is the person's alone.

    Every implementation passes tests/contracts/test_cloud_keys.py. Raises NotFound for an
    unknown cloud, ConfigurationError with file and line but never with what the file
    holds, and StoreError.
    """

    def parts(self, provider: str) -> Sequence[KeyPart]:
        """What a key of the cloud is made of, in the order in which it is asked for."""

    def in_environment(self, provider: str) -> CloudKey:
        """The parts that the environment has."""

    def kept(self, provider: str) -> CloudKey:
        """The parts that are kept."""

    def keep(self, provider: str, key: CloudKey) -> None:
        """Keep exactly these parts, and all else that is kept as it is."""
