"""Costs as one HTML file."""

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from capsule_adapters.docs.cost_chart import bars, curve
from capsule_adapters.docs.style import style, style_hash, template
from capsule_domain.models.cost import CostPage

if TYPE_CHECKING:
    from capsule_adapters.docs.cost_chart import Curve

_STYLES = ("page.css", "cost.css")


class HtmlCostPages:
    """Implements the `CostPages` port."""

    def __init__(self, version: str) -> None:
        self._version = version

    def text(self, page: CostPage) -> str:
        """One file. Its only style is its own, and nothing else may be loaded or run."""
        own = style(*_STYLES)
        return template("cost.html.j2").render(
            page=page,
            report=page.report,
            ahead={each.currency: each for each in page.forecast.currencies},
            bars={each.currency: bars(each.groups) for each in page.report.currencies},
            curves=_curves(page),
            capsule=self._version,
            style=own,
            style_hash=style_hash(own),
            cents=_cents,
        )


def _curves(page: CostPage) -> "dict[str, Curve | None]":
    forecast = page.forecast
    return {
        each.currency: curve(
            [day for day in page.days if day.spent.currency == each.currency],
            each.month_end.amount,
            forecast.month_ends,
            forecast.as_of,
        )
        for each in forecast.currencies
    }


def _cents(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"
