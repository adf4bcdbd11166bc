"""The original's monitoring.yml: its keys, as ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from capsule_adapters.store.yaml_document import Document

_SAME = {
    "check_interval_seconds": ("check_interval_seconds",),
    "ping_timeout": ("ping_timeout_seconds",),
    "ssh_timeout": ("ssh_timeout_seconds",),
    "http_timeout": ("http_timeout_seconds",),
    "cpu_warning_threshold": ("cpu", "warning"),
    "cpu_critical_threshold": ("cpu", "critical"),
    "memory_warning_threshold": ("memory", "warning"),
    "memory_critical_threshold": ("memory", "critical"),
    "disk_warning_threshold": ("disk", "warning"),
    "disk_critical_threshold": ("disk", "critical"),
    "console_alerts": ("console",),
    "webhook_alerts": ("webhook",),
    "slack_alerts": ("slack",),
    "email_alerts": ("email", "enabled"),
    "email_recipients": ("email", "recipients"),
}
_SECRETS = {"webhook_url": "webhook_url", "slack_webhook_url": "slack_webhook"}
_WORDLESS = frozenset({"enabled"})
"""Says nothing that we keep: who runs the collector wants it to run."""
_ONLY_THERE = (_SAME.keys() | _SECRETS.keys() | _WORDLESS) - {"check_interval_seconds"} | {
    "auto_restart_on_failure",
    "auto_scale_on_high_load",
}
_NEEDS_SECRET = {"webhook": "webhook_url", "slack": "slack_webhook"}
_DEFAULTS = {"cpu": (75, 90), "memory": (80, 95), "disk": (85, 95)}


def is_original(document: Document) -> bool:
    """Whether the file is of the original's form: it never says a version."""
    return "version" not in document.values and bool(_ONLY_THERE & document.values.keys())


@dataclass(frozen=True)
class Original:
    """What the original's file comes to. `places`: where each of our fields stands there."""

    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    left_out: tuple[str, ...]
    places: Mapping[tuple[str, ...], str]


def translated(document: Document) -> Original:
    """Our fields from the original's keys. Values are not judged here."""
    settings: dict[str, Any] = {"version": 1}
    places: dict[tuple[str, ...], str] = {}
    left_out = []
    for key, value in document.values.items():
        if key in _SAME and value is not None:
            _put(settings, _SAME[key], value)
            places[_SAME[key]] = key
        elif value and key not in _SECRETS and key not in _WORDLESS:
            left_out.append(key)
    secrets = {
        ours: document.values[key] for key, ours in _SECRETS.items() if _given(document, key)
    }
    for name, (warning, critical) in _DEFAULTS.items():
        if name in settings:
            settings[name] = {"warning": warning, "critical": critical, **settings[name]}
    left_out += _switched_off(settings, secrets)
    return Original(settings, secrets, tuple(left_out), places)


def _given(document: Document, key: str) -> bool:
    return isinstance(document.values.get(key), str) and bool(document.values[key].strip())


def _put(settings: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    *above, last = place
    for part in above:
        settings = settings.setdefault(part, {})
    settings[last] = value


def _switched_off(settings: dict[str, Any], secrets: Mapping[str, str]) -> list[str]:
    """Channels that were on and cannot send: on again when they are whole."""
    off = []
    for channel, secret in _NEEDS_SECRET.items():
        if settings.get(channel) is True and secret not in secrets:
            settings[channel] = False
            off.append(f"{channel}_alerts")
    email = settings.get("email", {})
    if email.get("enabled") is True:  # the original never said which server takes the mail
        email["enabled"] = False
        off.append("email_alerts")
    return off
