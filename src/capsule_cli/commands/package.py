"""Single packages, beside those that stacks bring."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.package import IndexAbout, Package, PackageChange, PackageRow
    from capsule_domain.services.packages import ManagePackages

_MOST_FOUND = 1000


def add(
    ctx: typer.Context,
    packages: Annotated[
        list[str],
        typer.Argument(
            help="nixpkgs attributes, such as ripgrep or python3Packages.numpy.",
            autocompletion=complete.packages,
        ),
    ],
    *,
    unfree: Annotated[
        bool, typer.Option("--unfree", help="Allow their licences, each by name.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also what the index does not know.")
    ] = False,
) -> None:
    """Add packages to the active profile."""
    run = session(ctx)
    change = _manage(run).add(packages, force=force, unfree=unfree)
    dry_run = run.options.dry_run
    run.out.show(change, lambda screen: _paint_added(screen, change, dry_run=dry_run))
    if change.added and not change.checked and not force:
        run.out.talk("the names were not looked up: there is no index; capsule pkg index")
    for name in change.unfree:
        run.out.talk(f"{name} is unfree; to allow it by name: capsule pkg add {name} --unfree")


def _paint_added(screen: "Screen", change: "PackageChange", *, dry_run: bool) -> None:
    from capsule_cli.changes import tell_copied

    tell_copied(screen, change.copied_from, change.profile.name, dry_run=dry_run)
    verb = "would be added" if dry_run else "added"
    for name in change.added:
        screen.success(f"{name} {verb} to {change.profile.name}")
    for name, because in change.already.items():
        screen.line(f"{name} is there already, {_reason(because)}")
    if change.added and screen.fancy:
        screen.hint("capsule preview")


def _reason(because: Sequence[str]) -> str:
    from capsule_domain.services.compose import CHOSEN

    words = ["by your own choice" if each == CHOSEN else _source(each) for each in because]
    return " and ".join(words)


def _source(each: str) -> str:
    """`profile prod` is one already; the rest are stacks."""
    return f"because of the {each if each.startswith('profile ') else f'stack {each}'}"


def remove(
    ctx: typer.Context,
    packages: Annotated[
        list[str],
        typer.Argument(help="Whole names.", autocompletion=complete.own_packages),
    ],
) -> None:
    """Remove packages from the active profile."""
    run = session(ctx)
    change = _manage(run).remove(packages)
    dry_run = run.options.dry_run
    run.out.show(change, lambda screen: _paint_removed(screen, change, dry_run=dry_run))


def _paint_removed(screen: "Screen", change: "PackageChange", *, dry_run: bool) -> None:
    from difflib import get_close_matches

    from capsule_cli.changes import tell_copied

    tell_copied(screen, change.copied_from, change.profile.name, dry_run=dry_run)
    verb = "would be removed" if dry_run else "removed"
    for name in change.removed:
        screen.success(f"{name} {verb} from {change.profile.name}")
    for name, because in change.already.items():
        screen.warning(f"{name} stays, {_reason(because)}")
    for name in change.absent:
        near = get_close_matches(name, change.profile.packages, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        screen.line(f"{name} is not in {change.profile.name}: nothing to do{meant}")


def rows(
    ctx: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those of stacks too.")] = False,
    stack: Annotated[
        str | None, typer.Option(help="Only those of this stack.", autocompletion=complete.stacks)
    ] = None,
) -> None:
    """The packages of the active profile."""
    run = session(ctx)
    found = _manage(run).rows(everything=everything, stack=stack)
    run.out.show(found, lambda screen: _paint_rows(screen, found))


def _paint_rows(screen: "Screen", found: Sequence["PackageRow"]) -> None:
    from rich.text import Text

    screen.header("Packages")
    if not found:
        screen.line("no packages of your own: those of stacks are listed with --all")
        return
    screen.table(
        ["package", "version", "because", "what it is"],
        [
            (
                Text(row.package, "package"),
                row.version or "",
                ", ".join(row.because),
                row.summary or "",
            )
            for row in found
        ],
        whole=["package", "version"],
    )


def search(
    ctx: typer.Context,
    text: Annotated[list[str], typer.Argument(help="Words; all of them must be found.")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=_MOST_FOUND, help="At most so many.")] = 20,
) -> None:
    """Search the index of packages."""
    run = session(ctx)
    found = run.wiring.index().search(" ".join(text), limit=limit)
    run.out.show(found, lambda screen: _paint_found(screen, found))
    if not found:
        run.out.talk(f"nothing in the index has {' and '.join(repr(word) for word in text)}")
    elif len(found) == limit:
        run.out.talk(f"perhaps there is more: --limit {min(2 * limit, _MOST_FOUND)}")


def _paint_found(screen: "Screen", found: Sequence["Package"]) -> None:
    from rich.text import Text

    if not found:
        return
    screen.table(
        ["package", "version", "licence", "what it is"],
        [
            (
                Text(package.attribute, "package"),
                package.version or "",
                Text(package.licence or "", "warned" if package.unfree else ""),
                package.summary or "",
            )
            for package in found
        ],
        whole=["package", "version"],
    )
    if screen.fancy:
        screen.hint("capsule pkg add PACKAGE")


def index(
    ctx: typer.Context,
    *,
    nixpkgs: Annotated[
        str | None, typer.Option(help="A folder with a nixpkgs [the one you install from].")
    ] = None,
    options: Annotated[
        bool, typer.Option("--options/--no-options", help="NixOS options too.")
    ] = True,
) -> None:
    """Build the index of packages and options with Nix."""
    from capsule_cli.heartbeat import listening
    from capsule_domain.services.index import BuildIndex

    run = session(ctx)
    service = BuildIndex(run.wiring.package_source(nixpkgs), run.wiring.index(), run.wiring.clock())
    with listening(run.out) as heartbeat:
        if run.options.dry_run:
            which = service.rehearse(heartbeat)
            run.out.show(which, lambda screen: screen.line(f"would read {which.source}"))
            return
        built = service.run(heartbeat, options=options)
    run.out.show(built.about, lambda screen: _paint_built(screen, built.about))
    if built.options_failed:
        run.out.talk(f"without NixOS options: {built.options_failed}")


def _paint_built(screen: "Screen", about: "IndexAbout") -> None:
    screen.success("the index is built")
    screen.fields(
        [
            ("nixpkgs", about.nixpkgs.source),
            ("release", about.nixpkgs.release or "unknown"),
            ("revision", about.nixpkgs.revision or "unknown"),
            ("packages", str(about.packages)),
            ("options", str(about.options)),
        ]
    )
    if about.skipped:
        screen.warning(f"{about.skipped} attributes cannot be evaluated; they are left out")
    if screen.fancy:
        screen.hint("capsule pkg search TEXT")


def _manage(run: Session) -> "ManagePackages":
    from capsule_domain.services.packages import ManagePackages

    choices = run.wiring.choices_to_change(dry_run=run.options.dry_run)
    return ManagePackages(choices, run.wiring.presets(), run.wiring.index())
