"""How the fleet is watched, and who is told."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from capsule_cli import complete
from capsule_cli.channel_secrets import SECRETS, asked_for
from capsule_cli.monitoring_screen import paint_settings, settings_data
from capsule_cli.originals import tell_taken_over
from capsule_cli.session import Session, session
from capsule_domain.errors import UsageError

if TYPE_CHECKING:
    from capsule_domain.models.channels import ChannelSecrets
    from capsule_domain.models.monitoring import MonitoringSettings

_CHANNELS = ("console", "email", "webhook", "slack", "apprise")
_HEARTBEAT = "heartbeat"
Percent = Annotated[float | None, typer.Option(metavar="PERCENT", show_default=False)]
Switch = bool | None


def config(
    ctx: typer.Context,
    *,
    show: Annotated[bool, typer.Option("--show", help="Change nothing.")] = False,
    check_interval: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="How often each xNode is looked at.")
    ] = None,
    cpu_warning: Percent = None,
    cpu_critical: Percent = None,
    memory_warning: Percent = None,
    memory_critical: Percent = None,
    disk_warning: Percent = None,
    disk_critical: Percent = None,
    console: Annotated[Switch, typer.Option("--enable-console/--disable-console")] = None,
    email: Annotated[Switch, typer.Option("--enable-email/--disable-email")] = None,
    webhook: Annotated[Switch, typer.Option("--enable-webhook/--disable-webhook")] = None,
    slack: Annotated[Switch, typer.Option("--enable-slack/--disable-slack")] = None,
    apprise: Annotated[Switch, typer.Option("--enable-apprise/--disable-apprise")] = None,
    heartbeat: Annotated[
        Switch,
        typer.Option(
            "--enable-heartbeat/--disable-heartbeat",
            help="Signs of life to a URL, which tells when they stay away.",
        ),
    ] = None,
    remedies: Annotated[
        Switch,
        typer.Option(
            "--enable-remedies/--disable-remedies", help="What monitoring.yml says is done."
        ),
    ] = None,
    slack_webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Slack's incoming webhook, a secret.")
    ] = None,
    webhook_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where JSON is posted, a secret.")
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"Asked for unseen, or a line of stdin: {', '.join(SECRETS)}.",
            autocompletion=complete.words(*SECRETS),
        ),
    ] = None,
    smtp_host: Annotated[str | None, typer.Option(help="The server that takes e-mail.")] = None,
    smtp_port: Annotated[int | None, typer.Option(help="Usual: 587, 465 with tls.")] = None,
    smtp_security: Annotated[
        str | None,
        typer.Option(
            help="starttls, tls or none.", autocompletion=complete.words("starttls", "tls", "none")
        ),
    ] = None,
    smtp_user: Annotated[str | None, typer.Option(help="Who logs in there.")] = None,
    smtp_ca: Annotated[
        str | None, typer.Option(metavar="FILE", help="Certificates to trust as well.")
    ] = None,
    email_from: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The sender.")] = None,
    email_to: Annotated[
        str | None, typer.Option(metavar="ADDRESSES", help="Who is told, a,b.")
    ] = None,
    test: Annotated[
        str | None,
        typer.Option(
            metavar="CHANNEL",
            help="Send a test message there, after the changes.",
            autocompletion=complete.words(*_CHANNELS, _HEARTBEAT),
        ),
    ] = None,
) -> None:
    """How the fleet is watched, and on which channels people are told."""
    run = session(ctx)
    wishes = {
        "check_interval_seconds": check_interval,
        "cpu": {"warning": cpu_warning, "critical": cpu_critical},
        "memory": {"warning": memory_warning, "critical": memory_critical},
        "disk": {"warning": disk_warning, "critical": disk_critical},
        "console": console,
        "webhook": webhook,
        "slack": slack,
        "apprise": apprise,
        "heartbeat": {"enabled": heartbeat},
        "remediation": {"enabled": remedies},
        "email": {
            "enabled": email,
            "host": smtp_host,
            "port": smtp_port,
            "security": smtp_security,
            "username": smtp_user,
            "ca_file": smtp_ca,
            "sender": email_from,
            "recipients": _addresses(email_to),
        },
    }
    wishes = _said(wishes)
    given = {"slack_webhook": slack_webhook, "webhook_url": webhook_url}
    typed = {name: value for name, value in given.items() if value is not None}
    if show and (wishes or typed or secret or test):
        raise UsageError("--show changes nothing", hint="leave it out, or the others")
    tell_taken_over(run)
    secrets = asked_for(run, secret or (), typed)
    settings = _change(run, wishes, secrets)
    if test is not None:
        _test(run, test)
        return
    data = settings_data(settings, run.wiring.monitoring_choices().secrets())
    run.out.show(data, lambda screen: paint_settings(screen, settings, data))
    if wishes or secrets is not None:
        would = "would be" if run.options.dry_run else "are"
        run.out.success(f"the settings {would} so now; a running collector reads them on SIGHUP")


def _addresses(text: str | None) -> tuple[str, ...] | None:
    from capsule_cli.values import listed

    return None if text is None else listed(text)


def _said(wishes: dict[str, Any]) -> dict[str, Any]:
    """Only what was said on the command line."""
    found = {}
    for name, value in wishes.items():
        said = _said(value) if isinstance(value, dict) else value
        if said is not None and said != {}:
            found[name] = said
    return found


def _change(
    run: Session, wishes: dict[str, Any], secrets: "ChannelSecrets | None"
) -> "MonitoringSettings":
    """The settings with the wishes in them; written, unless it is a dry run.

    Raises ConfigurationError for what no collector could begin with.
    """
    from capsule_domain.services.watch_settings import watch_plan

    choices = run.wiring.monitoring_choices()
    writes = bool(wishes or secrets) and not run.options.dry_run
    with choices.changing() if writes else nullcontext():
        before = choices.settings()
        after = _wished(before, wishes)
        held = choices.secrets()
        if secrets is not None:
            given = {name: value for name, value in secrets if value is not None}
            held = held.model_copy(update=given)
        _refuse_unready(wishes, after, held)
        watch_plan(after, ())
        if writes:
            if secrets is not None:
                choices.keep(secrets)
            if after != before:
                choices.save(after)
    return after


def _wished(before: "MonitoringSettings", wishes: dict[str, Any]) -> "MonitoringSettings":
    """Raises UsageError with the field for what cannot be, such as warning above critical."""
    from pydantic import ValidationError

    from capsule_domain.models.monitoring import MonitoringSettings

    fields = before.model_dump()
    for name, value in wishes.items():
        fields[name] = {**fields[name], **value} if isinstance(value, dict) else value
    try:
        return MonitoringSettings.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        rule = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{field}: {rule[:1].lower()}{rule[1:]}") from error


def _refuse_unready(
    wishes: dict[str, Any], settings: "MonitoringSettings", secrets: "ChannelSecrets"
) -> None:
    """What is switched on now has to be able to send."""
    for channel in settings.channels:
        missing = secrets.needed_by(channel)
        if missing and wishes.get(channel.value):
            name = missing.replace("_", "-")
            raise UsageError(
                f"{channel} cannot be enabled: there is no {name}", hint=f"--secret {name}"
            )
    wished = wishes.get("heartbeat", {}).get("enabled")
    if wished and secrets.heartbeat_url is None:
        raise UsageError(
            "heartbeat cannot be enabled: there is no heartbeat-url",
            hint="--secret heartbeat-url",
        )


def _test(run: Session, name: str) -> None:
    from capsule_domain.models.channels import ChannelName
    from capsule_domain.models.heartbeat import Beat
    from capsule_domain.services.alert_words import sample
    from capsule_domain.services.one_of import one_of

    chosen = one_of("channel", name, [*_CHANNELS, _HEARTBEAT])
    if run.options.dry_run:
        run.out.talk(f"would send a test message to {chosen}")
        return
    if chosen == _HEARTBEAT:
        run.wiring.heartbeat().send(Beat.GOOD)
        data = {"channel": chosen, "delivered": True}
        run.out.show(data, lambda _screen: run.out.success("the heartbeat arrived"))
        return
    channel = ChannelName(chosen)
    message = sample(run.wiring.new_id(), run.wiring.clock().now())
    run.wiring.notifier(channel).send(message)
    data = {"channel": channel.value, "id": message.id, "delivered": True}
    run.out.show(data, lambda _screen: run.out.success(f"{channel} took the test message"))
