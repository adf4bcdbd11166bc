"""The screen of one xNode, as lines: what is known of it, and the keys."""

from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from capsule_domain.models.health import Health
    from capsule_domain.models.metric import Metrics
    from capsule_domain.models.xnode_details import XNodeDetails

KEYS: Sequence[tuple[str, str]] = (
    ("c", "check now"),
    ("o", "open a shell"),
    ("l", "launch"),
    ("s", "stop"),
    ("r", "restart"),
    ("f", "restart by power"),
    ("p", "protect or not"),
    ("g", "generations"),
    ("e", "end it"),
    ("q", "leave"),
)
_LABEL = 10
_BAR = 20
_FEW_DISKS = 4


def lines(
    found: "XNodeDetails", now: datetime, *, width: int, height: int, foot: str
) -> list[Text]:
    """At most `height` lines of at most `width` cells; the keys and `foot` are always there."""
    rule = Text("─" * width, "inactive")
    bottom = [rule, *_keys(width), *(Text(part) for part in wrap(foot, width) or [""])]
    room = max(height - len(bottom), 0)
    body = [_title(found, width), rule, *_facts(found), rule, *_seen(found, now)]
    shown = [*body[:room], *(Text() for _ in range(room - len(body))), *bottom]
    for line in shown:
        line.truncate(width, overflow="ellipsis")
    return shown[-height:]


def _title(found: "XNodeDetails", width: int) -> Text:
    from capsule_cli.theme import status_dot

    status = status_dot(found.status, active=found.status == "running")
    name = f"◆ {found.name}"
    space = max(width - cell_len(name) - status.cell_len, 1)
    return Text.assemble((name, "title"), " " * space, status)


def _facts(found: "XNodeDetails") -> list[Text]:
    from capsule_cli.ages import span
    from capsule_cli.money import cents, rate
    from capsule_cli.xnode_words import (
        expiry_words,
        first_contact_words,
        login,
        spent_words,
    )

    price = f"{rate(found.price_per_hour)} an hour, {cents(found.price_per_month)} a month"
    runs = found.os.value + (f", profile {found.profile}" if found.profile else "")
    held = "protected" if found.protected else "not protected"
    return [
        _pair("cloud", f"{found.provider}, {found.region}, {found.template}"),
        _pair("server", f"{found.server_id}, xNode {found.id}"),
        _pair("login", login(found)),
        _pair("system", runs),
        _pair("age", f"{span(found.age_seconds)}, {held}, expires {expiry_words(found)}"),
        _pair("price", f"{price}, {spent_words(found.spent_this_month)} this month"),
        _pair("host key", first_contact_words(found)),
        _pair("tags", ", ".join(found.tags) or "none"),
    ]


def _seen(found: "XNodeDetails", now: datetime) -> list[Text]:
    from capsule_cli.ages import age

    if found.health is None:
        return [_pair("health", "never looked at: press c")]
    when = age(found.health.checked_at, now)
    rows = [_pair("health", f"{found.health.status}, seen {when}")]
    rows += _failures(found.health)
    return rows if found.metrics is None else [*rows, *_figures(found.metrics)]


def _failures(health: "Health") -> list[Text]:
    failed = [check for check in health.checks if not check.ok]
    return [Text(f"✗ {check.kind}  {check.error or ''}", "bad") for check in failed]


def _figures(metrics: "Metrics") -> list[Text]:
    from capsule_cli.ages import span

    loads = (metrics.load_1, metrics.load_5, metrics.load_15)
    shown = "  ".join("?" if load is None else f"{load:.2f}" for load in loads)
    up = "?" if metrics.uptime_seconds is None else span(metrics.uptime_seconds)
    disks = (metrics.disks or ())[:_FEW_DISKS]
    return [
        _gauge("CPU", metrics.cpu_percent),
        _gauge("memory", metrics.memory_percent),
        *(_gauge(disk.mount, disk.used_percent) for disk in disks),
        _pair("load", f"{shown}, up {up}"),
    ]


def _gauge(name: str, percent: float | None) -> Text:
    if percent is None:
        return _pair(name, "?")
    full = round(percent * _BAR / 100)
    style = "bad" if percent >= 90 else "warned" if percent >= 75 else "good"
    bar = ("━" * full, style), ("━" * (_BAR - full), "inactive")
    return Text.assemble(_label(name), *bar, f" {percent:5.1f} %")


def _pair(name: str, value: str) -> Text:
    return Text.assemble(_label(name), value)


def _label(name: str) -> tuple[str, str]:
    short = name if cell_len(name) < _LABEL else name[: _LABEL - 2] + "…"
    return f"{short:<{_LABEL}}", "inactive"


def _keys(width: int) -> list[Text]:
    """Folded to the width, key by key."""
    rows = [Text()]
    for key, what in KEYS:
        item = Text.assemble((f" {key} ", "title"), what, " ")
        if rows[-1].cell_len + item.cell_len > width and rows[-1].cell_len:
            rows.append(Text())
        rows[-1].append_text(item)
    return rows
