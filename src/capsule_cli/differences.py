"""Changes of xNodes, field by field, for a person."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import JsonValue

    from capsule_cli.theme import Screen
    from capsule_domain.models.xnode import XNodeChange

_MARKS = {"added": ("+", "good"), "changed": ("~", "warn"), "removed": ("-", "bad")}
_TOLD_WHEN_NEW = ("provider", "region", "template", "status", "address")


def paint_changes(screen: "Screen", changes: Iterable["XNodeChange"]) -> None:
    """A line each: its mark, its name, and what of it becomes what."""
    from rich.text import Text

    for change in changes:
        mark, style = _MARKS[change.kind.value]
        screen.line(Text.assemble((f"{mark} {change.name}", style), f"  {said(change)}"))


def said(change: "XNodeChange") -> str:
    """`status running → stopped, region fra1 → ams3`; of one added or removed what it is."""
    if change.kind.value != "changed":
        shown = (change.fields.get(name) for name in _TOLD_WHEN_NEW)
        values = [
            field.after if field.after is not None else field.before for field in shown if field
        ]
        return ", ".join(_plain(value) for value in values if value)
    return ", ".join(
        f"{name.replace('_', ' ')} {_plain(field.before)} → {_plain(field.after)}"
        for name, field in change.fields.items()
    )


def _plain(value: "JsonValue") -> str:
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    if isinstance(value, list):
        return ",".join(str(part) for part in value) or "none"
    return "none" if value in (None, "") else str(value)
