"""Keys of clouds in memory."""

from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from capsule_domain.errors import ConfigurationError, NotFound
from capsule_domain.models.cloud import KeyPart
from capsule_domain.ports.cloud_keys import CloudKey

PARTS: Mapping[str, Sequence[KeyPart]] = {
    "fakecloud": (
        KeyPart(field="api_key", title="API key", variables=("FAKE_API_KEY", "FAKE_TOKEN")),
        KeyPart(
            field="project_id",
            title="project id",
            variables=("FAKE_PROJECT_ID",),
            needed=False,
            secret=False,
        ),
    ),
    "paircloud": (
        KeyPart(field="api_key", title="access key id", variables=("PAIR_KEY_ID",)),
        KeyPart(field="secret_key", title="secret key", variables=("PAIR_SECRET",)),
    ),
}


class FakeCloudKeys:
    """Keys by cloud. `broken`: the file does not hold, and nothing is read or kept."""

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        kept: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._environment = environment or {}
        self.held = {name: _secrets(key) for name, key in (kept or {}).items()}
        self.broken = False

    def parts(self, provider: str) -> Sequence[KeyPart]:
        if provider not in PARTS:
            raise NotFound("provider", provider, known=PARTS)
        return PARTS[provider]

    def in_environment(self, provider: str) -> CloudKey:
        found = {
            part.field: next(
                (v for name in part.variables if (v := self._environment.get(name, "").strip())), ""
            )
            for part in self.parts(provider)
        }
        return _secrets({field: value for field, value in found.items() if value})

    def kept(self, provider: str) -> CloudKey:
        self.parts(provider)
        self._read()
        return self.held.get(provider, {})

    def keep(self, provider: str, key: CloudKey) -> None:
        self.parts(provider)
        self._read()
        self.held[provider] = dict(key)

    def _read(self) -> None:
        if self.broken:
            raise ConfigurationError("not valid YAML", file="providers.yml", line=1)


def _secrets(key: Mapping[str, str]) -> dict[str, SecretStr]:
    return {field: SecretStr(value) for field, value in key.items()}
