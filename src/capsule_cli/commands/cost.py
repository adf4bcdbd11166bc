"""What the fleet costs."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.cost import CostReport


def cost_report(
    ctx: typer.Context,
    by: Annotated[
        str,
        typer.Option(
            help="provider, region, tag or profile.",
            autocompletion=complete.words("provider", "region", "tag", "profile"),
        ),
    ] = "provider",
) -> None:
    """What the fleet costs, by currency."""
    from capsule_cli.wiring import GROUPS
    from capsule_domain.errors import UsageError

    group = next((group for group in GROUPS if group == by), None)
    if group is None:
        raise UsageError(f"costs cannot be grouped by '{by}'", hint=f"--by {'|'.join(GROUPS)}")
    run = session(ctx)
    report = run.wiring.cost_report(group)
    run.out.show(report, lambda screen: _paint(screen, report))


def _paint(screen: "Screen", report: "CostReport") -> None:
    from capsule_cli.money import cents, rate

    screen.header("Cost report")
    if not report.currencies:
        screen.line("nothing is billed")
    for costs in report.currencies:
        screen.section(f"{costs.currency}: {costs.xnodes} billed now")
        screen.fields(
            [
                ("hourly", rate(costs.hourly)),
                ("daily", cents(costs.daily)),
                ("monthly", cents(costs.monthly)),
                ("annual", cents(costs.annual)),
                ("this month", f"{cents(costs.to_date)} so far"),
            ]
        )
        screen.section(f"by {report.by}")
        screen.table(
            [report.by, "monthly", "this month", "share"],
            [
                (group.key, cents(group.monthly), cents(group.to_date), f"{group.share:.0f} %")
                for group in costs.groups
            ],
            right=["monthly", "this month", "share"],
        )
    if report.unbilled:
        screen.line(f"costs nothing now: {', '.join(report.unbilled)}", style="advice")
