"""The active profile's own text, and the way back to the defaults."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from capsule_cli.session import Session, session
from capsule_domain.errors import CapsuleError

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.profile import Profile
    from capsule_domain.models.reset import ResetDone
    from capsule_domain.services.edit import Draft, EditProfile

AGAIN, BACK, KEEP = "again", "back", "keep"


def edit(ctx: typer.Context) -> None:
    """Edit the active profile in your own editor."""
    from capsule_domain.errors import UsageError
    from capsule_domain.services.edit import EditProfile

    run = session(ctx)
    if run.options.json:
        raise UsageError("edit is for a person, so it has no --json", hint="capsule profile show")
    wiring = run.wiring
    service = EditProfile(wiring.choices(), wiring.presets(), wiring.profile_texts())
    draft = service.open()
    text = draft.text
    while True:
        text = wiring.editor().edit(text, file_name=draft.file_name)
        if text == draft.text:
            run.out.talk(f"nothing was changed in {draft.name}")
            return
        try:
            _take(run, service, draft, text)
        except CapsuleError as error:
            _what_now(run, service, draft, text, error)
        else:
            return


def _take(run: Session, service: "EditProfile", draft: "Draft", text: str) -> None:
    if run.options.dry_run:
        service.check(draft, text)
        _show_difference(run, draft, text)
        return
    profile = service.save(draft, text)
    run.out.show(profile, lambda screen: _paint_saved(screen, draft, profile))


def _show_difference(run: Session, draft: "Draft", text: str) -> None:
    from difflib import unified_diff

    lines = unified_diff(
        draft.text.splitlines(keepends=True),
        text.splitlines(keepends=True),
        fromfile=draft.file_name,
        tofile=f"{draft.file_name} as edited",
    )
    run.out.text("".join(line if line.endswith("\n") else f"{line}\n" for line in lines))


def _paint_saved(screen: "Screen", draft: "Draft", profile: "Profile") -> None:
    from capsule_cli.changes import tell_copied

    tell_copied(screen, draft.copied_from, profile.name, dry_run=False)
    screen.success(f"{profile.name} is saved")
    if screen.fancy:
        screen.hint("capsule show")


def _what_now(
    run: Session, service: "EditProfile", draft: "Draft", text: str, error: CapsuleError
) -> None:
    """Returns to edit again. Raises Declined to put back, Exit to keep, or `error` itself."""
    from capsule_cli import report
    from capsule_domain.errors import Declined

    if not run.ask.can_ask:
        if not run.options.dry_run:
            error.hint = f"what you wrote is kept: {service.keep_aside(draft, text)}"
        raise error
    report.report(error, run.out)
    answer = run.ask.choose(
        f"Edit {AGAIN}, put everything {BACK}, or {KEEP} what you wrote in a file beside it?",
        (AGAIN, BACK, KEEP),
    )
    if answer == AGAIN:
        return
    if answer == BACK:
        raise Declined
    if not run.options.dry_run:
        run.out.talk(f"kept: {service.keep_aside(draft, text)}")
    raise typer.Exit(report.exit_code(error))


def reset(ctx: typer.Context) -> None:
    """Go back to the defaults, after a backup."""
    from capsule_domain.services.reset import Reset

    run = session(ctx)
    service = Reset(run.wiring.choices(), run.wiring.backups())
    plan = service.plan()
    if plan and not run.options.dry_run:
        _ask(run, plan)
    done = service.run(dry_run=run.options.dry_run)
    run.out.show(done, lambda screen: _paint_reset(screen, done, dry_run=run.options.dry_run))


def _ask(run: Session, plan: Sequence[str]) -> None:
    for file in plan:
        run.out.talk(f"{file} will be removed")
    run.ask.confirm("Go back to the defaults? A backup is made first.")


def _paint_reset(screen: "Screen", done: "ResetDone", *, dry_run: bool) -> None:
    if not done.removed:
        screen.line("everything is as it was at first: nothing to do")
        return
    for file in done.removed:
        screen.success(f"{file} {'would be' if dry_run else 'is'} removed")
    screen.line(f"the active profile {'would be' if dry_run else 'is'} {done.active_profile}")
    if done.backup:
        screen.hint(f"to have it all back: capsule restore {done.backup}")
