"""Profiles as things of their own: shown, made, copied, sent, compared, deleted."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.profile import Profile, ProfileRow
    from capsule_domain.models.profile_diff import ProfileDiff
    from capsule_domain.services.profiles import Profiles

_STDIN = "-"
_MOST_CHARACTERS = 1_000_001

Named = Annotated[
    str, typer.Argument(help="A profile; see `capsule profiles`.", autocompletion=complete.profiles)
]
New = Annotated[str, typer.Argument(help="What the new one is called.")]


def show(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(help="A profile; the active one if none.", autocompletion=complete.profiles),
    ] = None,
) -> None:
    """What a profile itself says; `capsule show` resolves it."""
    run = session(ctx)
    row = run.wiring.manage_profile().row(name)
    run.out.show(row, lambda screen: _paint_row(screen, row))


def _paint_row(screen: "Screen", row: "ProfileRow") -> None:
    screen.header(f"Profile {row.name}")
    kind = "built in" if row.builtin else "yours"
    pairs = [
        ("from", f"{kind}, active" if row.active else kind),
        ("what it is", row.summary),
        ("extends", row.extends or ""),
        ("stacks", ", ".join(row.stacks)),
        ("packages", ", ".join(row.packages)),
        ("unfree", ", ".join(row.unfree)),
        ("pins", ", ".join(f"{name} {pin}" for name, pin in row.pins.items())),
    ]
    screen.fields([(label, value) for label, value in pairs if value])
    if screen.fancy:
        screen.hint(f"capsule show {row.name}")


def new(
    ctx: typer.Context,
    name: New,
    *,
    copy_from: Annotated[
        str | None,
        typer.Option(help="Begin with what this one has.", autocompletion=complete.profiles),
    ] = None,
    extends: Annotated[
        str | None,
        typer.Option(help="Add to what this one has.", autocompletion=complete.profiles),
    ] = None,
) -> None:
    """Make a profile of your own."""
    run = session(ctx)
    _made(run, _profiles(run).new(name, copy_from=copy_from, extends=extends))


def copy(ctx: typer.Context, source: Named, dest: New) -> None:
    """Copy a profile."""
    run = session(ctx)
    _made(run, _profiles(run).new(dest, copy_from=source))


def take_in(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|BUILTIN",
            help="A file (- is stdin), or a built-in profile.",
            autocompletion=complete.built_in_profiles,
        ),
    ],
    name: New,
) -> None:
    """Make a profile from a file, or from a built-in one."""
    from capsule_domain.errors import NotFound

    run = session(ctx)
    service = _profiles(run)
    looks_like_a_file = source == _STDIN or "/" in source or source.endswith((".yml", ".yaml"))
    builtin = None if looks_like_a_file else service.built_in(source)
    if builtin is not None:
        _made(run, service.new(name, copy_from=builtin))
        return
    if not looks_like_a_file and not Path(source).exists():
        known = run.wiring.presets().profiles()
        raise NotFound("file or built-in profile", source, known=known, hint="capsule profiles")
    if source == _STDIN:
        text, source = sys.stdin.read(_MOST_CHARACTERS), "stdin"
    else:
        text = run.wiring.profile_texts().load(source)
    _made(run, service.take_in(text, name=name, source=source))


def _made(run: Session, profile: "Profile") -> None:
    verb = "would be made" if run.options.dry_run else "is made"

    def paint(screen: "Screen") -> None:
        screen.success(f"{profile.name} {verb}")
        screen.hint(f"capsule profile use {profile.name}")

    run.out.show(profile, paint)


def export(
    ctx: typer.Context,
    name: Named,
    *,
    output: Annotated[str | None, typer.Option("--output", "-o", help="A file [stdout].")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Write a profile as YAML that `profile import` reads."""
    run = session(ctx)
    service = _profiles(run)
    profile, text = service.find(name), service.hand_out(name)
    if output is None:
        run.out.show(profile, lambda _screen: run.out.text(text))
    else:
        where = output
        if not run.options.dry_run:
            where = run.wiring.profile_texts().store(output, text, replace=force)
        verb = "would be written" if run.options.dry_run else "is written"
        told = {"name": profile.name, "file": where}
        run.out.show(told, lambda screen: screen.success(f"{where} {verb}"))
    if profile.extends and profile.extends not in run.wiring.presets().profiles():
        run.out.talk(f"it extends {profile.extends}, which is yours too: export that as well")


def delete(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(help="Its whole name.", autocompletion=complete.own_profiles)
    ],
) -> None:
    """Delete a profile of your own."""
    run = session(ctx)
    service = _profiles(run)
    service.refuse_to_delete(name)
    if not run.options.dry_run:
        run.ask.confirm_by_name(name, f"The profile {name} will be deleted.")
        service.delete(name)
    verb = "would be" if run.options.dry_run else "is"
    told = {"name": name, "deleted": not run.options.dry_run}
    run.out.show(told, lambda screen: screen.success(f"{name} {verb} deleted"))


def diff(
    ctx: typer.Context,
    a: Annotated[str, typer.Argument(help="From.", autocompletion=complete.profiles)],
    b: Annotated[str, typer.Argument(help="To.", autocompletion=complete.profiles)],
) -> None:
    """What tells two profiles apart, both resolved."""
    run = session(ctx)
    found = _profiles(run).diff(a, b)
    run.out.show(found, lambda screen: _paint_diff(screen, found))


def _paint_diff(screen: "Screen", found: "ProfileDiff") -> None:
    from rich.text import Text

    kinds = ("stacks", "packages", "python_packages", "services", "ports", "unfree")
    screen.header(f"{found.old} → {found.new}")
    same = True
    for kind in kinds:
        difference = getattr(found, kind)
        if not (difference.added or difference.removed):
            continue
        same = False
        screen.section(kind.replace("_", " "))
        for name in difference.removed:
            screen.line(Text(f"- {name}", "bad"))
        for name in difference.added:
            screen.line(Text(f"+ {name}", "good"))
    if same:
        screen.line(f"{found.old} and {found.new} come to the same")


def _profiles(run: Session) -> "Profiles":
    from capsule_domain.services.profiles import Profiles
    from capsule_domain.services.rehearse import UnwrittenTexts

    dry_run = run.options.dry_run
    texts = run.wiring.profile_texts()
    choices = run.wiring.choices_to_change(dry_run=dry_run)
    return Profiles(choices, run.wiring.presets(), UnwrittenTexts(texts) if dry_run else texts)
