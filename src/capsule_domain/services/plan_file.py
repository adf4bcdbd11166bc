"""A plan kept in a file: sealed, opened again, and held against what is true by then."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import Field, SecretStr, ValidationError

from capsule_domain.errors import Conflict, UsageError
from capsule_domain.models.base import Model, Moment
from capsule_domain.models.deployment import DeployPlan
from capsule_domain.models.server import Capabilities
from capsule_domain.models.template import Offer, Stock
from capsule_domain.ports.host import DeployKey, HostKey
from capsule_domain.services.first_boot import PrepareBoot
from capsule_domain.services.plan import MOST_AT_ONCE
from capsule_domain.services.plan_profiles import Content, refuse_other_content
from capsule_domain.services.why_not import NO_STOCK

_AGAIN = "plan anew with --plan-out"
_NO_HOST_KEY = HostKey(private_openssh=SecretStr(""), public_openssh="")
"""It is made when a server is rented, and is all that is secret in what one is told."""


class KeptPlans(Model):
    """What a plan file holds. `told`: a hash of what the servers would be told, by then.

    `profiles`: what each of them comes to, by then.
    """

    version: int = Field(default=1, ge=1, le=1)
    made_at: Moment
    plans: tuple[DeployPlan, ...] = Field(min_length=1, max_length=MOST_AT_ONCE)
    told: str
    profiles: dict[str, Content]


def told_hash(
    plans: Iterable[DeployPlan],
    boot: PrepareBoot,
    capabilities: Callable[[str], Capabilities],
    key: DeployKey,
) -> str:
    """A hash of the public part of all that the servers are told at their first start."""
    parts = [key.public_openssh.split()[:2]]
    for plan in plans:
        start = boot.run(plan, capabilities(plan.offer.provider), key, _NO_HOST_KEY)
        parts.append([start.image or "", start.user_data.get_secret_value()])
    return _hash(parts)


def sealed(
    plans: Iterable[DeployPlan], *, told: str, profiles: Mapping[str, Content], now: datetime
) -> str:
    """The text of a plan file, with a hash by which a change of it is seen."""
    shown = [plan.model_copy(update={"rejected": (), "runners_up": ()}) for plan in plans]
    kept = KeptPlans(made_at=now, plans=tuple(shown), told=told, profiles={**profiles})
    body = kept.model_dump(mode="json")
    return json.dumps({**body, "sha256": _hash(body)}, ensure_ascii=False, indent=2) + "\n"


def opened(text: str, source: str) -> KeptPlans:
    """What `sealed` wrote. Raises Conflict when it was edited, UsageError when it is no plan."""
    no_plan = UsageError(f"{source} is no plan file", hint="deploy --plan-out FILE writes one")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise no_plan from error
    if not isinstance(body, dict) or "sha256" not in body or "plans" not in body:
        raise no_plan
    if body.pop("sha256") != _hash(body):
        raise Conflict(f"{source} was edited after it was written", hint=_AGAIN)
    try:
        return KeptPlans.model_validate(body)
    except ValidationError as error:
        raise UsageError(f"{source} is a plan of another Capsule", hint=_AGAIN) from error


def still_true(
    kept: KeptPlans,
    offers: Iterable[Offer],
    *,
    told: str,
    profiles: Mapping[str, Content],
    now: datetime,
) -> Sequence[DeployPlan]:
    """The plans, when nothing of them moved; a fallback that did is left out.

    `offers`, `told` and `profiles` are those of now. Raises Conflict with what moved.
    """
    refuse_other_content(kept.profiles, profiles, hint=_AGAIN)
    if told != kept.told:
        raise Conflict(
            "what the servers would be told is not what was planned: the SSH key, or openmesh.yml",
            hint=_AGAIN,
        )
    there = {_key(offer): offer for offer in offers}
    return [_still_true(plan, there, now) for plan in kept.plans]


_Key = tuple[str, str, str, str]


def _key(offer: Offer) -> _Key:
    return (offer.provider, offer.slug, offer.region, offer.template)


def _still_true(plan: DeployPlan, there: dict[_Key, Offer], now: datetime) -> DeployPlan:
    moved = _moved(plan.offer, there)
    if moved:
        offer = plan.offer
        what = f"{offer.template} in {offer.region} at {offer.provider}"
        raise Conflict(f"{what} {moved}", hint=_AGAIN)
    if plan.expires_at is not None and plan.expires_at <= now:
        raise Conflict(f"{plan.name} would have expired by now", hint=_AGAIN)
    kept = tuple(offer for offer in plan.fallbacks if not _moved(offer, there))
    return plan.model_copy(update={"fallbacks": kept})


def _moved(offer: Offer, there: dict[_Key, Offer]) -> str | None:
    """What is not as it was planned; None when all is."""
    now = there.get(_key(offer))
    if now is None:
        return "is not sold any more"
    if now.stock is Stock.NONE:
        return f"is {NO_STOCK} by now"
    if now.price_per_hour != offer.price_per_hour:
        return f"costs {now.price_per_hour} an hour now, not {offer.price_per_hour}"
    if now.price_per_month != offer.price_per_month:
        return f"costs {now.price_per_month} a month now, not {offer.price_per_month}"
    return None


def _hash(body: Any) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()
