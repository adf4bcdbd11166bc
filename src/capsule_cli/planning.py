"""From what was asked to plans: by what the clouds say now, or by what a file has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capsule_cli.session import Session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.deployment import DeployPlan
    from capsule_domain.models.requirements import Requirements, Spread
    from capsule_domain.models.template import Offer, Region
    from capsule_domain.services.market import Market
    from capsule_domain.services.plan import Meant
    from capsule_domain.services.plan_profiles import Content

_CLOCK_SECONDS = 300.0
"""From here on a clock is wrong, not late."""


@dataclass(frozen=True)
class Order:
    """What was asked, checked as far as that goes without asking anybody else."""

    names: Sequence[str]
    wanted: "Requirements"
    profile: str | None = None
    tags: Sequence[str] = ()
    ttl: str | None = None
    spread: "Spread | None" = None
    force: bool = False


def plans_of(run: Session, order: Order) -> "tuple[DeployPlan, ...]":
    """A plan for each name, by what the clouds say now. Raises NoOfferFits, Conflict."""
    from capsule_cli.heard import offers_or_worst
    from capsule_domain.models.operating_system import OperatingSystem
    from capsule_domain.models.time_to_live import expiry
    from capsule_domain.services.ended import left_out
    from capsule_domain.services.place import placed, refuse_unknown_template
    from capsule_domain.services.plan import Meant, own_tags, plan_fleet
    from capsule_domain.services.room import room_at

    wiring, wanted = run.wiring, order.wanted
    _settle_ended(run, wanted.clouds, force=order.force)
    refuse_taken_names(run, order.names)
    profile = wiring.manage_profile().show(order.profile).profile.name
    expires_at = None if order.ttl is None else expiry(order.ttl, wiring.clock().now())
    market = wiring.market(*wanted.clouds)
    offers = offers_or_worst(run.out, market.ask(), wiring.clock().now())
    refuse_unknown_template(wanted.template, [*offers, *market.catalogue])
    ended = () if wanted.clouds else wiring.configured()
    os = wanted.os or OperatingSystem.STOCK
    meant = Meant(profile=profile, os=os, tags=own_tags(order.tags), expires_at=expires_at)
    return plan_fleet(
        order.names,
        offers,
        placed(wanted, regions_sold(run, wanted, market, offers)),
        wiring.rates(),
        spread=order.spread,
        left_out=left_out(ended, wiring.ended, market.catalogue),
        unfit=_unfit(run, order, offers, meant),
        room=room_at(wiring.provider),
        **meant,
    )


def _unfit(run: Session, order: Order, offers: "Sequence[Offer]", meant: "Meant") -> dict[str, str]:
    """The clouds that take no such names or tags, or cannot make a server what it shall be."""
    from capsule_domain.models.time_to_live import expiry_tag
    from capsule_domain.services.unfit import unfit_clouds

    expires_at = meant["expires_at"]
    return unfit_clouds(
        {
            name: run.wiring.provider(name).capabilities
            for name in dict.fromkeys(offer.provider for offer in offers)
        },
        names=order.names,
        tags=(*meant["tags"], *([expiry_tag(expires_at)] if expires_at else [])),
        os=meant["os"],
    )


def regions_sold(
    run: Session, wanted: "Requirements", market: "Market", offers: "Sequence[Offer]"
) -> "list[Region]":
    """The regions there are; for a continent the clouds are asked for their countries too."""
    from capsule_domain.models.continent import continent_named
    from capsule_domain.services.place import regions_of

    word = wanted.region
    told = market.regions() if word and continent_named(word) else ()
    return [*run.wiring.catalogue().regions(), *told, *regions_of(offers)]


def refuse_taken_names(run: Session, names: Sequence[str]) -> None:
    """Before anybody is asked. Raises Conflict."""
    from capsule_domain.services.taken import refuse_taken, refuse_unfinished

    for name in names:
        refuse_taken(name, run.wiring.inventory())
        refuse_unfinished(name, run.wiring.journal())


def _settle_ended(run: Session, clouds: Sequence[str], *, force: bool) -> None:
    """A cloud that has ended is rented from only by name and by force."""
    from capsule_domain.errors import UsageError
    from capsule_domain.services.ended import refuse_ended

    if force and not clouds:
        raise UsageError("--force is for one cloud", hint="add --provider")
    if not force:
        for cloud in clouds:
            refuse_ended(cloud, run.wiring.ended, run.wiring.providers())


def keep_plans(
    run: Session, plans: "Sequence[DeployPlan]", file: str, *, ssh_key: str | None
) -> None:
    """Write them to a file, and rent nothing."""
    from capsule_cli.plan_screen import paint_plans
    from capsule_domain.services.plan_file import sealed

    wiring = run.wiring
    plans = [plan.model_copy(update={"ssh_key": ssh_key}) for plan in plans]
    text = sealed(
        plans,
        told=told(run, plans, ssh_key),
        profiles=_profiles_of(run, plans),
        now=wiring.clock().now(),
    )
    where = wiring.plan_files().store(file, text)
    shown = plans[0] if len(plans) == 1 else plans

    def paint(screen: "Screen") -> None:
        paint_plans(screen, plans, wiring.rates())
        screen.success(f"the plan is in {where}; nothing was rented")
        screen.hint(f"capsule openmesh deploy --plan {where}")

    run.out.show(shown, paint)


def plans_in(
    run: Session, file: str, *, ssh_key: str | None, force: bool
) -> "Sequence[DeployPlan]":
    """What a file has, if nothing of it moved. Raises Conflict, ServiceEnded, NotFound.

    A cloud that has ended is not rented from without `force`, whatever made the file.
    """
    from capsule_domain.services.market import offers_heard
    from capsule_domain.services.plan_file import opened, still_true

    wiring = run.wiring
    kept = opened(wiring.plan_files().load(file), file)
    chosen = {plan.offer.provider for plan in kept.plans}
    others = {offer.provider for plan in kept.plans for offer in plan.fallbacks}
    _settle_ended(run, sorted(chosen | others), force=force)
    refuse_taken_names(run, [plan.name for plan in kept.plans])
    heard = wiring.market(*sorted(chosen), *sorted(others - chosen)).ask()
    for one in heard:
        if one.error and one.provider in chosen:
            raise one.error
    by_now = told(run, kept.plans, ssh_key or kept.plans[0].ssh_key)
    return still_true(
        kept,
        offers_heard(heard),
        told=by_now,
        profiles=_profiles_of(run, kept.plans),
        now=wiring.clock().now(),
    )


def _profiles_of(run: Session, plans: "Sequence[DeployPlan]") -> "dict[str, Content]":
    """What each of their profiles comes to now. Raises NotFound for one that is no more."""
    from capsule_domain.services.plan_profiles import content_of

    profiles = run.wiring.manage_profile()
    names = dict.fromkeys(plan.profile for plan in plans if plan.profile)
    return {name: content_of(profiles.show(name)) for name in names}


def told(run: Session, plans: "Sequence[DeployPlan]", ssh_key: str | None) -> str:
    """A hash of what the servers would be told now.

    Raises what their renting would for that reason: no owner for an Xnode, no Nix here, no
    such key file.
    """
    from capsule_domain.services.plan_file import told_hash

    wiring = run.wiring
    boot = wiring.deploy(lambda _event: None).rent.boot
    key = wiring.keys().deploy_key(chosen_key(run, ssh_key))
    return told_hash(plans, boot, lambda name: wiring.provider(name).capabilities, key)


def chosen_key(run: Session, ssh_key: str | None) -> str | None:
    """The key file that was named, else openmesh.yml's; None takes Capsule's own."""
    return ssh_key or run.wiring.choices().openmesh().ssh_key


def warn_of_clock(run: Session, cloud: str) -> None:
    """A clock that is wrong by minutes or hours: ages and ends are counted by it."""
    ahead = run.wiring.clock_ahead(cloud)
    if ahead is None or abs(ahead) < _CLOCK_SECONDS:
        return
    from capsule_cli.ages import span

    side = "behind" if ahead > 0 else "ahead of"
    run.out.warn(
        f"this clock is {span(abs(ahead))} {side} {cloud}'s: times to live are counted by it"
    )
    run.out.advise("capsule doctor")
