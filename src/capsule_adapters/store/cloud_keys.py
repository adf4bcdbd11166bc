"""The keys of clouds in providers.yml, for the person alone to read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from capsule_adapters.store.credentials import KEY_FIELDS, Credentials
from capsule_adapters.store.files import PRIVATE_FILE, write_atomically
from capsule_adapters.store.lock import FileLock
from capsule_adapters.store.yaml_document import read_document
from capsule_adapters.store.yaml_edit import edited, fresh
from capsule_domain.errors import NotFound
from capsule_domain.models.cloud import KeyPart
from capsule_domain.ports.cloud_keys import CloudKey


class YamlCloudKeys:
    """Implements the `CloudKeys` port over the environment and providers.yml of a home."""

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        parts: Mapping[str, Sequence[KeyPart]],
    ) -> None:
        self._home = home
        self._file = home / "providers.yml"
        self._parts = parts
        self._credentials = Credentials(home, environment)

    def parts(self, provider: str) -> Sequence[KeyPart]:
        if provider not in self._parts:
            raise NotFound("provider", provider, known=self._parts)
        return self._parts[provider]

    def in_environment(self, provider: str) -> CloudKey:
        found = {
            p.field: self._credentials.in_environment(p.variables) for p in self.parts(provider)
        }
        return {field: value for field, value in found.items() if value is not None}

    def kept(self, provider: str) -> CloudKey:
        fields = {part.field for part in self.parts(provider)}
        held = self._credentials.kept(provider)
        return {field: value for field, value in held.items() if field in fields}

    def keep(self, provider: str, key: CloudKey) -> None:
        self.parts(provider)
        with FileLock(self._home / ".lock"):
            self._credentials.kept(provider)  # refuses a file that does not hold
            document = read_document(self._file, sensitive=True)
            values: dict[str, Any] = {} if document is None else dict(document.values)
            beside = {
                name: value
                for name, value in (values.get(provider) or {}).items()
                if name not in KEY_FIELDS
            }
            values[provider] = {n: part.get_secret_value() for n, part in key.items()} | beside
            text = fresh(values) if document is None else edited(document, values)
            write_atomically(self._file, text.encode(), mode=PRIVATE_FILE)
