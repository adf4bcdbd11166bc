"""The user's choices, in memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from capsule_domain.errors import ConfigurationError, Conflict, StoreError
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import OpenmeshSettings, Settings


class FakeChoices:
    """Choices without files. `full_disk` makes every saving fail, and nothing is changed then.

    `broken` are own profiles whose files do not hold. `held` says whether somebody is
    changing just now, and `saved_alone` what was saved by nobody who was.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        profiles: Iterable[Profile] = (),
        openmesh: OpenmeshSettings | None = None,
        broken: Iterable[str] = (),
    ) -> None:
        self._settings = settings or Settings()
        self._openmesh = openmesh or OpenmeshSettings()
        self._profiles = {profile.name: profile for profile in profiles}
        self._broken = set(broken)
        self._kept_settings = settings is not None
        self.full_disk = False
        self.held = 0
        self.saved_alone: list[str] = []

    @contextmanager
    def changing(self) -> Iterator[None]:
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    def settings(self) -> Settings:
        return self._settings

    def save_settings(self, settings: Settings) -> None:
        self._saving("config.yml")
        self._settings, self._kept_settings = settings, True

    def openmesh(self) -> OpenmeshSettings:
        return self._openmesh

    def save_openmesh(self, settings: OpenmeshSettings) -> None:
        self._saving("openmesh.yml")
        self._openmesh = settings

    def profiles(self) -> Mapping[str, Profile]:
        for name in sorted(self._broken):
            raise _nonsense(name)
        return dict(sorted(self._profiles.items()))

    def profile_names(self) -> Sequence[str]:
        return sorted({*self._profiles, *self._broken})

    def profile(self, name: str) -> Profile | None:
        if name in self._broken:
            raise _nonsense(name)
        return self._profiles.get(name)

    def save_profile(self, profile: Profile) -> None:
        self._saving(f"configs/{profile.name}.yml")
        if profile.name in self._broken:
            raise _nonsense(profile.name)
        self._profiles[profile.name] = profile.model_copy(update={"builtin": False})

    def delete_profile(self, name: str) -> None:
        self._saving(f"configs/{name}.yml")
        self._profiles.pop(name, None)
        self._broken.discard(name)

    def files(self) -> Mapping[str, str]:
        config = {"config.yml": self._settings.model_dump_json()} if self._kept_settings else {}
        profiles = {name: str(self._profiles.get(name)) for name in self.profile_names()}
        return config | {f"configs/{name}.yml": held for name, held in profiles.items()}

    def clear(self, files: Mapping[str, str]) -> None:
        if files != self.files():
            raise Conflict("somebody changed something meanwhile")
        self._saving("config.yml")
        self._settings, self._kept_settings = Settings(), False
        self._profiles.clear()
        self._broken.clear()

    def _saving(self, file: str) -> None:
        if self.full_disk:
            raise StoreError(f"{file}: no space left on device", hint="free some space")
        if not self.held:
            self.saved_alone.append(file)


def _nonsense(name: str) -> ConfigurationError:
    return ConfigurationError("not valid YAML", file=f"configs/{name}.yml", line=1)
