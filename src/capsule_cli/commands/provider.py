"""The clouds: which there are, and the keys that open them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import Session, session
from capsule_domain.errors import UsageError

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.cloud import CloudSummary, KeyPart, ProviderConfigured
    from capsule_domain.models.server import Account
    from capsule_domain.ports.cloud_keys import CloudKey

Name = Annotated[str, typer.Argument(help="A cloud.", autocompletion=complete.providers)]


def providers(
    ctx: typer.Context,
    *,
    configured: Annotated[
        bool, typer.Option("--configured", help="Only those whose key is at hand.")
    ] = False,
    detailed: Annotated[
        bool, typer.Option("--detailed", help="What each can do, and where its key goes.")
    ] = False,
) -> None:
    """The clouds, and which are configured."""
    run = session(ctx)
    wiring = run.wiring
    found = wiring.clouds().summaries(wiring.providers(), wiring.configured())
    rows = [row for row in found if row.configured or not configured]
    if run.options.sandbox:
        rows = [row.model_copy(update={"key_from": row.key_from and "rehearsal"}) for row in rows]
    paint = _paint_detailed if detailed else _paint_providers
    run.out.show(rows, lambda screen: paint(screen, rows))


def _paint_providers(screen: "Screen", rows: "Sequence[CloudSummary]") -> None:
    from capsule_cli.theme import status_dot

    screen.header("Providers")
    if not rows:
        screen.line("none is configured")
    else:
        screen.table(
            ["cloud", "templates", "regions", "a stop costs", "key", ""],
            [
                (
                    status_dot(row.name, active=row.configured),
                    str(row.templates),
                    str(row.regions),
                    _stopped(row),
                    row.key_from or "",
                    f"ended {row.ended}" if row.ended else "",
                )
                for row in rows
            ],
            right=["templates", "regions"],
            whole=["cloud", "key"],
        )
    if screen.fancy:
        missing = next((row.name for row in rows if not (row.configured or row.ended)), None)
        screen.hint(f"capsule openmesh provider configure {missing or 'NAME'}")


def _stopped(row: "CloudSummary") -> str:
    if row.bills_when_stopped:
        return "the same"
    return row.capabilities.stopped_costs or "nothing"


def _paint_detailed(screen: "Screen", rows: "Sequence[CloudSummary]") -> None:
    from capsule_cli.theme import status_dot

    screen.header("Providers")
    for row in rows:
        can = row.capabilities
        state = f"configured, by {row.key_from}" if row.configured else "not configured"
        pairs: list[tuple[str, Cell]] = [
            ("key", status_dot(state, active=row.configured)),
            ("variables", ", ".join(row.variables)),
            ("catalogue", f"{row.templates} templates, {row.regions} regions, in {can.currency}"),
            ("a stop", f"costs {_stopped(row)}"),
            ("billed", _billed(row)),
            ("user data", f"{can.user_data_max_bytes // 1024} KiB, {can.user_data_form}"),
            ("machines", ", ".join(can.architectures)),
            ("NixOS image", "yes" if can.nixos_image else "no"),
            ("tags", "can change" if can.tags_change_after_creation else "stay as rented"),
        ]
        if row.ended:
            pairs.insert(0, ("ended", f"{row.ended}: nothing can be rented there"))
        screen.section(f"{row.title} ({row.name})")
        screen.fields(pairs)


def _billed(row: "CloudSummary") -> str:
    from capsule_cli.ages import span

    can = row.capabilities
    least = f", at least {span(can.minimum_billed_seconds)}" if can.minimum_billed_seconds else ""
    cap = ", up to the monthly price" if can.monthly_cap else ", without a monthly cap"
    return f"by {span(can.billed_by_seconds)}{least}{cap}"


def configure(
    ctx: typer.Context,
    name: Name,
    *,
    from_env: Annotated[
        bool, typer.Option("--from-env", help="Take the key from the environment.")
    ] = False,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the key from stdin, one line a part.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Keep it even if the cloud refuses it.")
    ] = False,
) -> None:
    """Set a cloud's key, tried before it is kept."""
    if from_env and stdin:
        raise UsageError("--from-env and --stdin are two places", hint="leave one out")
    run = session(ctx)
    if run.options.sandbox:
        raise UsageError(
            "in the rehearsal every cloud has its key already",
            hint="capsule --sandbox openmesh providers",
        )
    name = run.wiring.known_provider(name)
    service = run.wiring.configure_provider()
    key = _key(run, name, from_env=from_env, stdin=stdin)
    service.complete(name, key)
    if service.replaces(name, key) and not run.options.dry_run:
        run.ask.confirm(f"Another key of {name} is kept. Replace it?")
    done = service.run(name, key, force=force, dry_run=run.options.dry_run)
    run.out.show(done, lambda screen: _paint_configured(screen, done))


def _key(run: Session, name: str, *, from_env: bool, stdin: bool) -> "CloudKey":
    keys = run.wiring.cloud_keys()
    if from_env:
        return keys.in_environment(name)
    parts = keys.parts(name)
    if stdin:
        return _from_lines(parts, run.ask.piped())
    if not run.ask.can_ask:
        raise UsageError(
            f"the key of {name} is asked for, and nobody is there to answer",
            hint="add --from-env, or pipe it: … --stdin",
        )
    return _secrets(parts, [_asked(run, part) for part in parts])


def _from_lines(parts: "Sequence[KeyPart]", text: str) -> "CloudKey":
    lines = text.splitlines()
    if len(lines) > len(parts):
        told = ", ".join(part.title for part in parts)
        raise UsageError(
            f"stdin has {len(lines)} lines, and there is: {told}", hint="one line each"
        )
    return _secrets(parts, lines)


def _asked(run: Session, part: "KeyPart") -> str:
    title = part.title if part.needed else f"{part.title} (if there is one)"
    return run.ask.secret(title) if part.secret else run.ask.text(title)


def _secrets(parts: "Sequence[KeyPart]", values: Sequence[str]) -> "CloudKey":
    from pydantic import SecretStr

    given = zip(parts, values, strict=False)
    return {part.field: SecretStr(value.strip()) for part, value in given if value.strip()}


def _paint_configured(screen: "Screen", done: "ProviderConfigured") -> None:
    what = "is kept in providers.yml" if done.saved else "would be kept in providers.yml"
    if done.warning:
        screen.warning(f"the key of {done.provider} {what}, unproven: {done.warning}")
        screen.hint(f"capsule openmesh provider check {done.provider}")
        return
    whose = f"; the account is {done.account.identity}" if done.account else ""
    screen.success(f"the key of {done.provider} {what}{whose}")
    if screen.fancy:
        screen.hint(f"capsule openmesh templates --live --provider {done.provider}")


def check(ctx: typer.Context, name: Name) -> None:
    """Whether a cloud lets us in, and far enough."""
    from capsule_domain.services.check_provider import CheckProvider

    run = session(ctx)
    name = run.wiring.known_provider(name)
    account = CheckProvider(run.wiring.provider(name)).run()
    ended = run.wiring.ended(name)
    run.out.show(account, lambda screen: _paint_account(screen, account))
    if ended:
        run.out.warn(f"{name} ended on {ended}: nothing can be rented there")


def _paint_account(screen: "Screen", account: "Account") -> None:
    limit = "" if account.server_limit is None else f", {account.server_limit} servers at most"
    detail = f" ({account.detail})" if account.detail else ""
    screen.success(f"{account.provider} knows {account.identity}{detail}{limit}")
    screen.line(
        "it may read servers and regions; whether it may rent shows when it does", style="advice"
    )
