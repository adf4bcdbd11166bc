"""`capsule docs`."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import __version__, complete
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.page import Page, PageWritten


def docs(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(help="A profile; the active one if none.", autocompletion=complete.profiles),
    ] = None,
    *,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Where to, - for stdout [<home>/docs/<profile>.html]."),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that Capsule did not make.")
    ] = False,
) -> None:
    """The profile as one page to read, in HTML."""
    from capsule_domain.services.document import Document

    run = session(ctx)
    wiring = run.wiring
    page = Document(
        wiring.manage_profile(),
        wiring.renderer(),
        wiring.index(),
        wiring.nix_environment(),
        wiring.clock(),
        __version__,
    ).run(name)
    if output == "-":
        _refuse_for_stdout(run, show=show)
        run.out.text(wiring.pages().text(page))
        return
    done = _written(run, page, output, show=show, force=force)
    run.out.show(done, lambda screen: _paint(screen, done, would=run.options.dry_run))
    if show and not done.opened and not run.options.dry_run:
        run.out.talk("there is no desktop to show it on: open that file in a browser")


def _refuse_for_stdout(run: Session, *, show: bool) -> None:
    from capsule_domain.errors import UsageError

    if run.out.json or show:
        other = "--json" if run.out.json else "--open"
        raise UsageError(f"--output - and {other} exclude one another", hint="--output FILE")


def _written(
    run: Session, page: "Page", output: str | None, *, show: bool, force: bool
) -> "PageWritten":
    from capsule_domain.models.page import PageWritten

    pages = run.wiring.pages()
    dry = run.options.dry_run
    path = pages.place(page, output) if dry else pages.write(page, output, force=force)
    return PageWritten(
        path=path,
        profile=page.environment.profile.name,
        stacks=len(page.environment.stacks),
        packages=len(page.packages),
        size_bytes=len(pages.text(page).encode()),
        opened=show and not dry and pages.open(path),
    )


def _paint(screen: "Screen", done: "PageWritten", *, would: bool) -> None:
    screen.header(f"Docs of {done.profile}")
    verb = "would write" if would else "wrote"
    size = f"{done.size_bytes / 1024:.0f} KiB"
    screen.success(f"{verb} {done.path}")
    screen.line(f"{done.stacks} stacks, {done.packages} packages, {size}", style="advice")
