"""Stacks and profiles: what a person wants on a machine."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.profile import Environment, ProfileChange

StackNames = Annotated[
    list[str], typer.Argument(help="Stacks; see `capsule stacks`.", autocompletion=complete.stacks)
]


def show(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(help="A profile; the active one if none.", autocompletion=complete.profiles),
    ] = None,
) -> None:
    """The active profile, resolved."""
    run = session(ctx)
    environment = run.wiring.manage_profile().show(name)
    run.out.show(environment, lambda screen: _paint_environment(screen, environment))


def _paint_environment(screen: "Screen", environment: "Environment") -> None:
    profile = environment.profile
    screen.header(f"Profile {profile.name}")
    if profile.summary:
        screen.line(profile.summary, style="advice")
    screen.section("Stacks")
    screen.table(
        ["stack", "because", "what it is"],
        [(s.stack.name, ", ".join(s.because), s.stack.summary) for s in environment.stacks],
        whole=["stack"],
    )
    screen.section("Packages")
    names = [*environment.packages, *(f"python3: {p}" for p in environment.python_packages)]
    for name in names:
        screen.line(f"  {name}", style="package")
    if environment.services:
        screen.section("Services on NixOS")
        for service in environment.services:
            screen.bullet(service)
    if environment.ports:
        screen.section("Ports opened on NixOS")
        screen.line("  " + ", ".join(str(port) for port in environment.ports))
    for platform, left_out in environment.unsupported.items():
        screen.warning(f"left out on {platform}: {', '.join(left_out)}")


def stacks(
    ctx: typer.Context,
    category: Annotated[
        str | None, typer.Option(help="Only this category.", autocompletion=complete.categories)
    ] = None,
) -> None:
    """The stacks there are, and which are active."""
    run = session(ctx)
    rows = run.wiring.manage_profile().stacks(category)

    def paint(screen: "Screen") -> None:
        from capsule_cli.theme import status_dot

        screen.header("Stacks")
        screen.table(
            ["stack", "category", "needs", "what it is"],
            [
                (
                    status_dot(row.name, active=row.active),
                    row.category,
                    ", ".join(row.requires),
                    row.summary,
                )
                for row in rows
            ],
            whole=["stack", "category"],
        )
        if screen.fancy:
            screen.hint("capsule add STACK")

    run.out.show(rows, paint)


def add(ctx: typer.Context, names: StackNames) -> None:
    """Add stacks to the active profile."""
    run = session(ctx)
    _changed(run, run.wiring.manage_profile(dry_run=run.options.dry_run).add(names))


def remove(ctx: typer.Context, names: StackNames) -> None:
    """Remove stacks from the active profile."""
    run = session(ctx)
    _changed(run, run.wiring.manage_profile(dry_run=run.options.dry_run).remove(names))


def _changed(run: Session, change: "ProfileChange") -> None:
    from capsule_cli.changes import tell_copied

    dry_run = run.options.dry_run
    would = "would be " if dry_run else ""

    def paint(screen: "Screen") -> None:
        tell_copied(screen, change.copied_from, change.profile.name, dry_run=dry_run)
        for name in change.added:
            screen.success(f"{name} {would}added to {change.profile.name}")
        for name in change.removed:
            screen.success(f"{name} {would}removed from {change.profile.name}")
        if not (change.added or change.removed):
            screen.line(f"{change.profile.name} is so already: nothing to do")
        elif screen.fancy:
            screen.hint("capsule preview")

    run.out.show(change, paint)


def profiles(
    ctx: typer.Context,
    *,
    builtin: Annotated[
        bool | None, typer.Option("--builtin/--own", help="Only built-in ones, or only yours.")
    ] = None,
) -> None:
    """The profiles there are."""
    run = session(ctx)
    found = run.wiring.manage_profile().profiles()
    rows = [row for row in found if builtin in (None, row.builtin)]

    def paint(screen: "Screen") -> None:
        from capsule_cli.theme import status_dot

        screen.header("Profiles")
        screen.table(
            ["profile", "from", "stacks", "what it is"],
            [
                (
                    status_dot(row.name, active=row.active),
                    "built in" if row.builtin else "yours",
                    ", ".join(row.stacks),
                    row.summary,
                )
                for row in rows
            ],
            whole=["profile", "from"],
        )
        if screen.fancy:
            screen.hint("capsule profile use NAME")

    run.out.show(rows, paint)


def use(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(help="A profile; see `capsule profiles`.", autocompletion=complete.profiles),
    ],
) -> None:
    """Make a profile the active one."""
    run = session(ctx)
    profile = run.wiring.manage_profile(dry_run=run.options.dry_run).use(name)
    verb = "would be" if run.options.dry_run else "is"
    run.out.show(profile, lambda screen: screen.success(f"{profile.name} {verb} active"))
