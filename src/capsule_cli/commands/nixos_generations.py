"""The generations of a NixOS, here or on another machine, and what tells two of them apart."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.machines import OnPort, OnTarget, OnXNode, machine_of
from capsule_cli.session import session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from capsule_cli.theme import Screen
    from capsule_domain.models.closure import ClosureDifference
    from capsule_domain.models.generation import Generation

_NAMED = complete.words("running", "booted", "profile", "previous")
_HOW = "A number, running, booted, profile, previous, or a store path."


def list_generations(
    ctx: typer.Context,
    *,
    target: OnTarget = None,
    port: OnPort = None,
    xnode: OnXNode = None,
    limit: Annotated[
        int | None, typer.Option(help="Only so many, the newest.", metavar="N", min=1)
    ] = None,
) -> None:
    """The generations of a NixOS: which is the profile's, which runs, which was booted."""
    run = session(ctx)
    label, machine = machine_of(run, target, port, xnode)
    with run.wiring.nixos_hosts().enter(machine) as host:
        known = host.generations()
    shown = sorted(known, key=lambda one: one.generation, reverse=True)[:limit]
    run.out.show(shown, lambda screen: _paint_generations(screen, label, shown, len(known)))


def _paint_generations(
    screen: "Screen", label: str, shown: "Sequence[Generation]", count: int
) -> None:
    from capsule_cli.theme import status_dot

    screen.header(f"Generations of {label}")
    if not shown:
        screen.line("none that is still there")
        return
    more = _Columns(shown)
    screen.table(
        ["#", "date (UTC)", "NixOS", "kernel", "is", *more.names],
        [
            (
                status_dot(str(one.generation), active=one.current),
                f"{one.date:%Y-%m-%d %H:%M}",
                one.nixos_version or "",
                one.kernel_version or "",
                _is(one),
                *more.cells(one),
            )
            for one in shown
        ],
        whole=["#", "date (UTC)"],
    )
    if len(shown) < count:
        screen.line(f"the newest {len(shown)} of {count}", style="advice")


class _Columns:
    """Those that only some machines have something for."""

    def __init__(self, shown: "Sequence[Generation]") -> None:
        self._revision = any(one.configuration_revision for one in shown)
        self._specialisations = any(one.specialisations for one in shown)

    @property
    def names(self) -> list[str]:
        names = ["revision"] if self._revision else []
        return [*names, *(["specialisations"] if self._specialisations else [])]

    def cells(self, one: "Generation") -> list[str]:
        cells = [(one.configuration_revision or "")[:12]] if self._revision else []
        return [*cells, *([", ".join(one.specialisations)] if self._specialisations else [])]


def _is(one: "Generation") -> str:
    words = {"profile": one.current, "running": one.running, "booted": one.booted}
    return " ".join(word for word, holds in words.items() if holds)


def diff(
    ctx: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help=_HOW, autocompletion=_NAMED)],
    after: Annotated[str, typer.Argument(metavar="B", help=_HOW, autocompletion=_NAMED)],
    *,
    target: OnTarget = None,
    port: OnPort = None,
    xnode: OnXNode = None,
) -> None:
    """What tells two systems of a machine apart: packages, versions, sizes."""
    run = session(ctx)
    _, machine = machine_of(run, target, port, xnode)
    found = run.wiring.compare_systems().run(before, after, machine)
    run.out.show(found, lambda screen: _paint_difference(screen, found, f"{before} → {after}"))


def _paint_difference(screen: "Screen", found: "ClosureDifference", title: str) -> None:
    from capsule_cli.closures import paint_difference

    screen.header(title)
    if found.is_empty:
        screen.success("the same system")
        screen.line(found.after, style="advice")
        return
    screen.fields([("from", found.before), ("to", found.after)])
    paint_difference(screen, found)
