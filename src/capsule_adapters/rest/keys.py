"""SSH keys in an account: found, uploaded once, and those of ours told from others."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from capsule_adapters.rest.answer import within
from capsule_adapters.rest.dialect import KeyRing, RemoteKey
from capsule_adapters.rest.public_key import PublicKey
from capsule_adapters.rest.refusals import Subject
from capsule_adapters.rest.wire import Reading, understood
from capsule_domain.errors import NotFound, ProviderError
from capsule_domain.models.leftover import Leftover, LeftoverKind

if TYPE_CHECKING:  # it brings the HTTP library along, which listing clouds does not need
    from capsule_adapters.rest.transport import JsonApi


def key_name(key: PublicKey) -> str:
    """What we call a key at a cloud. Nobody else computes it."""
    return f"capsule-{hashlib.sha256(key.data).hexdigest()[:12]}"


def is_named_by_us(name: str, public_key: str) -> bool:
    """Whether a key bears the name that only we would give it."""
    try:
        return name == key_name(PublicKey.parse(public_key))
    except ValueError:
        return False


class AccountKeys:
    """The keys of one account. `listed` reads them all."""

    def __init__(
        self,
        ring: KeyRing,
        api: "JsonApi",
        listed: Callable[[], Iterable[RemoteKey]],
        reading: Callable[[], Reading],
    ) -> None:
        self._ring = ring
        self._api = api
        self._listed = listed
        self._reading = reading

    def ensure(self, key: PublicKey) -> RemoteKey:
        """The key at the cloud: found, or else uploaded once."""
        found = self._find(key)
        if found is not None:
            return found
        try:
            return self._upload(key)
        except ProviderError:
            # Someone else may have been quicker, or only the answer was lost.
            found = self._find(key)
            if found is None:
                raise
            return found

    def ours(self) -> list[Leftover]:
        """Those that we uploaded. Which server needs one, a cloud does not say."""
        return [
            Leftover(
                provider=self._api.provider,
                kind=LeftoverKind.KEY,
                id=str(key.key_id),
                name=key.name,
            )
            for key in self._listed()
            if is_named_by_us(key.name, key.public_key)
        ]

    def remove(self, leftover: Leftover) -> None:
        """One that is gone already is a success."""
        with suppress(NotFound):
            self._api.delete(
                self._ring.path.format(id=quote(leftover.id, safe="")),
                subject=Subject("key", leftover.name),
                idempotent=True,
            )

    def _find(self, key: PublicKey) -> RemoteKey | None:
        return next((k for k in self._listed() if key.is_same(k.public_key, k.fingerprint)), None)

    def _upload(self, key: PublicKey) -> RemoteKey:
        ring = self._ring
        body: Mapping[str, Any] = ring.upload(key_name(key), key.line)
        answer = self._api.post(ring.ring.path, body=body)
        with understood(self._api.provider, ring.item, answer.request_id):
            return next(iter(ring.ring.read(within(answer.body, ring.item), self._reading())))
