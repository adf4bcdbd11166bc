"""Budgets: what may be spent in a month."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.budget import BudgetScope
    from capsule_domain.models.cost import BudgetState
    from capsule_domain.services.budgets import Budgets

ForTag = Annotated[
    str | None,
    typer.Option("--tag", help="Only what has this tag.", autocompletion=complete.tags),
]
ForProvider = Annotated[
    str | None,
    typer.Option("--provider", help="Only at this cloud.", autocompletion=complete.providers),
]


def put(
    ctx: typer.Context,
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="A month: 100, 100EUR; US dollars unless said.")
    ],
    *,
    tag: ForTag = None,
    provider: ForProvider = None,
) -> None:
    """Set what may be spent in a month: of all, of a tag, or at a cloud."""
    from capsule_cli.values import made
    from capsule_domain.models.budget import Budget, monthly_limit

    run = session(ctx)
    scope, name = _scope(run, tag, provider)
    budget = made(Budget, scope=scope, name=name, limit=monthly_limit(amount))
    service = _service(run)
    states = service.states(service.put(budget))
    run.out.show(states, lambda screen: _paint(screen, states))
    would = "would say" if run.options.dry_run else "says"
    run.out.success(f"openmesh.yml {would} now: {budget.limit} a month for {budget.title}")


def show(ctx: typer.Context) -> None:
    """The budgets, and how far each is used."""
    run = session(ctx)
    states = run.wiring.budgets().states()
    run.out.show(states, lambda screen: _paint(screen, states))


def remove(
    ctx: typer.Context,
    *,
    tag: ForTag = None,
    provider: ForProvider = None,
    everything: Annotated[
        bool, typer.Option("--all", help="The budget of all xNodes together.")
    ] = False,
    currency: Annotated[
        str | None, typer.Option(help="Only the one in this currency, such as EUR.")
    ] = None,
) -> None:
    """Take a budget away."""
    from capsule_domain.errors import UsageError

    run = session(ctx)
    if [tag is not None, provider is not None, everything].count(True) != 1:
        raise UsageError("say which budget: --all, --tag or --provider")
    scope, name = _scope(run, tag, provider)
    service = _service(run)
    gone, left = service.remove(scope, name, currency and currency.upper())
    states = service.states(left)
    run.out.show(states, lambda screen: _paint(screen, states))
    would = "would be" if run.options.dry_run else "is"
    for budget in gone:
        run.out.success(f"the budget of {budget.limit} a month for {budget.title} {would} gone")


def _service(run: Session) -> "Budgets":
    """In a dry run what is set goes nowhere."""
    from dataclasses import replace

    choices = run.wiring.choices_to_change(dry_run=run.options.dry_run)
    return replace(run.wiring.budgets(), choices=choices)


def _scope(run: Session, tag: str | None, provider: str | None) -> "tuple[BudgetScope, str | None]":
    from capsule_domain.errors import UsageError
    from capsule_domain.models.budget import BudgetScope

    if tag is not None and provider is not None:
        raise UsageError("a budget is for a tag or for a cloud", hint="--tag or --provider")
    if tag is not None:
        if not tag.strip():
            raise UsageError("--tag is empty", hint="--tag web")
        return BudgetScope.TAG, tag.strip()
    if provider is not None:
        return BudgetScope.PROVIDER, run.wiring.known_provider(provider)
    return BudgetScope.ALL, None


def _paint(screen: "Screen", states: Sequence["BudgetState"]) -> None:
    from rich.text import Text

    from capsule_cli.money import cents

    screen.header("Budgets")
    if not states:
        screen.line("none")
        if screen.fancy:
            screen.hint("capsule openmesh budget set 100")
        return
    screen.table(
        ["budget", "a month", "spent", "", "at its end", "next month"],
        [
            (
                Text(state.budget, "name"),
                Text(cents(state.limit), "money"),
                cents(state.spent),
                Text(f"{state.percent:f} %", _style(state)),
                Text(cents(state.forecast), "bad" if state.forecast > state.limit else ""),
                Text(cents(state.next_month), "bad" if state.next_month > state.limit else ""),
            )
            for state in states
        ],
        right=["a month", "spent", "", "at its end", "next month"],
    )


def _style(state: "BudgetState") -> str:
    if state.warning is None:
        return "good"
    return "warned" if state.percent < 100 else "bad"
