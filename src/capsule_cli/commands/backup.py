"""Backups of the home: making one, and bringing one back."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.backup import Backup, Restoration, Skipped, Snapshot

_MIB = 1024**2


def backup(
    ctx: typer.Context,
    file: Annotated[
        str | None, typer.Argument(help="Where to [<home>/backups/<time>.tar.gz].")
    ] = None,
    *,
    note: Annotated[str, typer.Option(help="A line on what it is for.")] = "",
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Credentials and private keys too.")
    ] = False,
) -> None:
    """Save what Capsule knows into one archive."""
    from capsule_domain.services.backup import BackUp

    run = session(ctx)
    service = BackUp(run.wiring.backups())
    _refuse_long(note)
    if run.options.dry_run:
        snapshot = service.rehearse(with_secrets=with_secrets)
        told = {"files": snapshot.files, "skipped": snapshot.skipped, "secrets": with_secrets}
        run.out.show(told, lambda screen: _paint_rehearsal(screen, snapshot))
    else:
        done = service.run(file, note=note, with_secrets=with_secrets)
        run.out.show(done, lambda screen: _paint_backup(screen, done))
    if not with_secrets:
        run.out.talk("credentials and private keys are not in it; --with-secrets takes them along")


def _refuse_long(note: str) -> None:
    from capsule_domain.errors import UsageError

    if len(note) > 200 or not note.isprintable():
        raise UsageError("a note is one line of 200 characters at most", hint="--note TEXT")


def _paint_rehearsal(screen: "Screen", snapshot: "Snapshot") -> None:
    screen.header("Backup")
    for file in snapshot.files:
        screen.line(f"would save {file.path}  ({_size(file.size_bytes)})")
    _paint_skipped(screen, snapshot.skipped)
    if not snapshot.files:
        screen.line("nothing is there to save yet")


def _paint_backup(screen: "Screen", done: "Backup") -> None:
    screen.header("Backup")
    screen.fields(
        [
            ("archive", done.path),
            ("holds", f"{_count(done.files, 'file')}, {_size(done.size_bytes)}"),
            ("secrets", "in it" if done.secrets else "left out"),
            ("sha256", done.sha256),
        ]
    )
    _paint_skipped(screen, done.skipped)
    screen.success("written, and read back")
    if screen.fancy:
        screen.hint(f"capsule restore {done.path} --dry-run")


def _paint_skipped(screen: "Screen", skipped: "tuple[Skipped, ...]") -> None:
    for left in skipped:
        screen.warning(f"not in it: {left.path}: {left.why}")


def _size(size_bytes: int) -> str:
    if size_bytes < 1024:
        return f"{size_bytes} B"
    if size_bytes < _MIB:
        return f"{size_bytes / 1024:.1f} KiB"
    return f"{size_bytes / _MIB:.1f} MiB"


def restore(
    ctx: typer.Context,
    file: Annotated[
        str | None, typer.Argument(help="An archive [the newest in <home>/backups].")
    ] = None,
    *,
    keep_inventory: Annotated[
        bool,
        typer.Option("--keep-inventory", help="Leave the inventory and the journal as they are."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even when xNodes would be forgotten.")
    ] = False,
) -> None:
    """Bring back what a backup holds."""
    from capsule_domain.services.backup import Restore

    run = session(ctx)
    service = Restore(run.wiring.backups())
    planned = service.plan(file, keep_state=keep_inventory)
    told = planned.told
    if run.options.dry_run or not told.changes:
        run.out.show(told, lambda screen: _paint_plan(screen, told))
        return
    if not run.out.json:
        _paint_plan(run.out.margin, told)
    _confirm(run, told, force=force)
    done = service.run(planned, force=force)
    run.out.show(done, lambda screen: _paint_restored(screen, done))


def _confirm(run: Session, told: "Restoration", *, force: bool) -> None:
    """Ask, unless the service refuses this plan anyway."""
    if told.forgotten and not force:
        return
    changes = _count(len(told.changes), "file")
    run.ask.confirm(f"Restore {told.path}? It changes {changes}; a backup is made before.")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _paint_plan(screen: "Screen", told: "Restoration") -> None:
    screen.header("Restore")
    screen.fields(
        [
            ("archive", told.path),
            ("made", f"{told.created_at:%Y-%m-%d %H:%M:%S} UTC by Capsule {told.capsule}"),
            *([("note", told.note)] if told.note else []),
            ("secrets", "in it" if told.secrets else "not in it: yours stay"),
        ]
    )
    for change in told.changes:
        screen.line(f"{change.change:<8} {change.path}", style="name")
        for line in change.diff.splitlines()[2:]:
            style = {"+": "good", "-": "bad"}.get(line[:1], "inactive")
            screen.line(f"    {line}", style=style)
    for name in told.forgotten:
        screen.warning(f"{name} is in today's inventory or journal, and not in the backup's")
    if not told.changes:
        screen.success("everything is as in the backup: nothing to do")


def _paint_restored(screen: "Screen", done: "Restoration") -> None:
    screen.success(f"restored {_count(len(done.changes), 'file')} from {done.path}")
    screen.line(f"what was there before is in {done.saved_as}", style="advice")
    if screen.fancy:
        screen.hint(f"capsule restore {done.saved_as}   to go back")
