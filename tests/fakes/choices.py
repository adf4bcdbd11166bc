"""The user's choices, in memory."""

from collections.abc import Iterable, Mapping

from capsule_domain.errors import StoreError
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import OpenmeshSettings, Settings


class FakeChoices:
    """Choices without files. `full_disk` makes every saving fail, and nothing is changed then."""

    def __init__(
        self,
        settings: Settings | None = None,
        profiles: Iterable[Profile] = (),
        openmesh: OpenmeshSettings | None = None,
    ) -> None:
        self._settings = settings or Settings()
        self._openmesh = openmesh or OpenmeshSettings()
        self._profiles = {profile.name: profile for profile in profiles}
        self.full_disk = False

    def settings(self) -> Settings:
        return self._settings

    def save_settings(self, settings: Settings) -> None:
        self._refuse_when_full("config.yml")
        self._settings = settings

    def openmesh(self) -> OpenmeshSettings:
        return self._openmesh

    def profiles(self) -> Mapping[str, Profile]:
        return dict(sorted(self._profiles.items()))

    def save_profile(self, profile: Profile) -> None:
        self._refuse_when_full(f"configs/{profile.name}.yml")
        self._profiles[profile.name] = profile.model_copy(update={"builtin": False})

    def _refuse_when_full(self, file: str) -> None:
        if self.full_disk:
            raise StoreError(f"{file}: no space left on device", hint="free some space")
