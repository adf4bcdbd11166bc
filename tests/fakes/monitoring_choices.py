"""The user's choices for watching, in memory."""

from contextlib import AbstractContextManager, nullcontext

from capsule_domain.models.channels import ChannelSecrets
from capsule_domain.models.monitoring import MonitoringSettings, TakenOver


class FakeMonitoringChoices:
    """Choices without files. `original` is what taking over an original's file comes to."""

    def __init__(
        self,
        settings: MonitoringSettings | None = None,
        secrets: ChannelSecrets | None = None,
        original: TakenOver | None = None,
    ) -> None:
        self._settings = settings or MonitoringSettings()
        self._secrets = secrets or ChannelSecrets()
        self._original = original

    def changing(self) -> AbstractContextManager[None]:
        return nullcontext()

    def take_over(self) -> TakenOver | None:
        found, self._original = self._original, None
        return found

    def settings(self) -> MonitoringSettings:
        return self._settings

    def save(self, settings: MonitoringSettings) -> None:
        self._settings = settings

    def secrets(self) -> ChannelSecrets:
        return self._secrets

    def keep(self, secrets: ChannelSecrets) -> None:
        held = {name: getattr(secrets, name) for name in ChannelSecrets.model_fields}
        given = {name: value for name, value in held.items() if value is not None}
        self._secrets = self._secrets.model_copy(update=given)
