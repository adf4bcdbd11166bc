"""The rehearsal cloud."""

from typing import TYPE_CHECKING

import typer

from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.ports.sandbox import SandboxStatus


def up(ctx: typer.Context) -> None:
    """Start the rehearsal cloud in the background."""
    run = session(ctx)
    sandbox = run.wiring.sandbox()
    _show(run, sandbox.status() if run.options.dry_run else sandbox.up())
    run.out.advise("capsule --sandbox openmesh deploy --name first")


def down(ctx: typer.Context) -> None:
    """End the rehearsal cloud; what it holds stays."""
    run = session(ctx)
    sandbox = run.wiring.sandbox()
    _show(run, sandbox.status() if run.options.dry_run else sandbox.down())


def status(ctx: typer.Context) -> None:
    """Whether the rehearsal cloud runs."""
    run = session(ctx)
    _show(run, run.wiring.sandbox().status())


def _show(run: Session, found: "SandboxStatus") -> None:
    def paint(screen: "Screen") -> None:
        from capsule_cli.theme import Cell, status_dot

        screen.header("Sandbox")
        rows: list[tuple[str, Cell]] = [
            ("state", status_dot("running" if found.running else "down", active=found.running)),
            ("home", found.home),
            ("servers", str(found.servers)),
            *((name, url) for name, url in found.endpoints.items()),
        ]
        if found.isolation:
            rows.append(("isolation", found.isolation))
        screen.fields(rows)

    run.out.show(found, paint)
