"""`capsule doctor`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.diagnosis import Diagnosis

FOUND_SOMETHING = 10


def doctor(
    ctx: typer.Context,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no cloud.")] = False,
) -> None:
    """What is wrong here, and what to do about it."""
    from capsule_domain.services.doctor import Doctor, is_ill

    run = session(ctx)
    found = Doctor(run.wiring.examination()).run(offline=offline)
    run.out.show(found, lambda screen: _paint(screen, found))
    if is_ill(found):
        raise typer.Exit(FOUND_SOMETHING)


def _paint(screen: "Screen", found: "Sequence[Diagnosis]") -> None:
    from capsule_domain.models.diagnosis import Verdict

    screen.header("Doctor")
    paint = {
        Verdict.OK: screen.success,
        Verdict.SKIPPED: lambda text: screen.bullet(text, active=False),
        Verdict.WARNING: screen.warning,
        Verdict.ERROR: screen.failure,
    }
    width = max((len(one.rule) for one in found), default=0)
    for one in found:
        paint[one.verdict](f"{one.rule:<{width}}  {one.message}")
        if one.hint:
            screen.hint(one.hint)
    counts = [(verdict, sum(one.verdict is verdict for one in found)) for verdict in Verdict]
    told = (_counted(number, verdict) for verdict, number in counts if number)
    screen.line(", ".join(told), style="advice")


def _counted(number: int, word: str) -> str:
    plural = number > 1 and word in ("warning", "error")
    return f"{number} {word}{'s' if plural else ''}"
