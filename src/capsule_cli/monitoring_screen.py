"""The settings of monitoring as they are shown, and as JSON has them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.channels import ChannelSecrets
    from capsule_domain.models.monitoring import MonitoringSettings
    from capsule_domain.models.remediation import RemediationSettings


def settings_data(settings: "MonitoringSettings", held: "ChannelSecrets") -> dict[str, Any]:
    """The settings, and of each secret only whether there is one."""
    known = {name: value is not None for name, value in held}
    return {**settings.model_dump(mode="json"), "secrets": known}


def paint_settings(screen: "Screen", settings: "MonitoringSettings", data: dict[str, Any]) -> None:
    """How the fleet is watched, on which channels people are told, what is done by itself."""
    screen.header("Monitoring")
    thresholds = (
        ("CPU", settings.cpu),
        ("memory", settings.memory),
        ("disk", settings.disk),
    )
    screen.fields(
        [
            ("every", f"{settings.check_interval_seconds:g} s"),
            *(
                (name, f"warning {one.warning:g} %, critical {one.critical:g} %")
                for name, one in thresholds
            ),
            ("own rules", str(len(settings.rules))),
        ]
    )
    screen.section("Channels")
    screen.fields(list(_channels(settings, data["secrets"])))
    screen.section("Remedies")
    screen.fields(list(_remedies(settings.remediation)))


def _channels(
    settings: "MonitoringSettings", secrets: dict[str, bool]
) -> Iterator[tuple[str, "Cell"]]:
    from capsule_cli.theme import status_dot
    from capsule_domain.models.channels import ChannelName

    email, beat = settings.email, settings.heartbeat
    to = f"{', '.join(email.recipients)} by {email.host}:{email.reached_at}"
    details = {
        ChannelName.CONSOLE: "standard error",
        ChannelName.EMAIL: to if email.host else "no server is set",
        ChannelName.WEBHOOK: _url(kept=secrets["webhook_url"]),
        ChannelName.SLACK: _url(kept=secrets["slack_webhook"]),
        ChannelName.APPRISE: "its URLs are kept" if secrets["apprise_url"] else "no URL is set",
    }
    for name, detail in details.items():
        yield name.value, status_dot(detail, active=name in settings.channels)
    every = f"every {beat.interval_seconds:g} s, {_url(kept=secrets['heartbeat_url'])}"
    yield "heartbeat", status_dot(every, active=beat.enabled)


def _url(*, kept: bool) -> str:
    return "its URL is kept" if kept else "no URL is set"


def _remedies(chosen: "RemediationSettings") -> Iterator[tuple[str, "Cell"]]:
    from capsule_cli.theme import status_dot

    if not chosen.enabled:
        said = "off: nothing is done by itself"
    else:
        said = "dry run: all is decided, nothing done" if chosen.dry_run else "on"
    yield "state", status_dot(said, active=chosen.enabled)
    for one in chosen.remedies:
        yield f"{one.rule} {one.instance or ''}".strip(), one.words
    if chosen.remedies:
        pause = f"{chosen.cooldown_seconds / 60:g} min"
        share = f"{chosen.breaker_percent:g} %"
        yield "each xNode", f"{chosen.hourly_per_xnode} an hour, {pause} after one of the same rule"
        yield "fleet", f"{chosen.hourly_in_fleet} an hour, none while over {share} are in trouble"
