"""The ports of telling people: the choices, the secrets, and the channels."""

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_adapters.notify.channels import Channels
    from capsule_domain.models.channels import ChannelName
    from capsule_domain.ports.clock import Clock
    from capsule_domain.ports.heartbeat import Heartbeat
    from capsule_domain.ports.monitoring import MonitoringChoices
    from capsule_domain.ports.notifier import Notifier


class DeliveryPorts:
    """Adapters over one home. `environment` is empty in the rehearsal: its secrets are real."""

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        clock: "Clock",
        changing: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._home = home
        self._environment = environment
        self._clock = clock
        self._changing = changing

    @cached_property
    def choices(self) -> "MonitoringChoices":
        from capsule_adapters.store.monitoring import YamlMonitoringChoices

        return YamlMonitoringChoices(self._home, self._environment, self._changing)

    @cached_property
    def _channels(self) -> "Channels":
        from capsule_adapters.notify.channels import Channels

        return Channels(self.choices, self._clock, sys.stderr)

    def notifiers(self) -> "Mapping[str, Notifier]":
        return self._channels.enabled()

    def heartbeat(self) -> "Heartbeat":
        return self._channels.heartbeat()

    def notifier(self, channel: "ChannelName") -> "Notifier":
        return self._channels.one(channel)
