"""The inventory sent to a file, and taken in from one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.narrow import AtProvider, AtRegion, Gone, Status, WithTags, narrowed
from capsule_cli.session import Session, session
from capsule_domain.errors import UsageError

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.xnode_file import FileForm, ImportPlan


def export(
    ctx: typer.Context,
    *,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", help="csv or json [csv].", autocompletion=complete.words("csv", "json")
        ),
    ] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", help="A file [stdout].")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    status: Status = None,
    region: AtRegion = None,
    provider: AtProvider = None,
    tags: WithTags = None,
    gone: Gone = False,
) -> None:
    """Write the inventory as CSV or JSON."""
    from capsule_domain.models.xnode_file import FileForm
    from capsule_domain.services.xnode_csv import csv_chunks
    from capsule_domain.services.xnode_json import json_chunks

    run = session(ctx)
    wanted = _form(form, output, json=run.options.json)
    chosen = narrowed(run, status=status, region=region, provider=provider, tags=tags, gone=gone)
    kept = run.wiring.inventory()
    chunks = (json_chunks if wanted is FileForm.JSON else csv_chunks)(kept.each(chosen))
    if output is None:
        for chunk in chunks:
            run.out.text(chunk)
        return
    where = output
    if not run.options.dry_run:
        where = run.wiring.xnode_files().write(output, chunks, replace=force)
    verb = "would be written" if run.options.dry_run else "is written"
    told = {"file": where, "format": wanted.value, "xnodes": kept.count(chosen)}
    run.out.show(told, lambda screen: screen.success(f"{where} {verb}: {told['xnodes']} xNodes"))


def _form(form: str | None, output: str | None, *, json: bool) -> "FileForm":
    """What is said, else what the file's name says, else what scripts or people read."""
    from capsule_domain.models.xnode_file import FileForm

    if form is None:
        is_json = Path(output).suffix.lower() == ".json" if output else json
        return FileForm.JSON if is_json else FileForm.CSV
    if form not in list(FileForm):
        raise UsageError(f"there is no format '{form}'", hint="--format csv, or --format json")
    if json and output is None and form != FileForm.JSON:
        raise UsageError("--json prints JSON alone", hint="--format csv --output FILE")
    return FileForm(form)


def take_in(
    ctx: typer.Context,
    file: Annotated[
        str | None,
        typer.Argument(help="CSV, JSON, or the original Capsule's inventory.json [the home's]."),
    ] = None,
) -> None:
    """Take xNodes in from a file: all of them, or none."""
    run = session(ctx)
    files, service = run.wiring.xnode_files(), run.wiring.import_xnodes()
    original = files.original()
    path = file or original
    if path is None:
        raise UsageError(
            "no file is named, and the home has no inventory.json",
            hint="capsule openmesh inventory import FILE",
        )
    plan = service.look(path)
    for warning in plan.warnings:
        run.out.warn(warning)
    if not run.options.dry_run:
        _confirm(run, plan)
        service.run(path)
    run.out.show(plan, lambda screen: _paint(screen, plan, dry_run=run.options.dry_run))
    if path == original and not run.options.dry_run:
        run.out.talk(f"the file is kept as {files.set_aside(path)}")


def _confirm(run: Session, plan: "ImportPlan") -> None:
    """What is new takes nothing away; what is kept already would become something else."""
    from capsule_cli.differences import paint_changes

    changed = [change for change in plan.changes if change.kind == "changed"]
    if not plan.changed:
        return
    if not run.options.json:
        paint_changes(run.out.margin, changed)
    run.ask.confirm(f"This changes {plan.changed} of the xNodes that are kept. Go on?")


def _paint(screen: "Screen", plan: "ImportPlan", *, dry_run: bool) -> None:
    from capsule_cli.differences import paint_changes

    if dry_run:
        paint_changes(screen, plan.changes)
        if (more := plan.added + plan.changed - len(plan.changes)) > 0:
            screen.line(f"and {more:,} more")
    verb = "would be " if dry_run else ""
    screen.success(
        f"{plan.added:,} {verb}added, {plan.changed:,} {verb}changed, "
        f"{plan.same:,} as they are kept already"
    )
