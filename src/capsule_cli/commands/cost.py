"""What the fleet costs, and will."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.money import beside_lines
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from capsule_cli.theme import Screen
    from capsule_cli.wiring import GroupBy
    from capsule_domain.models.cost import (
        BilledBeside,
        CostReport,
        CurrencyCosts,
        FleetForecast,
        XNodeCost,
    )

_NAMED = 20
"""How many of those that cost nothing are named to a person."""


def cost_report(
    ctx: typer.Context,
    *,
    by: Annotated[
        str,
        typer.Option(
            help="provider, region, tag or profile.",
            autocompletion=complete.words("provider", "region", "tag", "profile"),
        ),
    ] = "provider",
    each: Annotated[
        bool, typer.Option("--each", help="Every xNode that cost something this month.")
    ] = False,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write every xNode's costs as CSV.")
    ] = None,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a page with charts.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that are there.")
    ] = False,
) -> None:
    """What the fleet costs, by currency."""
    run = session(ctx)
    group = _group(by)
    if each:
        costs = run.wiring.cost_each().of_all(run.wiring.clock().now())
        run.out.show(costs, lambda screen: _paint_each(screen, costs))
        for line in _beside(run.wiring.beside()):
            run.out.talk(line)
    else:
        report = run.wiring.cost_report(group)
        run.out.show(report, lambda screen: _paint(screen, report))
    _write(run, group, csv=csv, html=html, force=force)
    _warn_of_budgets(run)


def _group(by: str) -> "GroupBy":
    from capsule_cli.wiring import GROUPS
    from capsule_domain.errors import UsageError

    group = next((group for group in GROUPS if group == by), None)
    if group is None:
        raise UsageError(f"costs cannot be grouped by '{by}'", hint=f"--by {'|'.join(GROUPS)}")
    return group


def _write(run: Session, by: "GroupBy", *, csv: str | None, html: str | None, force: bool) -> None:
    from capsule_domain.services.cost_csv import cost_lines

    wiring = run.wiring
    if run.options.dry_run:
        for file in filter(None, (csv, html)):
            run.out.talk(f"would write {file}")
        return
    if csv:
        costs = wiring.cost_each().of_all(wiring.clock().now())
        where = wiring.xnode_files().write(csv, cost_lines(costs), replace=force)
        run.out.success(f"the costs of {len(costs)} xNodes are in {where}")
    if html:
        text = wiring.cost_pages().text(wiring.cost_page(wiring.cost_report(by)))
        where = wiring.xnode_files().write(html, [text], replace=force)
        run.out.success(f"the page is {where}")


def _warn_of_budgets(run: Session) -> None:
    """Of those that are used up by half or more."""
    from capsule_cli.money import cents

    for state in run.wiring.budgets().states():
        if state.warning:
            run.out.warn(
                f"budget {state.budget}: {cents(state.spent)} of {cents(state.limit)} are spent, "
                f"{state.percent:f} %"
            )


def _paint(screen: "Screen", report: "CostReport") -> None:
    screen.header("Cost report")
    if not report.currencies:
        screen.line("nothing is billed")
    for costs in report.currencies:
        _paint_currency(screen, costs, report.by)
    if report.unbilled:
        named = ", ".join(report.unbilled[:_NAMED])
        more = len(report.unbilled) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        screen.line(f"costs nothing now: {named}{rest}", style="advice")
    for line in _beside(report.beside):
        screen.line(line, style="advice")


def _beside(beside: "Iterable[BilledBeside]") -> "Iterator[str]":
    for each in beside:
        yield from beside_lines(each, in_sums=True)


def _paint_currency(screen: "Screen", costs: "CurrencyCosts", by: str) -> None:
    from capsule_cli.money import cents, rate

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
    screen.section(f"by {by}")
    screen.table(
        [by, "monthly", "this month", "share"],
        [
            (group.key, cents(group.monthly), cents(group.to_date), f"{group.share:.0f} %")
            for group in costs.groups
        ],
        right=["monthly", "this month", "share"],
    )


def _paint_each(screen: "Screen", costs: "Sequence[XNodeCost]") -> None:
    from rich.text import Text

    from capsule_cli.money import cents, rate

    screen.header("Cost of each xNode")
    if not costs:
        screen.line("nothing is billed")
        return
    screen.table(
        ["xNode", "cloud", "template", "rented at", "today", "monthly", "this month", "ever"],
        [
            (
                Text(cost.name, "name"),
                cost.provider[:4].upper(),
                cost.template,
                rate(cost.rented_at),
                rate(cost.listed) if cost.listed else "",
                Text(cents(cost.monthly), "money"),
                cents(cost.to_date),
                cents(cost.ever),
            )
            for cost in costs
        ],
        right=["rented at", "today", "monthly", "this month", "ever"],
        whole=["cloud"],
    )


def forecast(ctx: typer.Context) -> None:
    """What this month and the next will come to."""
    run = session(ctx)
    found = run.wiring.fleet_forecast()
    run.out.show(found, lambda screen: _paint_forecast(screen, found))


def _paint_forecast(screen: "Screen", found: "FleetForecast") -> None:
    from capsule_cli.money import cents

    screen.header("Forecast")
    if not found.currencies:
        screen.line("nothing is billed")
    for each in found.currencies:
        screen.section(each.currency)
        screen.fields(
            [
                ("this month", f"{cents(each.to_date)} so far"),
                ("at its end", cents(each.month_end)),
                ("next month", cents(each.next_month)),
            ]
        )
    if found.currencies:
        screen.line(
            "if nothing else is rented or ended; what has a time to live ends with it",
            style="advice",
        )
    for state in found.budgets:
        most = max(state.forecast, state.next_month)
        if most > state.limit:
            month = "this month" if state.forecast > state.limit else "next month"
            screen.warning(
                f"budget {state.budget}: {month} comes to {cents(most)}, "
                f"more than {cents(state.limit)}"
            )
