"""Whether a NixOS configuration holds: read, evaluated, and tried in a virtual machine."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import session
from capsule_cli.which_configuration import ByNixpkgs, OfConfig, OfHost, refuse_ambiguity
from capsule_domain.models.finding import Level

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.finding import Finding, Validation
    from capsule_domain.models.trial import Trial, TrialCheck

FOUND = 10
"""The exit code of a check that found something."""


def validate(
    ctx: typer.Context,
    *,
    config: OfConfig = None,
    level: Annotated[
        Level | None,
        typer.Option(
            help="Up to this level, and no less [the highest that can be reached].",
            autocompletion=complete.words(*Level),
        ),
    ] = None,
    nixpkgs: ByNixpkgs = None,
) -> None:
    """Check a NixOS configuration as far as this machine can."""
    from capsule_cli.heartbeat import listening

    run = session(ctx)
    if config is None:
        refuse_ambiguity(run)
    with listening(run.out) as heartbeat:
        result = run.wiring.validate().run(config, level=level, nixpkgs=nixpkgs, progress=heartbeat)
    run.out.show(result, lambda screen: _paint_validation(screen, result))
    if not result.ok:
        raise typer.Exit(FOUND)


def _paint_validation(screen: "Screen", result: "Validation") -> None:
    screen.header("Validation")
    for finding in result.findings:
        _paint_finding(screen, finding)
    for step in result.steps:
        if step.done:
            held = result.ok or step.level != result.level
            (screen.success if held else screen.failure)(f"{step.level}: {step.detail}")
        else:
            screen.line(f"  {step.level} was left out: {step.detail}", style="advice")
    if result.level is None:
        screen.warning("nothing was validated")
    elif result.ok:
        screen.success(f"{len(result.files)} files hold at level {result.level}")
    screen.line(f"No higher: {result.why}" if result.level else result.why, style="advice")


def _paint_finding(screen: "Screen", finding: "Finding") -> None:
    place = f"{finding.file}:{finding.line}: " if finding.line else f"{finding.file}: "
    words = (place if finding.file else "") + finding.message
    if finding.severity == "info":
        screen.line(f"  {words}", style="advice")
        return
    paint = screen.failure if finding.severity == "error" else screen.warning
    paint(words)
    if finding.hint:
        screen.hint(finding.hint)


def try_out(
    ctx: typer.Context,
    *,
    config_dir: Annotated[
        str | None,
        typer.Option("--config-dir", "-d", help="A folder [the host generated last]."),
    ] = None,
    hostname: OfHost = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=1, metavar="SECONDS", help="How long it may boot [600; 3600 where it is emulated]."
        ),
    ] = None,
    nixpkgs: ByNixpkgs = None,
) -> None:
    """Boot a NixOS configuration in a virtual machine, and check its services."""
    from capsule_cli.heartbeat import listening

    run = session(ctx)
    if config_dir is None:
        refuse_ambiguity(run)
    place = config_dir or run.wiring.last_configuration()
    if not run.wiring.machines().accelerated():
        run.out.talk("no KVM here: the machine is emulated, and takes ten to thirty times as long")
    if run.options.dry_run:
        run.out.talk(f"would build {place} as a virtual machine, boot it, and shut it down")
        return
    with listening(run.out) as heartbeat:
        trial = run.wiring.try_configuration().run(
            place, host=hostname, nixpkgs=nixpkgs, timeout_seconds=timeout, progress=heartbeat
        )
    run.out.show(trial, lambda screen: _paint_trial(screen, trial))
    if not trial.ok:
        raise typer.Exit(FOUND)


def _paint_trial(screen: "Screen", trial: "Trial") -> None:
    screen.header(f"Test of {trial.host}")
    screen.table(
        ["", "stack", "what", "name", "seen"],
        [
            (_mark(check), check.stack, check.kind.value, check.name, check.detail)
            for check in trial.checks
        ],
        whole=["name"],
    )
    if trial.ok:
        screen.success("the machine was booted, holds, and is gone again")
    else:
        screen.failure("not everything runs; the machine is gone again")


def _mark(check: "TrialCheck") -> str:
    return {True: "✓", False: "✗", None: "–"}[check.ok]
