"""The inventory in figures, and beside what the clouds say."""

from typing import TYPE_CHECKING

import typer

from capsule_cli.narrow import AtProvider, AtRegion, Status, WithTags, narrowed
from capsule_cli.session import session

if TYPE_CHECKING:
    from datetime import datetime

    from capsule_cli.theme import Screen
    from capsule_domain.models.drift import Drift
    from capsule_domain.models.fleet_stats import FleetStats

_MOST_REGIONS = 12


def stats(
    ctx: typer.Context,
    *,
    status: Status = None,
    region: AtRegion = None,
    provider: AtProvider = None,
    tags: WithTags = None,
) -> None:
    """The inventory in figures: counts, the dearest, the oldest, what all of it came to."""
    run = session(ctx)
    chosen = narrowed(run, status=status, region=region, provider=provider, tags=tags)
    found, now = run.wiring.fleet_stats(chosen), run.wiring.clock().now()
    run.out.show(found, lambda screen: _paint_stats(screen, found, now))


def _paint_stats(screen: "Screen", found: "FleetStats", now: "datetime") -> None:
    from capsule_cli.ages import span
    from capsule_cli.money import cents

    screen.header("Inventory in figures")
    spent = ", ".join(cents(one) for one in found.lifetime) or "nothing"
    screen.fields(
        [
            ("xNodes", f"{found.total:,} that live, {found.gone:,} that are gone"),
            ("lifetime cost", f"{spent} at most, all together"),
        ]
    )
    for kind in ("status", "provider", "region"):
        counts: dict[str, int] = getattr(found, f"by_{kind}")
        if counts:
            screen.section(f"By {kind}")
            screen.fields([(word, f"{n:,}") for word, n in list(counts.items())[:_MOST_REGIONS]])
            if (more := len(counts) - _MOST_REGIONS) > 0:
                screen.line(f"and {more} more")
    if found.most_expensive:
        screen.section("Most expensive")
        screen.fields(
            (one.name, f"{cents(one.price_per_month)} a month, {one.provider}")
            for one in found.most_expensive
        )
    if found.longest_running:
        screen.section("Longest running")
        screen.fields(
            (one.name, f"{span((now - one.created_at).total_seconds())}, {one.provider}")
            for one in found.longest_running
        )


def sync(
    ctx: typer.Context,
    *,
    region: AtRegion = None,
    provider: AtProvider = None,
    tags: WithTags = None,
) -> None:
    """Bring the inventory to what the clouds say, after showing where they differ."""
    from capsule_cli.report import EXIT_CODES
    from capsule_domain.errors import ProviderUnavailable

    run = session(ctx)
    chosen = narrowed(run, status=None, region=region, provider=provider, tags=tags)
    service = run.wiring.sync()
    drift = service.look(chosen)
    for cloud, why in drift.silent.items():
        run.out.warn(f"{cloud} did not answer, and nothing of it is changed: {why}")
    if drift.changes and not run.options.dry_run:
        if not run.options.json:
            _paint_differences(run.out.margin, drift)
        run.ask.confirm(f"Keep {len(drift.changes)} as the clouds have it?")
        service.run(drift)
    run.out.show(drift, lambda screen: _paint_drift(screen, drift, dry_run=run.options.dry_run))
    if drift.silent:
        raise typer.Exit(EXIT_CODES[ProviderUnavailable])


def _paint_differences(screen: "Screen", drift: "Drift") -> None:
    from capsule_cli.differences import paint_changes

    paint_changes(screen, drift.changes)


def _paint_drift(screen: "Screen", drift: "Drift", *, dry_run: bool) -> None:
    if dry_run:
        _paint_differences(screen, drift)
    if drift.unasked:
        screen.line(f"{drift.unasked:,} at no cloud that can be asked")
    if not drift.changes:
        if drift.checked or not drift.silent:
            screen.success(f"{drift.checked:,} are as their clouds have them")
        return
    verb = "would be" if dry_run else "are"
    screen.success(f"{len(drift.changes):,} of {drift.checked:,} {verb} kept as the clouds have it")
