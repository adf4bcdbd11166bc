"""What is installed of the person's own packages, what was, and the way back."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.heartbeat import listening
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.generation import Generation, PackageRow


def installed(
    ctx: typer.Context,
    *,
    missing: Annotated[bool, typer.Option("--missing", help="Only what is missing.")] = False,
) -> None:
    """Each package of the active profile: wanted, installed, version."""
    from capsule_domain.services.installed import package_rows

    run = session(ctx)
    environment = run.wiring.manage_profile().show(None)
    rows = package_rows(environment, run.wiring.nix_environment())
    shown = [row for row in rows if row.missing or not missing]
    run.out.show(shown, lambda screen: _paint_rows(screen, shown, environment.profile.name))


def _paint_rows(screen: "Screen", rows: "list[PackageRow]", profile: str) -> None:
    from capsule_cli.theme import status_dot

    screen.header(f"Packages of {profile}")
    if not rows:
        screen.success("nothing is missing")
        return
    screen.table(
        ["package", "wanted", "installed", "version"],
        [
            (
                status_dot(row.package, active=row.installed),
                "yes" if row.wanted else "no longer",
                "yes" if row.installed else "missing",
                row.version or "",
            )
            for row in rows
        ],
        whole=["package"],
    )
    if screen.fancy and any(row.missing for row in rows):
        screen.hint("capsule setup")


def generations(
    ctx: typer.Context,
    *,
    profile: Annotated[
        str | None, typer.Option(help="Only of this profile.", autocompletion=complete.profiles)
    ] = None,
) -> None:
    """Each state that your packages had."""
    run = session(ctx)
    known = run.wiring.nix_environment().generations()
    shown = [one for one in known if profile in (None, one.profile)]

    def paint(screen: "Screen") -> None:
        from capsule_cli.theme import status_dot

        screen.header("Generations")
        if not shown:
            screen.line("none yet")
            screen.hint("capsule setup")
            return
        screen.table(
            ["generation", "date", "profile", "store path"],
            [
                (
                    status_dot(str(one.generation), active=one.current),
                    f"{one.date:%Y-%m-%d %H:%M:%S}",
                    one.profile or "not of Capsule's making",
                    one.store_path,
                )
                for one in shown
            ],
            whole=["generation", "date"],
        )

    run.out.show(shown, paint)


def rollback(
    ctx: typer.Context,
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="N",
            help="A generation [the one before the current].",
            autocompletion=complete.generations,
        ),
    ] = None,
) -> None:
    """Go back to an earlier generation of your packages."""
    from capsule_domain.services.rollback import Rollback

    run = session(ctx)
    service = Rollback(run.wiring.nix_environment())
    target = service.target(number)
    if target.current or run.options.dry_run:
        run.out.show(target, lambda screen: _paint_target(screen, target))
        return
    run.ask.confirm(f"Make generation {target.generation} ({_made_of(target)}) the current one?")
    with listening(run.out) as heartbeat:
        now = service.run(target, progress=heartbeat)
    run.out.show(
        now,
        lambda screen: screen.success(f"generation {now.generation} is current: {_made_of(now)}"),
    )


def _paint_target(screen: "Screen", target: "Generation") -> None:
    if target.current:
        screen.success(f"generation {target.generation} is current already: nothing to do")
    else:
        screen.line(f"generation {target.generation} ({_made_of(target)}) would become current")


def _made_of(one: "Generation") -> str:
    return f"profile {one.profile}" if one.profile else one.store_path
