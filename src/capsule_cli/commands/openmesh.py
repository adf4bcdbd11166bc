"""`capsule openmesh` alone: where the fleet stands; and whose it is."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.options import again
from capsule_cli.originals import offer_original
from capsule_cli.session import Session, session
from capsule_domain.errors import CapsuleError, UsageError

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.dashboard import Dashboard
    from capsule_domain.ports.settings import OpenmeshSettings


def openmesh(ctx: typer.Context) -> None:
    """xNodes on the clouds: prices, renting, inventory, cost."""
    if ctx.invoked_subcommand is not None:
        return
    from capsule_domain.services.dashboard import dashboard

    run = session(ctx)
    wiring = run.wiring
    found = dashboard(
        wiring.inventory(),
        wiring.journal().list(unfinished=True),
        wiring.ledger().rates(wiring.terms),
        configured=wiring.configured(),
        known=len(wiring.providers()),
        owned=wiring.choices().openmesh().owner is not None,
        bills_when_stopped=wiring.bills_when_stopped,
    )
    run.out.show(found, lambda screen: _paint(screen, found))
    offer_original(run)


def _paint(screen: "Screen", found: "Dashboard") -> None:
    screen.header("OpenMesh")
    screen.fields(
        [
            ("xNodes", _counted(found)),
            ("clouds", _clouds(found)),
            ("costs", _rates(found)),
        ]
    )
    for one in found.unfinished:
        screen.warning(f"deployment {one.id} of {one.name} at {one.provider} is {one.state}")
    if found.stopped_and_billed:
        more = found.stopped_and_billed_count - len(found.stopped_and_billed)
        rest = f" and {more:,} more" if more > 0 else ""
        names = ", ".join(found.stopped_and_billed)
        screen.warning(f"off, and billed all the same: {names}{rest}")
    screen.section("Next")
    steps = [(again(step.command, screen.program), step.why) for step in found.next]
    width = max(len(command) for command, _ in steps)
    room = screen.console.width - len("▸ ") - width - 2
    for command, why in steps:
        screen.hint(f"{command:<{width}}  {why}" if len(why) <= room else command)


def _counted(found: "Dashboard") -> "Cell":
    from capsule_cli.theme import status_dot

    parts = [f"{number:,} {status}" for status, number in found.xnodes.by_status.items()]
    return status_dot(", ".join(parts) or "none", active="running" in found.xnodes.by_status)


def _clouds(found: "Dashboard") -> "Cell":
    from capsule_cli.theme import status_dot

    names = ", ".join(found.configured) or "none"
    text = f"{names} configured, of {found.known}"
    return status_dot(text, active=bool(found.configured))


def _rates(found: "Dashboard") -> str:
    from capsule_cli.money import cents, rate

    parts = [f"{rate(one.hourly)} an hour, {cents(one.monthly)} a month" for one in found.rates]
    return "; ".join(parts) or "nothing is billed"


def configure(
    ctx: typer.Context,
    *,
    owner: Annotated[str | None, typer.Option(help="The wallet that owns the xNodes, 0x….")] = None,
    domain: Annotated[str | None, typer.Option(help="The domain they are under.")] = None,
    email: Annotated[str | None, typer.Option(help="Whom certificates and alerts tell.")] = None,
    default_os: Annotated[
        str | None,
        typer.Option(
            "--os",
            help="What runs on them: xnodeos, nixos or stock.",
            autocompletion=complete.words("xnodeos", "nixos", "stock"),
        ),
    ] = None,
    ssh_key: Annotated[str | None, typer.Option(help="The key file that opens them.")] = None,
    show: Annotated[bool, typer.Option("--show", help="Change nothing.")] = False,
) -> None:
    """Whose xNodes these are, and their defaults."""
    run = session(ctx)
    given = {
        "owner": owner,
        "domain": domain,
        "email": email,
        "default_os": default_os,
        "ssh_key": ssh_key,
    }
    wishes = {name: value for name, value in given.items() if value is not None}
    if show and wishes:
        raise UsageError("--show changes nothing", hint="leave it out, or the others")
    choices = run.wiring.choices_to_change(dry_run=run.options.dry_run)
    with choices.changing() if wishes else nullcontext():
        before = choices.openmesh()
        after = before if show else _changed(run, before, wishes)
        if after != before:
            choices.save_openmesh(after)
    run.out.show(after, lambda screen: _paint_settings(screen, after))
    if after != before:
        run.out.success(
            "openmesh.yml " + ("would say so" if run.options.dry_run else "says so now")
        )
    elif not show:
        run.out.talk("nothing was changed")


def _changed(
    run: Session, before: "OpenmeshSettings", wishes: dict[str, str]
) -> "OpenmeshSettings":
    """`before` with the wishes in it; without any, a person is asked for each."""
    if wishes:
        return _checked(run, before, wishes)
    if not run.ask.can_ask:
        raise UsageError(
            "nothing is to be set, and nobody is there to ask",
            hint="capsule openmesh configure --owner 0x… --email you@example.org",
        )
    after = before
    for field, (form, question) in _QUESTIONS.items():
        after = _asked(run, after, field, f"{question}, {form}")
    return after


def _asked(
    run: Session, before: "OpenmeshSettings", field: str, question: str
) -> "OpenmeshSettings":
    """Ask until the answer holds. Nothing keeps what there is, `-` takes it away."""
    held = getattr(before, field)
    while True:
        answer = run.ask.text(question, "" if held is None else str(held))
        try:
            return _checked(run, before, {field: "" if answer == "-" else answer})
        except CapsuleError as error:
            run.out.complain(error.message, error.hint)


def _checked(
    run: Session, before: "OpenmeshSettings", wishes: dict[str, str]
) -> "OpenmeshSettings":
    """Raises UsageError for what has not the form, NotFound for a key that is not there."""
    from capsule_cli.values import made
    from capsule_domain.models.operating_system import OperatingSystem
    from capsule_domain.ports.settings import OpenmeshSettings

    said = {field: value.strip() or None for field, value in wishes.items()}
    if said.get("default_os") not in (None, *OperatingSystem):
        known = "|".join(OperatingSystem)
        raise UsageError(f"no system named '{said['default_os']}'", hint=f"--os {known}")
    fields = before.model_dump(exclude=set(said)) | {f: v for f, v in said.items() if v}
    after = made(OpenmeshSettings, **fields)
    if "ssh_key" in said and after.ssh_key:
        run.wiring.keys().deploy_key(after.ssh_key)
    return after


_QUESTIONS = {
    "owner": ("0x…", "Owner's wallet"),
    "domain": ("such as mesh.example.org", "Domain"),
    "email": ("such as ops@example.org", "E-mail"),
    "default_os": ("xnodeos, nixos or stock", "Default system"),
    "ssh_key": ("a file; none is Capsule's own", "SSH key"),
}


def _paint_settings(screen: "Screen", settings: "OpenmeshSettings") -> None:
    screen.header("OpenMesh settings")
    screen.fields(
        [
            ("owner", settings.owner or "nobody said"),
            ("domain", settings.domain or "none"),
            ("e-mail", settings.email or "none"),
            ("default system", settings.default_os),
            ("SSH key", settings.ssh_key or "Capsule's own"),
            ("SSH user", settings.ssh_user),
            ("ready within", f"{settings.ready_timeout_seconds:g} s"),
        ]
    )
