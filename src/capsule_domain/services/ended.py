"""Clouds whose service has ended: what is there is looked after, nothing new is rented."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from capsule_domain.errors import ServiceEnded
from capsule_domain.models.deployment import RejectedOffer
from capsule_domain.models.template import Template
from capsule_domain.services.place import offers_of

Ended = Callable[[str], date | None]
"""The day on which a cloud's service ended, or None while it goes on."""


def still_going(clouds: Iterable[str], ended: Ended) -> Sequence[str]:
    """Those of `clouds` that go on."""
    return [name for name in clouds if ended(name) is None]


def refuse_ended(cloud: str, ended: Ended, clouds: Iterable[str]) -> None:
    """Raises ServiceEnded when nothing can be rented at `cloud`; `clouds` are all there are."""
    day = ended(cloud)
    if day is not None:
        raise ServiceEnded(cloud, day, still_going(clouds, ended))


def left_out(
    clouds: Iterable[str], ended: Ended, catalogue: Iterable[Template]
) -> Sequence[RejectedOffer]:
    """What those of `clouds` that ended used to sell, each with the day as its reason.

    They are not asked: most of what ended does not answer any more.
    """
    days = {name: day for name in clouds if (day := ended(name)) is not None}
    return [
        RejectedOffer(offer=offer, reason=f"{offer.provider} ended on {days[offer.provider]}")
        for template in catalogue
        if template.provider in days
        for offer in offers_of(template)
    ]
