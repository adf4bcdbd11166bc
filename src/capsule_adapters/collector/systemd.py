"""What systemd wants to hear of a service, over its socket: sd_notify(3)."""

import socket
from collections.abc import Mapping
from contextlib import suppress

from capsule_domain.ports.clock import Clock

_MICROSECONDS = 1_000_000


class NotifySocket:
    """Implements `Supervisor`. Where no socket is named, nobody listens, and nothing is sent."""

    def __init__(self, environment: Mapping[str, str], clock: Clock) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        watchdog_us = environment.get("WATCHDOG_USEC", "")
        self._every_seconds = int(watchdog_us) / _MICROSECONDS / 3 if watchdog_us.isdigit() else 1.0
        self._clock = clock
        self._alive_at: float | None = None

    def ready(self, status: str) -> None:
        """The work has begun, or goes on after a reload."""
        self._send("READY=1", f"STATUS={status}")

    def alive(self, status: str) -> None:
        """A sign of life, three times as often as systemd wants one."""
        now = self._clock.monotonic()
        if self._alive_at is None or now - self._alive_at >= self._every_seconds:
            self._alive_at = now
            self._send("WATCHDOG=1", f"STATUS={status}")

    def reloading(self) -> None:
        """The settings are read anew."""
        microseconds = int(self._clock.monotonic() * _MICROSECONDS)
        self._send("RELOADING=1", f"MONOTONIC_USEC={microseconds}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        # An abstract address begins with a zero byte, which an environment cannot hold.
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify,
        ):
            notify.settimeout(1.0)
            notify.sendto("\n".join(lines).encode(), address)
