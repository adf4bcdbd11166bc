"""One xNode, looked at."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import fleet
from capsule_cli.session import session
from capsule_cli.xnode_words import expiry_words, first_contact_words, login, spent_words

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.xnode_details import XNodeDetails


def show(
    ctx: typer.Context,
    name: fleet.Name,
    *,
    live: Annotated[bool, typer.Option("--live", help="Ask its cloud first.")] = False,
) -> None:
    """All that is known of an xNode."""
    run = session(ctx)
    xnode = run.wiring.inventory().get(name)
    if live:
        from capsule_domain.services.living import refuse_gone

        refuse_gone(xnode)
        xnode = run.wiring.lifecycle().look(xnode)
    found = run.wiring.details().of(xnode)
    run.out.show(found, lambda screen: paint(screen, found))


def paint(screen: "Screen", found: "XNodeDetails") -> None:
    """Where it is, what it costs, whose it is by its key, and how it was when seen last."""
    screen.header(found.name)
    screen.fields([*_place(found), *_life(found), *_cost(found), *_trust(found)])
    if found.health or found.metrics:
        screen.section("Seen last")
        screen.fields(seen(found))
    if screen.fancy:
        screen.hint(f"capsule openmesh xnode manage {found.name}")


def _place(found: "XNodeDetails") -> "list[tuple[str, Cell]]":
    from capsule_cli.theme import status_dot

    return [
        ("status", status_dot(found.status, active=found.status == "running")),
        ("cloud", _joined(found.provider, found.region)),
        ("server", _joined(found.template, found.server_id)),
        ("login", login(found)),
        ("key", found.ssh_key or "of the SSH agent and ~/.ssh"),
        ("system", found.os.value),
        ("profile", found.profile or "none"),
        ("generation", "none" if found.generation is None else str(found.generation)),
        ("tags", ", ".join(found.tags) or "none"),
    ]


def _joined(*words: str) -> str:
    """Those that are known: what was taken in by hand may have a name and no more."""
    return ", ".join(filter(None, words)) or "not known"


def _life(found: "XNodeDetails") -> "list[tuple[str, Cell]]":
    from capsule_cli.ages import span

    rows: list[tuple[str, Cell]] = [
        ("id", found.id),
        ("rented", f"{found.created_at:%Y-%m-%d %H:%M} UTC"),
        ("lived" if found.terminated_at else "age", span(found.age_seconds)),
    ]
    if found.terminated_at:
        rows.append(("ended", f"{found.terminated_at:%Y-%m-%d %H:%M} UTC"))
    rows.append(("expires", expiry_words(found)))
    rows.append(("protected", "yes" if found.protected else "no"))
    if found.deployment:
        state = found.deployment_state.value if found.deployment_state else "not in this journal"
        rows.append(("deployment", f"{found.deployment}, {state}"))
    return rows


def _cost(found: "XNodeDetails") -> "list[tuple[str, Cell]]":
    from capsule_cli.money import cents, rate

    stopped = {True: "billed as when it runs", False: "costs less", None: "not known"}
    return [
        ("price", f"{rate(found.price_per_hour)} an hour, {cents(found.price_per_month)} a month"),
        ("this month", f"{spent_words(found.spent_this_month)} so far"),
        ("in all", spent_words(found.spent_ever)),
        ("stopped", stopped[found.bills_when_stopped]),
    ]


def _trust(found: "XNodeDetails") -> "list[tuple[str, Cell]]":
    return [
        ("first contact", first_contact_words(found)),
        ("host key", ", ".join(found.host_keys) or "none is known"),
    ]


def seen(found: "XNodeDetails") -> "list[tuple[str, Cell]]":
    """Health and metrics as they were seen last."""
    rows: list[tuple[str, Cell]] = []
    if found.health:
        when = f"{found.health.checked_at:%Y-%m-%d %H:%M:%S} UTC"
        rows.append(("health", f"{found.health.status}, at {when}"))
    if found.metrics:
        figures = found.metrics
        rows += [
            ("CPU", _percent(figures.cpu_percent)),
            ("memory", _percent(figures.memory_percent)),
        ]
        rows += [(disk.mount, _percent(disk.used_percent)) for disk in figures.disks or ()]
    return rows


def _percent(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f} %"
