"""The channels that the settings enable, made and kept until the settings change."""

from collections.abc import Mapping
from typing import TextIO

from pydantic import SecretStr

from capsule_adapters.notify.deadline import HeartbeatInTime, InTime
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.channels import ChannelName, ChannelSecrets
from capsule_domain.models.monitoring import MonitoringSettings
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.heartbeat import Heartbeat
from capsule_domain.ports.monitoring import MonitoringChoices
from capsule_domain.ports.notifier import Notifier


class Channels:
    """Notifiers by the names of their channels, over the choices as they are at the moment."""

    def __init__(self, choices: MonitoringChoices, clock: Clock, stream: TextIO) -> None:
        self._choices = choices
        self._clock = clock
        self._stream = stream
        self._made: Mapping[str, Notifier] = {}
        self._made_of: tuple[MonitoringSettings, ChannelSecrets] | None = None
        self._heart: tuple[SecretStr, Heartbeat] | None = None

    def enabled(self) -> Mapping[str, Notifier]:
        """Those that are enabled and whole. Raises ConfigurationError, StoreError."""
        settings, secrets = self._choices.settings(), self._choices.secrets()
        if self._made_of != (settings, secrets):
            whole = [name for name in settings.channels if not secrets.needed_by(name)]
            self._made = {name.value: self._one(name, settings, secrets) for name in whole}
            self._made_of = (settings, secrets)
        return self._made

    def one(self, channel: ChannelName) -> Notifier:
        """That channel, enabled or not. Raises ConfigurationError for what it lacks."""
        settings, secrets = self._choices.settings(), self._choices.secrets()
        missing = secrets.needed_by(channel)
        if missing:
            raise ConfigurationError(
                f"{channel} cannot send: there is no {missing.replace('_', '-')}",
                hint=f"capsule openmesh monitor config --secret {missing.replace('_', '-')}",
                field=missing,
            )
        if channel is ChannelName.EMAIL and settings.email.missing:
            raise ConfigurationError(
                f"e-mail has no {', no '.join(settings.email.missing)}",
                hint="capsule openmesh monitor config --smtp-host … --email-from … --email-to …",
                field="email",
            )
        return self._one(channel, settings, secrets)

    def heartbeat(self) -> Heartbeat:
        """Signs of life, switched on or not. Raises ConfigurationError when there is no URL."""
        from capsule_adapters.notify.heartbeat import HttpHeartbeat

        url = self._choices.secrets().heartbeat_url
        if url is None:
            raise ConfigurationError(
                "the heartbeat has no heartbeat-url",
                hint="capsule openmesh monitor config --secret heartbeat-url",
                field="heartbeat_url",
            )
        if self._heart is None or self._heart[0] != url:
            self._heart = url, HeartbeatInTime(HttpHeartbeat(url, self._clock))
        return self._heart[1]

    def _one(
        self, channel: ChannelName, settings: MonitoringSettings, secrets: ChannelSecrets
    ) -> Notifier:
        return InTime(self._bare(channel, settings, secrets))

    def _bare(
        self, channel: ChannelName, settings: MonitoringSettings, secrets: ChannelSecrets
    ) -> Notifier:
        """Each imported when it is used: a run needs few of them."""
        if channel is ChannelName.EMAIL:
            from capsule_adapters.notify.email import EmailNotifier

            return EmailNotifier(settings.email, secrets.smtp_password)
        if channel is ChannelName.WEBHOOK and secrets.webhook_url:
            from capsule_adapters.notify.webhook import WebhookNotifier

            return WebhookNotifier(secrets.webhook_url, secrets.webhook_secret, self._clock)
        if channel is ChannelName.SLACK and secrets.slack_webhook:
            from capsule_adapters.notify.slack import SlackNotifier

            return SlackNotifier(secrets.slack_webhook, self._clock)
        if channel is ChannelName.APPRISE and secrets.apprise_url:
            from capsule_adapters.notify.apprise import AppriseNotifier

            return AppriseNotifier(secrets.apprise_url)
        from capsule_adapters.notify.console import ConsoleNotifier

        return ConsoleNotifier(self._stream)
