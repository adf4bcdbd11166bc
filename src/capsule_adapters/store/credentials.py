"""Keys of the clouds: the environment first, then providers.yml."""

import logging
import stat
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from shlex import quote

from pydantic import SecretStr

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.yaml_document import Document, read_document
from capsule_adapters.store.yaml_model import as_model, refuse_newer
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.base import Model

KEY_FIELDS = ("api_key", "secret_key", "session_token", "project_id")

_log = logging.getLogger("capsule.store")


class _Entry(Model):
    """What providers.yml holds of one cloud."""

    api_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    session_token: SecretStr | None = None
    project_id: SecretStr | None = None
    endpoint: str | None = None


class Credentials:
    """Reads tokens and endpoints. Nothing is read before it is asked for.

    Raises ConfigurationError with file and line, never with what the file holds;
    StoreError when it cannot be read.
    """

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._file = home / "providers.yml"
        self._environment = environment
        self._warned = False

    def token(self, provider: str, variables: Sequence[str]) -> SecretStr | None:
        """The first of the environment's `variables` that is set, else `api_key`, else None."""
        return self.in_environment(variables) or self.kept(provider).get("api_key")

    def in_environment(self, variables: Sequence[str]) -> SecretStr | None:
        """The first of the environment's `variables` that is set."""
        for variable in variables:
            if value := self._environment.get(variable, "").strip():
                return SecretStr(value)
        return None

    def kept(self, provider: str) -> Mapping[str, SecretStr]:
        """What providers.yml holds of the cloud's key, by field; empty ones are left out."""
        entry = self._entry(provider)
        held = {name: getattr(entry, name) for name in KEY_FIELDS}
        texts = {name: part.get_secret_value().strip() for name, part in held.items() if part}
        return {name: SecretStr(text) for name, text in texts.items() if text}

    def endpoint(self, provider: str, variable: str) -> str | None:
        """The base URL to use instead of the cloud's own, or None."""
        return self._environment.get(variable, "").strip() or self._entry(provider).endpoint or None

    def _entry(self, provider: str) -> _Entry:
        document = read_document(self._file, sensitive=True)
        if document is None:
            return _Entry()
        self._warn_when_others_can_read()
        for name, value in document.values.items():
            if name != "version" and not isinstance(value, dict | None):
                raise _wrong_form(document, name)
        refuse_newer(document)
        if document.values.get(provider) is None:
            _refuse_misspelt(document, provider)
            return _Entry()
        return as_model(document.part(provider), _Entry)

    def _warn_when_others_can_read(self) -> None:
        if self._warned:
            return
        with reporting("read", self._file):
            mode = stat.S_IMODE(self._file.stat().st_mode)
        if mode & 0o077:
            self._warned = True
            _log.warning(
                "%s can be read by others; to keep it yours: chmod 600 %s",
                self._file,
                quote(str(self._file)),
            )


def _refuse_misspelt(document: Document, provider: str) -> None:
    """A name so near to the cloud's is meant to be it. What stands there is not repeated."""
    others = [name for name in document.values if name not in ("version", provider)]
    for near in get_close_matches(provider, others, n=1, cutoff=0.8):
        raise ConfigurationError(
            f"unknown cloud; did you mean {provider}?",
            file=str(document.file),
            line=document.line((near,)),
        )


def _wrong_form(document: Document, name: str) -> ConfigurationError:
    return ConfigurationError(
        "each cloud needs lines of its own below its name, such as `  api_key: …`",
        file=str(document.file),
        line=document.line((name,)),
    )
