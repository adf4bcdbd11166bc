"""The costs of xNodes as CSV, one line each."""

from collections.abc import Iterable, Iterator, Sequence

from capsule_domain.models.cost import XNodeCost
from capsule_domain.services.xnode_csv import csv_lines, unarmed

COLUMNS = (
    *("name", "provider", "region", "template", "status", "profile", "tags", "since"),
    *("currency", "rented_at", "listed", "hourly", "daily", "monthly", "annual"),
    *("to_date", "ever"),
)


def cost_lines(costs: Iterable[XNodeCost]) -> Iterator[str]:
    """The file's text, a line at a time, with the heading first. Amounts are in `currency`."""
    return csv_lines(_rows(costs))


def _rows(costs: Iterable[XNodeCost]) -> Iterator[Sequence[str]]:
    yield COLUMNS
    for cost in costs:
        fields = cost.model_dump(mode="json")
        shown = {
            name: value["amount"] if isinstance(value, dict) else value
            for name, value in fields.items()
        }
        shown |= {"tags": ";".join(cost.tags), "currency": cost.hourly.currency}
        yield [unarmed(str(shown[name] or "")) for name in COLUMNS]
