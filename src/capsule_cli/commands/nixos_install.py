"""NixOS onto a machine that runs something else."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import machines as which
from capsule_cli.heartbeat import listening
from capsule_cli.session import Session, session
from capsule_cli.ticking import ticking
from capsule_cli.which_configuration import Allowing, ByNixpkgs, OfHost, refuse_ambiguity

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.finding import Finding
    from capsule_domain.models.machine_survey import DiskFacts
    from capsule_domain.models.nixos_install import Installed, InstallPlan
    from capsule_domain.models.xnode import XNode
    from capsule_domain.ports.host import Destination, Target


def install(
    ctx: typer.Context,
    *,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="USER@HOST", help="As you name it to ssh; ~/.ssh/config holds."
        ),
    ] = None,
    port: which.OnPort = None,
    xnode: which.OnXNode = None,
    config: Annotated[
        str | None,
        typer.Option("--config", "-c", help="A folder with a flake [the host generated last]."),
    ] = None,
    hostname: OfHost = None,
    disk: Annotated[
        str | None, typer.Option(help="The disk to lay out anew [the one that holds its root].")
    ] = None,
    nixpkgs: ByNixpkgs = None,
    allow: Allowing = None,
    erase: Annotated[
        str | None,
        typer.Option(
            "--erase", metavar="NAME", help="The name of the machine, instead of typing it."
        ),
    ] = None,
) -> None:
    """Put NixOS on a machine over SSH, in the stead of what is on it."""
    from capsule_domain.services.install_order import InstallWish, refuse_unsafe_install
    from capsule_domain.services.lockout import allowed_rules

    run = session(ctx)
    allowed = tuple(allowed_rules(allow or ()))
    machine, found = _machine(run, target, port, xnode)
    wish = InstallWish(found, config, hostname, disk, nixpkgs, allowed)
    if config is None and found is None:
        refuse_ambiguity(run)
    _refuse_silence(run, erase)
    service = run.wiring.install_machine()
    with listening(run.out) as heartbeat:
        asked = service.plan(machine, wish, heartbeat)
    plan = asked.plan
    if run.options.dry_run:
        run.out.show(plan, lambda screen: _paint_plan(screen, plan))
        refuse_unsafe_install(plan)
        return
    if not (run.out.json or run.out.quiet):
        _paint_plan(run.out.margin, plan)
    refuse_unsafe_install(plan)
    _confirm(run, plan, erase)
    with ticking(run.out) as ticks:
        try:
            done = service.run(
                asked, progress=lambda _seconds, line: ticks.heard(line), heard=ticks.step
            )
        except KeyboardInterrupt:
            run.out.warn(
                f"broken off: {plan.machine} may run an installer of NixOS by now, or start as"
                " NixOS; while it can be entered, the same can be done again as root"
            )
            raise
    run.out.show(done, lambda screen: _paint_installed(screen, done, found))


def _machine(
    run: Session, target: str | None, port: int | None, xnode: str | None
) -> "tuple[Target | Destination, XNode | None]":
    """Raises UsageError for none and for two; NotFound, Conflict and UnsafePlan for the xNode,
    which is named whole.
    """
    from capsule_domain.errors import UsageError
    from capsule_domain.services.terminate import refuse_protected

    _, machine = which.machine_of(run, target, port, xnode)
    if machine is None:
        raise UsageError(
            "NixOS is put on another machine, and none was named",
            hint="--target user@host, or --xnode NAME",
        )
    if xnode is None:
        return machine, None
    found = run.wiring.inventory().get(xnode, exact=True)
    refuse_protected(found)
    return machine, found


def _refuse_silence(run: Session, erase: str | None) -> None:
    """`--yes` may stand for a name elsewhere. Here all that a machine holds is lost, and a
    script that erases it says which one it means.
    """
    from capsule_domain.errors import UsageError

    if erase is None and not run.options.dry_run and (run.ask.yes or not run.ask.can_ask):
        raise UsageError(
            "what is on the machine would be lost: a script names the machine itself",
            hint="--erase NAME, as its hostname says; or --dry-run",
        )


def _confirm(run: Session, plan: "InstallPlan", erase: str | None) -> None:
    from capsule_domain.errors import UsageError

    if erase is None:
        run.ask.confirm_by_name(plan.hostname, _question(plan))
    elif erase != plan.hostname:
        raise UsageError(
            f"--erase names {erase[:60]!a}, and {plan.machine} calls itself {plan.hostname}",
            hint="is it the machine that you mean?",
        )


def _question(plan: "InstallPlan") -> str:
    if plan.disk is None:
        return f"This puts NixOS in the stead of {plan.system} on {plan.hostname}."
    return f"This erases {plan.disk} of {plan.hostname}, for good: {plan.system}, and all data."


def _paint_plan(screen: "Screen", plan: "InstallPlan") -> None:
    memory = f", {plan.memory_mib} MiB of memory" if plan.memory_mib is not None else ""
    screen.header(f"Install NixOS: {plan.host}")
    screen.fields(
        [
            ("machine", f"{plan.machine}: {plan.hostname}, {plan.system}{memory}"),
            ("configuration", plan.folder),
            ("way", f"{plan.way}: {plan.because}"),
        ]
    )
    for disk in plan.disks:
        is_erased = disk.name == plan.erased
        mark = "✗ erased" if is_erased else "○ stays "
        screen.line(f"  {mark}  {_disk(disk)}", style="bad" if is_erased else "advice")
        if is_erased:
            screen.line(f"            {disk.device}", style="advice")
    if plan.disk is None:
        screen.line("  what is on it now comes to /old-root", style="advice")
    if plan.writes_hardware:
        screen.line(
            "  hardware-configuration.nix is written as the machine tells; it is judged after that,"
            " before anything is erased",
            style="advice",
        )
    for found in plan.findings:
        _paint_finding(screen, found)
    for note in plan.notes:
        screen.warning(note)


def _disk(disk: "DiskFacts") -> str:
    words = [disk.name, disk.size, disk.model or "", ", ".join(disk.mounts)]
    return "  ".join(word for word in words if word)


def _paint_finding(screen: "Screen", found: "Finding") -> None:
    paint = screen.failure if found.severity == "error" else screen.warning
    paint(f"{found.rule}: {found.message}")
    if found.hint:
        screen.hint(found.hint)


def _paint_installed(screen: "Screen", done: "Installed", xnode: "XNode | None") -> None:
    screen.success(f"{done.machine} runs NixOS as {done.host}, with the host key that it had")
    screen.line(done.system, style="advice")
    if xnode is not None:
        screen.hint(f"capsule openmesh xnode ssh {xnode.name}")
        return
    port = "" if done.port == 22 else f"-p {done.port} "
    screen.hint(f"ssh {port}{done.login}@{done.address}")
